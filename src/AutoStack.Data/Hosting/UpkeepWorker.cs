using Microsoft.Extensions.Hosting;

namespace AutoStack.Data.Hosting;

/// <summary>
/// A hosted task that one process at a time runs: looks at an interval whether the task is due. Nothing that the database does ends it.
/// </summary>
internal abstract class UpkeepWorker(TimeSpan interval) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var claim = Guid.NewGuid();
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await LookAsync(claim, stoppingToken).ConfigureAwait(false);
                claim = Guid.NewGuid();
            }
#pragma warning disable CA1031 // No failure ends the worker. The next attempt has the lease that this one may have acquired.
            catch (Exception exception)
#pragma warning restore CA1031
            {
                if (!stoppingToken.IsCancellationRequested)
                {
                    Failed(exception);
                }
            }

            await Task.Delay(interval, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Runs the task when it is due and no other process holds its lease.</summary>
    /// <param name="claim">The key of the lease.</param>
    /// <param name="stopping">Stops the task.</param>
    protected abstract Task LookAsync(Guid claim, CancellationToken stopping);

    /// <summary>Logs a look that did not end.</summary>
    protected abstract void Failed(Exception exception);
}
