using System.ComponentModel;
using System.Diagnostics;
using AutoStack.Data.Hosting;
using AutoStack.Data.Logs;
using Samples;

namespace Platform.Building;

/// <summary>
/// Runs the programs of a build, whose output is the log. A program gets an environment of its own, which has nothing of the platform's: a
/// build is a stranger's program, and would print a connection string that it finds.
/// </summary>
/// <remarks>
/// It still runs as the user of the platform. A real platform gives each build a container or a virtual machine, with a user, bounds and a
/// network of its own.
/// </remarks>
internal sealed class Command(string folder, DeploymentJobLog log)
{
    private const string Mark = "PLATFORM_COMMAND";
    private const int MaxLines = 100;
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(10);

    private static readonly string[] Inherited =
        ["PATH", "HOME", "TMPDIR", "DOTNET_ROOT", "SystemRoot", "windir", "ComSpec", "PATHEXT", "TEMP", "USERPROFILE"];

    /// <summary>Runs a command line as the owner typed it.</summary>
    /// <exception cref="DeploymentFailedException">It ended with another exit code than 0, or took too long.</exception>
    public Task RunLineAsync(string line, CancellationToken cancellationToken) => OperatingSystem.IsWindows()
        ? RunAsync("cmd.exe", ["/d", "/s", "/c", line], line, cancellationToken)
        : RunAsync("/bin/sh", ["-c", line], line, cancellationToken);

    /// <summary>Runs a program.</summary>
    /// <exception cref="DeploymentFailedException">
    /// It is not installed, ended with another exit code than 0, or took too long.
    /// </exception>
    public Task RunAsync(string program, string[] arguments, CancellationToken cancellationToken) =>
        RunAsync(program, arguments, $"{program} {string.Join(' ', arguments)}", cancellationToken);

    /// <summary>Runs a program and returns the first lines of its output, which are not logged; its errors are.</summary>
    /// <exception cref="DeploymentFailedException">As of <see cref="RunAsync(string, string[], CancellationToken)"/>.</exception>
    public async Task<IReadOnlyList<string>> ReadAsync(string program, string[] arguments, CancellationToken cancellationToken)
    {
        var lines = new List<string>();
        await RunAsync(program, arguments, $"{program} {string.Join(' ', arguments)}", line =>
        {
            if (lines.Count < MaxLines)
            {
                lines.Add(line);
            }

            return Task.CompletedTask;
        }, cancellationToken);
        return lines;
    }

    private async Task RunAsync(string program, string[] arguments, string shown, CancellationToken cancellationToken)
    {
        await log.WriteAsync($"$ {shown}", cancellationToken);
        await RunAsync(program, arguments, shown, line => LogAsync(line, cancellationToken), cancellationToken);
    }

    private async Task RunAsync(
        string program, string[] arguments, string shown, Func<string, Task> onOutput, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Limit);

        // Disposing it ends whatever it has started, however the wait ended.
        await using var process = Start(program, arguments, onOutput, line => LogAsync(line, cancellationToken));
        try
        {
            var exitCode = await process.WaitAsync(limit.Token);
            if (exitCode != 0)
            {
                throw new DeploymentFailedException($"'{shown}' ended with exit code {exitCode}.");
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new DeploymentFailedException($"'{shown}' took more than {Limit.TotalMinutes} minutes.");
        }
    }

    private ChildProcess Start(string program, string[] arguments, Func<string, Task> onOutput, Func<string, Task> onError)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var name in start.Environment.Keys.Except(Inherited, StringComparer.OrdinalIgnoreCase).ToList())
        {
            start.Environment.Remove(name);
        }

        // Git asks nobody for a password, and fetches by no program of the address's choice.
        start.Environment["GIT_TERMINAL_PROMPT"] = "0";
        start.Environment["GIT_ALLOW_PROTOCOL"] = "http:https:ssh";
        var mark = Guid.NewGuid().ToString("N");
        start.Environment[Mark] = mark;
        try
        {
            return new ChildProcess(start, $"{Mark}={mark}", onOutput, onError);
        }
        catch (Win32Exception exception)
        {
            throw new DeploymentFailedException($"The program '{program}' is not installed on the machine of the platform.", exception);
        }
    }

    private Task LogAsync(string line, CancellationToken cancellationToken) => log.WriteAsync(line, LevelOf(line), cancellationToken);

    // What a line says counts, not its stream: Git reports its progress on the stream of errors.
    private static DeploymentLogLevel LevelOf(string line) =>
        line.StartsWith("error:", StringComparison.OrdinalIgnoreCase) || line.StartsWith("fatal:", StringComparison.Ordinal)
            ? DeploymentLogLevel.Error
            : line.StartsWith("warning:", StringComparison.OrdinalIgnoreCase) ? DeploymentLogLevel.Warning
            : DeploymentLogLevel.Info;
}
