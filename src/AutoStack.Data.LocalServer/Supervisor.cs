using System.Diagnostics;
using System.Runtime.InteropServices;

namespace AutoStack.Data.LocalServer;

/// <summary>
/// A shell that runs a server while this process holds the other end of the shell's standard input. The operating system closes that pipe
/// however this process ends, so that no server and no folder stays behind.
/// </summary>
internal sealed class Supervisor : IAsyncDisposable
{
    private static readonly TimeSpan StopWait = TimeSpan.FromSeconds(20);

    private readonly string folder;
    private readonly Process process;
    private readonly GCHandle root;
    private int disposed;

    private Supervisor(string folder, Process process)
    {
        this.folder = folder;
        this.process = process;
        Ended = process.StandardOutput.ReadLineAsync();

        // A collected pipe is closed: without this root, the server would end while its databases are still in use.
        root = GCHandle.Alloc(this);
    }

    /// <summary>Completes when the server has ended.</summary>
    public Task Ended { get; }

    /// <summary>Starts a server.</summary>
    /// <param name="folder">The folder of the server; the shell removes it at the end.</param>
    /// <param name="prepare">A command for <c>sh</c> that creates the data folder.</param>
    /// <param name="serve">A command for <c>sh</c> that becomes the postmaster.</param>
    /// <param name="setSid">The path of <c>setsid</c>; null when the machine does not have it.</param>
    public static Supervisor Start(string folder, string prepare, string serve, string? setSid)
    {
        // Ctrl-C in a terminal goes to the whole process group. A server in a session of its own does not get the signal and ends with the
        // pipe. Without setsid the postmaster gets the signal and ends; the shell ignores the signal and cleans up.
        string[] command = ["/bin/sh", "-c", Script(folder, prepare, serve)];
        var start = setSid is null ? new ProcessStartInfo(command[0], command[1..]) : new ProcessStartInfo(setSid, command);
        start.RedirectStandardInput = true;
        start.RedirectStandardOutput = true;
        start.WorkingDirectory = folder;
        foreach (var variable in start.Environment.Keys.Where(name => name.StartsWith("PG", StringComparison.Ordinal)).ToList())
        {
            start.Environment.Remove(variable);
        }

        return new Supervisor(folder, Process.Start(start)!);
    }

    /// <summary>The last lines in the log of the server or of its preparation.</summary>
    public string ReadLog()
    {
        try
        {
            var lines = File.ReadLines(LogFile(folder)).TakeLast(8).Select(line => line.Trim()).Where(line => line.Length > 0);
            return string.Join(" | ", lines);
        }
        catch (IOException)
        {
            return "";
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref disposed, 1) != 0)
        {
            return;
        }

        process.StandardInput.Close();
        using var limit = new CancellationTokenSource(StopWait);
        try
        {
            await process.WaitForExitAsync(limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
        }

        process.Dispose();
        root.Free();
    }

    private static string LogFile(string folder) => Path.Combine(folder, "log");

    // The signal is repeated: a postmaster that is starting ignores it. SIGINT is a fast shutdown, SIGQUIT an immediate one. The shell ends
    // the process that sends it as soon as the server has ended: the number of the server may then be that of any other process.
    private static string Script(string folder, string prepare, string serve) => $$"""
        trap '' HUP INT QUIT TERM PIPE
        exec 3<&0 </dev/null 2>/dev/null
        cd /
        folder={{Shell.Quote([folder])}}
        log={{Shell.Quote([LogFile(folder)])}}
        if { {{prepare}}; } >/dev/null 2>>"$log"; then
            {{serve}} >>"$log" 2>&1 3<&- &
            server=$!
            (
                read -r line <&3
                tries=0
                while :; do
                    if [ $tries -lt 50 ]; then signal=INT; elif [ $tries -lt 100 ]; then signal=QUIT; else signal=KILL; fi
                    kill -$signal $server
                    tries=$((tries + 1))
                    sleep 0.1
                done
            ) >/dev/null &
            stopper=$!
            wait $server
            kill -KILL $stopper
            wait $stopper
        fi
        echo ended
        read -r line <&3
        wait
        rm -rf "$folder"
        """;
}
