using System.Diagnostics;
using System.Globalization;
using AutoStack.Data.LocalServer;

namespace AutoStack.Data.FaultTests.Servers;

/// <summary>
/// A shell that starts servers of one folder, one after the other, while this process holds the other end of the shell's standard
/// input. The operating system closes that pipe however this process ends; the shell then ends the server and removes the folder.
/// </summary>
internal sealed class ServerShell : IAsyncDisposable
{
    private static readonly TimeSpan StopWait = TimeSpan.FromSeconds(20);

    private readonly string folder;
    private readonly Process process;

    private ServerShell(string folder, Process process) => (this.folder, this.process) = (folder, process);

    /// <summary>Prepares the folder.</summary>
    /// <param name="folder">The folder of the server, which the shell removes at its end.</param>
    /// <param name="prepare">A command for <c>sh</c> that prepares the folder.</param>
    /// <param name="serve">A command for <c>sh</c> that becomes the server.</param>
    /// <param name="prefix">What the command of the shell begins with, such as <see cref="SetSid"/>.</param>
    public static async Task<ServerShell> StartAsync(string folder, string prepare, string serve, IReadOnlyList<string> prefix)
    {
        string[] command = [.. prefix, "/bin/sh", "-c", Script(folder, prepare, serve)];
        var start = new ProcessStartInfo(command[0], command[1..]);
        start.RedirectStandardInput = true;
        start.RedirectStandardOutput = true;
        start.WorkingDirectory = folder;
        foreach (var variable in start.Environment.Keys.Where(name => name.StartsWith("PG", StringComparison.Ordinal)).ToList())
        {
            start.Environment.Remove(variable);
        }

        var shell = new ServerShell(folder, Process.Start(start)!);
        if (await shell.process.StandardOutput.ReadLineAsync() == "prepared")
        {
            return shell;
        }

        var log = shell.ReadLog();
        await shell.DisposeAsync();
        throw new UnusableException($"the preparation failed; its log ends: {log}");
    }

    /// <summary><c>setsid</c>, which keeps Ctrl-C from the server; empty when the machine does not have it.</summary>
    public static IReadOnlyList<string> SetSid(SearchPlaces places) => places.FindProgram("setsid") is { } path ? [path] : [];

    /// <summary>Starts a server and returns its process id.</summary>
    public async Task<int> ServeAsync(CancellationToken cancellationToken) =>
        int.Parse(await AskAsync("serve", cancellationToken), CultureInfo.InvariantCulture);

    /// <summary>Waits until the server has ended.</summary>
    public Task WaitAsync(CancellationToken cancellationToken) => AskAsync("wait", cancellationToken);

    /// <summary>The last lines in the log of the server.</summary>
    public string ReadLog()
    {
        try
        {
            return string.Join(" | ", File.ReadLines(LogFile(folder)).TakeLast(8).Select(line => line.Trim()));
        }
        catch (IOException)
        {
            return "";
        }
    }

    public async ValueTask DisposeAsync()
    {
        process.StandardInput.Close();
        using var limit = new CancellationTokenSource(StopWait);
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
        }

        process.Dispose();
    }

    private static string LogFile(string folder) => Path.Combine(folder, "log");

    private async Task<string> AskAsync(string question, CancellationToken cancellationToken)
    {
        await process.StandardInput.WriteLineAsync(question.AsMemory(), cancellationToken);
        await process.StandardInput.FlushAsync(cancellationToken);
        return await process.StandardOutput.ReadLineAsync(cancellationToken) ?? throw new UnusableException("the server's shell ended");
    }

    // SIGQUIT is repeated: a postmaster that is starting ignores it. SIGCONT comes first, because the server may be frozen.
    private static string Script(string folder, string prepare, string serve) => $$"""
        trap '' HUP INT QUIT TERM PIPE
        exec 2>/dev/null
        cd /
        folder={{Shell.Quote([folder])}}
        log={{Shell.Quote([LogFile(folder)])}}
        server=
        if { {{prepare}}; } >/dev/null 2>>"$log" </dev/null; then
            echo prepared
            while read -r line; do
                case $line in
                    serve) {{serve}} >>"$log" 2>&1 </dev/null & server=$!; echo $server ;;
                    wait) wait $server; server=; echo ended ;;
                esac
            done
        fi
        if [ -n "$server" ]; then
            tries=0
            while [ $tries -lt 100 ] && kill -CONT $server && [ "$(cut -d' ' -f3 /proc/$server/stat)" != Z ]; do
                if [ $((tries % 10)) = 0 ]; then kill -QUIT $server; fi
                tries=$((tries + 1))
                sleep 0.05
            done
            if [ $tries = 100 ]; then kill -KILL $server; fi
            wait $server
        fi
        umount "$folder"/*
        rm -rf "$folder"
        """;
}
