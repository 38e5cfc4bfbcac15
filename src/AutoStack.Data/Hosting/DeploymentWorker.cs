using AutoStack.Data.Deployments;
using AutoStack.Data.Logs;
using AutoStack.Data.Postgres;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace AutoStack.Data.Hosting;

/// <summary>
/// The hosted worker: claims deployments, builds up to <see cref="DeploymentWorkerOptions.Concurrency"/> at once, and takes expired leases
/// back. Nothing that the database does ends it; when the host stops, unfinished deployments go back to the queue.
/// </summary>
internal sealed partial class DeploymentWorker(
    DeploymentWorkerOptions options,
    Func<DeploymentJob, DeploymentJobLog, CancellationToken, Task<string?>> build,
    IServiceProvider services,
    object? key,
    ILogger logger) : BackgroundService
{
    private const int RequeueBatch = 100;

    private readonly IDeploymentLifecycle lifecycle = services.GetRequiredKeyedService<IDeploymentLifecycle>(key);
    private readonly IDeploymentQueueWatcher queue = services.GetRequiredKeyedService<IDeploymentQueueWatcher>(key);
    private readonly IDeploymentMaintenance maintenance = services.GetRequiredKeyedService<IDeploymentMaintenance>(key);
    private readonly IDeploymentLogWriter logs = services.GetRequiredKeyedService<IDeploymentLogWriter>(key);
    private readonly SemaphoreSlim slots = new(options.Concurrency);
    private readonly Wakeup turn = new();
    private readonly Outage claims = new(exception => LogAway(logger, exception), () => LogBack(logger));
    private readonly CancellationTokenSource stopBuilds = new();
    private readonly CancellationTokenSource deadline = new();

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        using var late = cancellationToken.Register(() => Background.Cancel(deadline));
        stopBuilds.CancelAfter(options.DrainTime);
        await base.StopAsync(cancellationToken).ConfigureAwait(false);
    }

    public override void Dispose()
    {
        base.Dispose();
        stopBuilds.Dispose();
        deadline.Dispose();
        slots.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var beside = Task.WhenAll(
            UntilStoppedAsync(WatchAsync, stoppingToken),
            UntilStoppedAsync(RequeueAsync, stoppingToken));
        await UntilStoppedAsync(ClaimAsync, stoppingToken).ConfigureAwait(false);
        await beside.ConfigureAwait(false);
        for (var i = 0; i < options.Concurrency; i++)
        {
            // Free when its build has ended.
            await slots.WaitAsync(CancellationToken.None).ConfigureAwait(false);
        }
    }

    // Whatever fails is begun again.
    private async Task UntilStoppedAsync(Func<CancellationToken, Task> work, CancellationToken stopping)
    {
        for (var failures = 0; !stopping.IsCancellationRequested; failures++)
        {
            try
            {
                await work(stopping).ConfigureAwait(false);
            }
#pragma warning disable CA1031 // No failure ends the worker.
            catch (Exception exception)
#pragma warning restore CA1031
            {
                if (!stopping.IsCancellationRequested)
                {
                    LogRepeats(logger, exception);
                    await Task.Delay(Backoff.Reconnect.Delay(failures), stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                }
            }
        }
    }

    private async Task WatchAsync(CancellationToken stopping)
    {
        await foreach (var _ in queue.WatchAsync(options.PollInterval, stopping).ConfigureAwait(false))
        {
            turn.Raise();
        }
    }

    private async Task ClaimAsync(CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            await slots.WaitAsync(stopping).ConfigureAwait(false);
            if (await ClaimNextAsync(stopping).ConfigureAwait(false) is { } claimed)
            {
                _ = Background.Run(() => FillSlotAsync(claimed, stopping));
                continue;
            }

            slots.Release();
            await turn.WaitAsync(options.PollInterval, TimeProvider.System, stopping).ConfigureAwait(false);
        }
    }

    // A slot claims its next deployment itself: one loop that claims for all slots would claim one deployment after the other.
    private async Task FillSlotAsync(ClaimedDeployment first, CancellationToken stopping)
    {
        for (ClaimedDeployment? claimed = first; claimed is not null;)
        {
            await RunAsync(claimed, stopping).ConfigureAwait(false);
            claimed = await ClaimNextAsync(stopping).ConfigureAwait(false);
            if (claimed is null)
            {
                slots.Release();
            }

            // A claim with limits skips the projects and users that another claim holds, which are free now.
            if (options.MaxPerProject is not null || options.MaxPerUser is not null)
            {
                turn.Raise();
            }
        }
    }

    // A claim is not cancelled: it may have been carried out, and its deployment then goes back to the queue. A claim that failed is
    // repeated with the same key, and returns the deployment that it may have claimed.
    private async Task<ClaimedDeployment?> ClaimNextAsync(CancellationToken stopping)
    {
        var key = Guid.NewGuid();
        for (var failures = 0; !stopping.IsCancellationRequested; failures++)
        {
            try
            {
                var claim = options.ToClaim(key, isNewKey: failures == 0);
                var claimed = await lifecycle.ClaimNextAsync(claim, CancellationToken.None).ConfigureAwait(false);
                claims.Succeeded();
                return claimed;
            }
#pragma warning disable CA1031 // No failure ends the worker.
            catch (Exception exception)
#pragma warning restore CA1031
            {
                claims.Failed(exception);
                await Task.Delay(Backoff.Reconnect.Delay(failures + 1), stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }

        return null;
    }

    private async Task RunAsync(ClaimedDeployment claimed, CancellationToken stopping)
    {
        WorkerMetrics.Started();
        var end = JobEnd.Abandoned;
        try
        {
            var scope = services.CreateAsyncScope();
            var job = new DeploymentJob(claimed, lifecycle, scope.ServiceProvider, stopBuilds.Token);
            var running = new RunningJob(job, lifecycle, new DeploymentJobLog(logs, job), build, options, logger);
            try
            {
                // The answer to a claim may come after the stop, which starts no build.
                if (stopping.IsCancellationRequested)
                {
                    job.Stop();
                }

                end = await running.RunAsync(deadline.Token).ConfigureAwait(false);
            }
            finally
            {
                // A build that was left behind keeps its services until it ends, but not its slot.
                var ending = EndScopeAsync(running.Build, job, scope);
                if (running.Build.IsCompleted)
                {
                    await ending.ConfigureAwait(false);
                }
                else
                {
                    Background.Forget(ending);
                }
            }
        }
#pragma warning disable CA1031 // The end of a scope, which is the host's code, may throw anything.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            LogRepeats(logger, exception);
        }
        finally
        {
            WorkerMetrics.Finished(end);
        }
    }

    private static async Task EndScopeAsync(Task build, DeploymentJob job, AsyncServiceScope scope)
    {
        await build.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        job.Dispose();
        await scope.DisposeAsync().ConfigureAwait(false);
    }

    // After a failure the database may have been away for longer than a lease: heartbeats come first.
    private async Task RequeueAsync(CancellationToken stopping)
    {
        while (true)
        {
            var delay = options.RequeueInterval;
            try
            {
                var (requeued, failed) = await maintenance.RequeueExpiredAsync(
                    options.MaxAttempts, RequeueBatch, stopping).ConfigureAwait(false);
                if (requeued.Count + failed.Count > 0)
                {
                    WorkerMetrics.TookBack(requeued.Count + failed.Count);
                    LogTookBack(logger, requeued.Count, failed.Count, options.MaxAttempts);
                }
            }
            catch (AutoStackDataException)
            {
                delay += options.Lease / 3;
            }

            await Task.Delay(delay, stopping).ConfigureAwait(false);
        }
    }

    [LoggerMessage(30, LogLevel.Warning, "Deployments cannot be claimed; the claim is repeated until the database answers.")]
    private static partial void LogAway(ILogger logger, Exception exception);

    [LoggerMessage(31, LogLevel.Information, "Deployments are claimed again.")]
    private static partial void LogBack(ILogger logger);

    [LoggerMessage(32, LogLevel.Warning,
        "Leases had expired: {Requeued} deployments are queued again, {Failed} have failed after {MaxAttempts} attempts.")]
    private static partial void LogTookBack(ILogger logger, int requeued, int failed, int maxAttempts);

    [LoggerMessage(33, LogLevel.Error, "A part of the worker failed, and is begun again.")]
    private static partial void LogRepeats(ILogger logger, Exception exception);
}
