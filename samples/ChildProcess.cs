using System.ComponentModel;
using System.Diagnostics;

namespace Samples;

/// <summary>A program that was started here. Disposing ends it, with all that it started.</summary>
internal sealed class ChildProcess : IAsyncDisposable
{
    /// <summary>A longer line goes on in the next one: a program that writes no line ends must not fill the memory.</summary>
    public const int MaxLineLength = 8192;

    private static readonly TimeSpan LastWords = TimeSpan.FromSeconds(5);

    private readonly Process process;
    private readonly string mark;
    private readonly Task reading;
    private readonly CancellationTokenSource outputEnds = new();

    /// <param name="start">The program.</param>
    /// <param name="mark">A <c>name=value</c> of its environment, by which processes are found that it has left behind.</param>
    /// <param name="onOutput">Takes a line of its standard output. The program waits while a line is being taken.</param>
    /// <param name="onError">Takes a line of its standard error.</param>
    public ChildProcess(ProcessStartInfo start, string mark, Func<string, Task> onOutput, Func<string, Task> onError)
    {
        this.mark = mark;
        process = Process.Start(start)!;
        process.StandardInput.Close();
        reading = Task.WhenAll(ReadAsync(process.StandardOutput, onOutput), ReadAsync(process.StandardError, onError));
    }

    public int Id => process.Id;

    public bool HasExited => process.HasExited;

    /// <summary>Waits for the end of the program and of its output.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> WaitAsync(CancellationToken cancellationToken)
    {
        await process.WaitForExitAsync(cancellationToken);

        // A program that it left behind keeps the pipes open; one that escapes may do so for ever. The lines that came are taken, however
        // long that takes.
        KillLeftovers();
        outputEnds.CancelAfter(LastWords);
        await reading.WaitAsync(cancellationToken);
        return process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        process.Kill(entireProcessTree: true);
        KillLeftovers();

        // The pipes close when the last process that holds them is gone: nobody writes into the workspace any more.
        await reading.WaitAsync(LastWords).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await outputEnds.CancelAsync();
        outputEnds.Dispose();
        process.Dispose();
    }

    // What has gone into the background has another parent by now, and still the environment that it was started with. A program that
    // cleans its environment escapes: only a container, or another user, ends that one too.
    private void KillLeftovers()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        foreach (var other in Process.GetProcesses())
        {
            using (other)
            {
                try
                {
                    if (File.ReadAllText($"/proc/{other.Id}/environ").Split('\0').Contains(mark, StringComparer.Ordinal))
                    {
                        other.Kill();
                    }
                }
                catch (Exception exception) when (exception
                    is IOException or UnauthorizedAccessException or InvalidOperationException or Win32Exception)
                {
                    // It has ended meanwhile, or is another user's.
                }
            }
        }
    }

    private async Task ReadAsync(StreamReader reader, Func<string, Task> onLine)
    {
        var line = new char[MaxLineLength];
        var length = 0;
        var buffer = new char[4096];
        while (await ReadAsync(reader, buffer) is > 0 and var read)
        {
            for (var i = 0; i < read; i++)
            {
                var character = buffer[i];
                if (character == '\n' || length == MaxLineLength)
                {
                    await onLine(new string(line, 0, length).TrimEnd('\r'));
                    length = 0;
                }

                if (character != '\n')
                {
                    line[length++] = character;
                }
            }
        }

        if (length > 0)
        {
            await onLine(new string(line, 0, length).TrimEnd('\r'));
        }
    }

    private async Task<int> ReadAsync(StreamReader reader, char[] buffer)
    {
        try
        {
            return await reader.ReadAsync(buffer, outputEnds.Token);
        }
        catch (OperationCanceledException)
        {
            return 0;
        }
    }
}
