using System.Diagnostics;
using System.Globalization;
using AutoStack.Data.FaultTests.Ledgers;
using AutoStack.Data.FaultTests.Sites;
using AutoStack.Data.LocalServer;

namespace AutoStack.Data.FaultTests.Workload;

/// <summary>A service that is a process of its own. What it says of its lines goes into the ledger.</summary>
internal sealed class ServiceProcess : IAsyncDisposable
{
    private readonly Process process;
    private readonly Ledger ledger;
    private readonly Task reading;

    private ServiceProcess(Process process, Ledger ledger)
    {
        (this.process, this.ledger) = (process, ledger);
        reading = ReadAsync();
    }

    public static ServiceProcess Start(Site site, Ledger ledger, string name, TimeSpan lease) => new(
        Process.Start(new ProcessStartInfo(
            "dotnet",
            [typeof(ServiceProgram).Assembly.Location, name, lease.TotalSeconds.ToString(CultureInfo.InvariantCulture)])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            Environment = { [ServiceProgram.Variable] = site.ConnectionStringOf(Service.Prefix + name) },
        })!,
        ledger);

    /// <summary>Ends the process with SIGKILL; returns when its output is read.</summary>
    public async Task KillAsync(CancellationToken cancellationToken)
    {
        process.Kill();
        await process.WaitForExitAsync(cancellationToken);
        await reading;
    }

    /// <summary>Ends the process with SIGTERM; returns its exit code when its output is read.</summary>
    public async Task<int> TerminateAsync(CancellationToken cancellationToken)
    {
        await Shell.RunAsync(
            "kill", ["-TERM", process.Id.ToString(CultureInfo.InvariantCulture)], folder: null, cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        await reading;
        return process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
        {
            await KillAsync(CancellationToken.None);
        }

        process.Dispose();
    }

    private async Task ReadAsync()
    {
        while (await process.StandardOutput.ReadLineAsync() is { } line)
        {
            // A killed process may have written a part of its last line.
            if (line.Split('|') is not [var verb, var id, var writer, var text]
                || !int.TryParse(text, CultureInfo.InvariantCulture, out var number))
            {
                continue;
            }

            var count = ledger.Lines.GetOrAdd((Guid.Parse(id), writer), _ => new LineCount());
            if (verb == ServiceProgram.Flushed)
            {
                count.Flushed = number;
            }
            else
            {
                count.Written = number;
            }
        }
    }
}
