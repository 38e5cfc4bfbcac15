using System.Runtime.InteropServices;
using System.Text;

namespace AutoStack.Data.Cli;

/// <summary>The console as a process: its streams, its signals.</summary>
internal static class CliProcess
{
    public static async Task<int> RunAsync(IReadOnlyList<string> args)
    {
        if (OperatingSystem.IsWindows())
        {
            // The default code page of the console has no arrow.
            Console.OutputEncoding = Encoding.UTF8;
        }

        // The first signal stops after the running statement; a second one ends the process, and the server rolls back.
        using var stopping = new CancellationTokenSource();
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        return await AutoStackDb.RunAsync(args, CliHost.Process(), stopping.Token).ConfigureAwait(false);

        void Stop(PosixSignalContext signal)
        {
            signal.Cancel = !stopping.IsCancellationRequested;
            stopping.Cancel();
        }
    }
}
