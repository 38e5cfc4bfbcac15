using System.Diagnostics;

namespace Quickstart;

/// <summary>A program that was started here. Disposing ends it, with all that it started.</summary>
internal sealed class ChildProcess : IAsyncDisposable
{
    private readonly Process process;
    private readonly Task reading;

    public ChildProcess(ProcessStartInfo start, Action<string> onLine)
    {
        process = Process.Start(start)!;
        process.StandardInput.Close();
        reading = Task.WhenAll(ReadAsync(process.StandardOutput, onLine), ReadAsync(process.StandardError, onLine));
    }

    public int Id => process.Id;

    public bool HasExited => process.HasExited;

    /// <summary>Waits for the end of the program and of its output.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> WaitAsync(CancellationToken cancellationToken)
    {
        await process.WaitForExitAsync(cancellationToken);
        await reading;
        return process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        process.Kill(entireProcessTree: true);

        // The pipes close when the last process that holds them is gone: nobody writes into the workspace any more.
        await reading;
        process.Dispose();
    }

    private static async Task ReadAsync(StreamReader reader, Action<string> onLine)
    {
        while (await reader.ReadLineAsync() is { } line)
        {
            onLine(line);
        }
    }
}
