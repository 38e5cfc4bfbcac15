using System.Diagnostics;
using AutoStack.Data.Tests.Support;

namespace AutoStack.Data.Platform.Tests.Pages;

/// <summary>The sample platform, as its reader runs it. It ends with this process, killed or not.</summary>
internal sealed class PlatformProcess : IAsyncDisposable
{
    private readonly Process process;

    private PlatformProcess(Process process, IReadOnlyList<string> greeting, string address) =>
        (this.process, Greeting, Address) = (process, greeting, address);

    /// <summary>The file of the program.</summary>
    public static string Program
    {
        get
        {
            var configuration = Path.GetFileName(
                Path.GetDirectoryName(TestContext.CurrentContext.TestDirectory.TrimEnd(Path.DirectorySeparatorChar)))!;
            return Path.Combine(SourceRoot.Path, "samples", "Platform", "bin", configuration, "net10.0", "Platform.dll");
        }
    }

    /// <summary>What it printed until its page could be opened.</summary>
    public IReadOnlyList<string> Greeting { get; }

    public string Address { get; }

    /// <param name="connectionString">The database; null for one of the server of the run, as the sample finds it.</param>
    /// <param name="path">The folders of programs; null for those of this process.</param>
    /// <param name="cancellationToken">Cancels the start.</param>
    /// <param name="temporary">The folder for temporary files; null for that of this process.</param>
    /// <param name="options">Further options.</param>
    public static async Task<PlatformProcess> StartAsync(
        string? connectionString, string? path, CancellationToken cancellationToken, string? temporary = null, params string[] options)
    {
        string[] database = connectionString is null ? [] : ["--connection", connectionString];
        string[] address = options.Contains("--urls") ? [] : ["--urls", "http://127.0.0.1:0"];
        var process = StartProcess(path, temporary, [.. address, .. database, .. options]);
        var greeting = new List<string>();
        while (await process.StandardOutput.ReadLineAsync(cancellationToken) is { } line)
        {
            greeting.Add(line);
            if (line.StartsWith("Open ", StringComparison.Ordinal))
            {
                // The pipe must not fill up.
                _ = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
                return new PlatformProcess(process, greeting, line["Open ".Length..].Trim());
            }
        }

        throw new InvalidOperationException($"The platform ended before its page could be opened: {string.Join(" | ", greeting)}");
    }

    /// <summary>Runs it with options that it refuses.</summary>
    /// <returns>The exit code, and the lines of its errors.</returns>
    public static async Task<(int ExitCode, string[] Errors)> RunAsync(string[] options, CancellationToken cancellationToken)
    {
        using var process = StartProcess(path: null, temporary: null, options, redirectErrors: true);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
            var errors = await process.StandardError.ReadToEndAsync(cancellationToken);
            await output;
            await process.WaitForExitAsync(cancellationToken);
            return (process.ExitCode, errors.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        }
        finally
        {
            process.Kill(entireProcessTree: true);
        }
    }

    /// <summary>Ends it as a loss of power does.</summary>
    public async Task KillAsync()
    {
        process.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
    }

    /// <summary>Stops it as a service manager does; a shell has its background jobs ignore Ctrl+C.</summary>
    public async ValueTask DisposeAsync()
    {
        using var kill = Process.Start("kill", ["-TERM", $"{process.Id}"]);
        await kill.WaitForExitAsync();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException("The platform did not stop within 20 s.");
        }
        finally
        {
            process.Dispose();
        }
    }

    private static Process StartProcess(string? path, string? temporary, string[] options, bool redirectErrors = false)
    {
        var start = new ProcessStartInfo(
            Environment.ProcessPath is { } self && Path.GetFileName(self) == "dotnet" ? self : "dotnet", [Program, .. options])
        {
            RedirectStandardOutput = true,
            RedirectStandardInput = true,
            RedirectStandardError = redirectErrors,
            Environment = { ["AUTOSTACK_TEST_POSTGRES"] = TestServer.Current.ConnectionString },
        };
        if (path is not null)
        {
            start.Environment["PATH"] = path;
        }

        if (temporary is not null)
        {
            start.Environment["TMPDIR"] = temporary;
        }

        return Process.Start(start)!;
    }
}
