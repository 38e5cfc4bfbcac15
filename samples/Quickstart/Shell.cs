using System.ComponentModel;
using System.Diagnostics;
using Samples;

namespace Quickstart;

/// <summary>
/// Starts other programs, in an environment that gives the same result on every machine and holds nothing of this process: a build is a
/// stranger's program, and a connection string in an environment variable would be its to print.
/// </summary>
/// <remarks>
/// A build still runs as the user who runs the sample, who can read this process's memory and files. A platform gives each build a
/// container or a virtual machine with a user of its own, bounds of memory, disk and processes, and a network from which it does not reach
/// the database.
/// </remarks>
internal sealed class Shell(Workspace workspace)
{
    private const string Mark = "QUICKSTART_STEP";

    // Where programs are, and what they need to start. Nothing else comes from this process.
    private static readonly string[] Inherited =
    [
        "PATH", "DOTNET_ROOT", "DOTNET_ROOT_X64", "DOTNET_ROOT_ARM64", "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT",
        "SystemRoot", "SystemDrive", "windir", "ComSpec", "PATHEXT", "ProgramFiles", "ProgramFiles(x86)", "ProgramData",
        "PROCESSOR_ARCHITECTURE", "NUMBER_OF_PROCESSORS",
    ];

    /// <summary>Runs a program to its end. Cancelled, or after its time, it is killed with all that it started.</summary>
    /// <returns>The exit code.</returns>
    /// <exception cref="StepFailedException">It did not end in time.</exception>
    public async Task<int> RunAsync(
        string folder,
        string program,
        IReadOnlyCollection<string> arguments,
        Action<string> onLine,
        TimeSpan limit,
        CancellationToken cancellationToken)
    {
        using var time = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        time.CancelAfter(limit);
        await using var process = Start(folder, program, arguments, onLine);
        try
        {
            return await process.WaitAsync(time.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new StepFailedException($"A program that takes more than {limit.TotalSeconds:N0} s is ended.");
        }
    }

    /// <summary>Runs a command line as a user typed it.</summary>
    /// <returns>The exit code.</returns>
    /// <exception cref="StepFailedException">It did not end in time.</exception>
    public Task<int> RunCommandAsync(
        string folder, string command, Action<string> onLine, TimeSpan limit, CancellationToken cancellationToken) =>
        OperatingSystem.IsWindows()
            ? RunAsync(folder, "cmd.exe", ["/d", "/s", "/c", command], onLine, limit, cancellationToken)
            : RunAsync(folder, "/bin/sh", ["-c", command], onLine, limit, cancellationToken);

    /// <summary>Runs a program and returns what it wrote.</summary>
    public async Task<IReadOnlyList<string>> ReadAsync(
        string folder, string program, IReadOnlyCollection<string> arguments, CancellationToken cancellationToken)
    {
        var lines = new List<string>();
        var exitCode = await RunAsync(folder, program, arguments, line =>
        {
            lock (lines)
            {
                lines.Add(line);
            }
        }, TimeSpan.FromMinutes(1), cancellationToken);
        return exitCode == 0
            ? lines
            : throw new QuickstartException(
                $"'{program} {string.Join(' ', arguments)}' ended with exit code {exitCode}: {string.Join(" | ", lines)}");
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
        var mark = Guid.NewGuid().ToString("N");
        Isolate(start.Environment, Path.GetFileName(folder));
        start.Environment[Mark] = mark;
        return new ChildProcess(start, $"{Mark}={mark}", Take, Take);

        Task Take(string line)
        {
            onLine(line);
            return Task.CompletedTask;
        }
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

    // One home and one temporary folder per deployment: nobody finds, or prepares, files of somebody else's build. They go with the
    // workspace.
    private void Isolate(IDictionary<string, string?> environment, string name)
    {
        foreach (var variable in environment.Keys.Where(key => !Inherited.Contains(key, StringComparer.OrdinalIgnoreCase)).ToList())
        {
            environment.Remove(variable);
        }

        var (home, temporary) = (workspace.Folder("homes", name), workspace.Folder("tmp", name));
        foreach (var variable in OperatingSystem.IsWindows() ? (string[])["USERPROFILE", "APPDATA", "LOCALAPPDATA"] : ["HOME"])
        {
            environment[variable] = home;
        }

        foreach (var variable in OperatingSystem.IsWindows() ? (string[])["TEMP", "TMP"] : ["TMPDIR"])
        {
            environment[variable] = temporary;
        }

        // Of the ways that Git knows to fetch, those that start no program of the address's choice.
        environment["GIT_ALLOW_PROTOCOL"] = "https:file";
        environment["GIT_CONFIG_NOSYSTEM"] = "1";
        environment["GIT_CONFIG_GLOBAL"] = OperatingSystem.IsWindows() ? "NUL" : "/dev/null";
        environment["GIT_TERMINAL_PROMPT"] = "0";
        environment["LC_ALL"] = "C";

        // Plain English lines, and no build server that outlives the build.
        environment["DOTNET_CLI_HOME"] = home;
        environment["DOTNET_CLI_UI_LANGUAGE"] = "en";
        environment["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1";
        environment["DOTNET_GENERATE_ASPNET_CERTIFICATE"] = "false";
        environment["DOTNET_NOLOGO"] = "1";
        environment["DOTNET_CLI_USE_MSBUILD_SERVER"] = "0";
        environment["MSBUILDTERMINALLOGGER"] = "off";
    }
}
