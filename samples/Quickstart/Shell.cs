using System.ComponentModel;
using System.Diagnostics;

namespace Quickstart;

/// <summary>Starts other programs, in an environment that gives the same result on every machine.</summary>
internal sealed class Shell(Workspace workspace)
{
    /// <summary>Runs a program to its end; cancelled, it is killed with all that it started.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> RunAsync(
        string folder, string program, IReadOnlyCollection<string> arguments, Action<string> onLine, CancellationToken cancellationToken)
    {
        await using var process = Start(folder, program, arguments, onLine);
        return await process.WaitAsync(cancellationToken);
    }

    /// <summary>Runs a command line as a user typed it.</summary>
    /// <returns>The exit code.</returns>
    public Task<int> RunCommandAsync(string folder, string command, Action<string> onLine, CancellationToken cancellationToken) =>
        OperatingSystem.IsWindows()
            ? RunAsync(folder, "cmd.exe", ["/d", "/s", "/c", command], onLine, cancellationToken)
            : RunAsync(folder, "/bin/sh", ["-c", command], onLine, cancellationToken);

    /// <summary>Runs a program and returns what it wrote.</summary>
    public async Task<IReadOnlyList<string>> ReadAsync(string folder, string program, IReadOnlyCollection<string> arguments, CancellationToken cancellationToken)
    {
        var lines = new List<string>();
        var exitCode = await RunAsync(folder, program, arguments, line =>
        {
            lock (lines)
            {
                lines.Add(line);
            }
        }, cancellationToken);
        return exitCode == 0
            ? lines
            : throw new QuickstartException($"'{program} {string.Join(' ', arguments)}' ended with exit code {exitCode}: {string.Join(" | ", lines)}");
    }

    /// <summary>Starts a program; its lines come from either stream, in no order between the two.</summary>
    public ChildProcess Start(string folder, string program, IReadOnlyCollection<string> arguments, Action<string> onLine)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        Isolate(start.Environment);
        return new ChildProcess(start, onLine);
    }

    /// <summary>Sees that a program is there before anything depends on it.</summary>
    public async Task RequireAsync(string program, CancellationToken cancellationToken)
    {
        try
        {
            await ReadAsync(workspace.Folder(), program, ["--version"], cancellationToken);
        }
        catch (Win32Exception)
        {
            throw new QuickstartException($"{program} was not found: install it and put it on PATH.");
        }
    }

    private void Isolate(IDictionary<string, string?> environment)
    {
        // 'dotnet run' and Git hooks leave variables that point the next MSBuild or Git to their own files.
        foreach (var name in environment.Keys
            .Where(name => name.StartsWith("GIT_", StringComparison.OrdinalIgnoreCase) || name.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase))
            .ToList())
        {
            environment.Remove(name);
        }

        // A user's own configuration may ask for signatures, hooks or templates.
        environment["GIT_CONFIG_NOSYSTEM"] = "1";
        environment["GIT_CONFIG_GLOBAL"] = OperatingSystem.IsWindows() ? "NUL" : "/dev/null";
        environment["GIT_TERMINAL_PROMPT"] = "0";
        environment["LC_ALL"] = "C";

        // Plain English lines, and no build server that outlives the build.
        environment["DOTNET_CLI_UI_LANGUAGE"] = "en";
        environment["DOTNET_NOLOGO"] = "1";
        environment["DOTNET_CLI_USE_MSBUILD_SERVER"] = "0";
        environment["MSBUILDTERMINALLOGGER"] = "off";

        // What a killed process leaves in its temporary folder goes with the workspace.
        environment[OperatingSystem.IsWindows() ? "TEMP" : "TMPDIR"] = workspace.Folder("tmp");
    }
}
