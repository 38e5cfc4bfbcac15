using System.Diagnostics;
using System.Text.Json;
using AutoStack.Data.Cli;
using AutoStack.Data.Cli.Bench;

namespace AutoStack.Data.Migrations.Tests.Support;

/// <summary>One run of the console in a working directory; without a connection no database is named.</summary>
internal sealed record ConsoleRun(int Code, string Output, string Error)
{
    /// <summary>Standard output, which must be exactly one JSON object.</summary>
    public JsonElement Json => JsonDocument.Parse(Output).RootElement;

    public static async Task<ConsoleRun> StartAsync(
        string[] args, string? directory = null, string? connection = null, string? answer = null, int? width = null,
        CancellationToken cancellationToken = default)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        using var input = new StringReader(answer ?? "");
        var host = new CliHost(output, error, input, name => name == "AUTOSTACK_CONNECTION" ? connection : null)
        {
            Directory = directory ?? Path.GetTempPath(),
            InputRedirected = answer is null,
            Width = width,
            BenchScale = new BenchScale { Users = 4, DeploymentsWithLog = 4, Second = TimeSpan.FromSeconds(0.2) },
        };
        var code = await AutoStackDb.RunAsync(args, host, cancellationToken);
        return new ConsoleRun(code, output.ToString(), error.ToString());
    }
}

/// <summary>The console in its own process, which can be killed.</summary>
internal sealed class ConsoleProcess : IDisposable
{
    private readonly Process process;
    private readonly Task<string> output;
    private readonly Task<string> error;

    private ConsoleProcess(Process process)
    {
        this.process = process;
        output = process.StandardOutput.ReadToEndAsync();
        error = process.StandardError.ReadToEndAsync();
    }

    public static ConsoleProcess Start(string connectionString, params string[] args)
    {
        var host = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") is { Length: > 0 } path ? path : "dotnet";
        var start = new ProcessStartInfo(host, ["exec", typeof(AutoStackDb).Assembly.Location, .. args])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["AUTOSTACK_CONNECTION"] = connectionString;
        var process = Process.Start(start)!;
        process.StandardInput.Close();
        return new ConsoleProcess(process);
    }

    public async Task<ConsoleRun> ToEndAsync(CancellationToken cancellationToken)
    {
        await process.WaitForExitAsync(cancellationToken);
        return new ConsoleRun(process.ExitCode, await output, await error);
    }

    /// <summary>Sends SIGKILL: the process cannot react and does not notify the server.</summary>
    public Task<ConsoleRun> KillAsync(CancellationToken cancellationToken)
    {
        process.Kill();
        return ToEndAsync(cancellationToken);
    }

    public void Dispose()
    {
        if (!process.HasExited)
        {
            process.Kill();
        }

        process.Dispose();
    }
}
