using System.ComponentModel;
using System.Diagnostics;

namespace AutoStack.Data.LocalServer;

/// <summary>Runs other programs.</summary>
internal static class Shell
{
    private static readonly TimeSpan TimeLimit = TimeSpan.FromMinutes(5);

    /// <summary>Runs a program to its end.</summary>
    /// <returns>The exit code and the output; -1 and the reason when the program cannot be started or runs for over five minutes.</returns>
    public static async Task<(int ExitCode, string Output, string Error)> RunAsync(
        string program, IEnumerable<string> arguments, string? folder, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder ?? "",
        };
        using var process = new Process { StartInfo = start };
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(TimeLimit);
        try
        {
            process.Start();
            process.StandardInput.Close();
            var output = process.StandardOutput.ReadToEndAsync(limit.Token);
            var error = process.StandardError.ReadToEndAsync(limit.Token);
            await process.WaitForExitAsync(limit.Token).ConfigureAwait(false);
            return (process.ExitCode, await output.ConfigureAwait(false), await error.ConfigureAwait(false));
        }
        catch (Win32Exception exception)
        {
            return (-1, "", exception.Message);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            cancellationToken.ThrowIfCancellationRequested();
            return (-1, "", $"took longer than {TimeLimit.TotalMinutes:0} minutes");
        }
    }

    /// <summary>A command line for <c>sh</c> in which every argument is literal.</summary>
    public static string Quote(IEnumerable<string> arguments) =>
        string.Join(' ', arguments.Select(argument => $"'{argument.Replace("'", @"'\''", StringComparison.Ordinal)}'"));
}
