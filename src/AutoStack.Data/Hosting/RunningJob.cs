using AutoStack.Data.Deployments;
using AutoStack.Data.Logs;
using AutoStack.Data.Postgres;
using Microsoft.Extensions.Logging;

namespace AutoStack.Data.Hosting;

/// <summary>One build of a hosted worker: the heartbeat, the build, and the report of its outcome.</summary>
internal sealed partial class RunningJob(
    DeploymentJob job,
    IDeploymentLifecycle lifecycle,
    DeploymentJobLog log,
    Func<DeploymentJob, DeploymentJobLog, CancellationToken, Task<string?>> build,
    DeploymentWorkerOptions options,
    ILogger logger)
{
    /// <summary>What owners read of a failure that is not theirs to know.</summary>
    internal const string GeneralReason = "The build ended with an unexpected error.";

    private static readonly TimeSpan ShortestCall = TimeSpan.FromSeconds(1);

    /// <summary>The build, which may run longer than the job; completed while it has not started.</summary>
    public Task Build { get; private set; } = Task.CompletedTask;

    /// <summary>Runs the build to its end, or leaves it behind when it does not obey its token.</summary>
    /// <param name="deadline">Cancelled when the host waits no longer.</param>
    public async Task<JobEnd> RunAsync(CancellationToken deadline)
    {
        using var ended = new CancellationTokenSource();
        var heartbeat = BeatAsync(ended.Token);
        try
        {
            return await BuildAsync(deadline).ConfigureAwait(false);
        }
#pragma warning disable CA1031 // Whatever it is, the lease expires and another worker takes over.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            LogUnreported(logger, job.Deployment.Id, exception);
            return JobEnd.Abandoned;
        }
        finally
        {
            await ended.CancelAsync().ConfigureAwait(false);
            await heartbeat.ConfigureAwait(false);
        }
    }

    private async Task<JobEnd> BuildAsync(CancellationToken deadline)
    {
        string? url;
        try
        {
            job.Stopped.ThrowIfCancellationRequested();

            // Not inline: a build may block before its first await.
            var building = Task.Run(() => build(job, log, job.Stopped), CancellationToken.None);
            Build = building;
            url = await EndsAsync(building).ConfigureAwait(false)
                ? await building.ConfigureAwait(false)
                : throw new OperationCanceledException(job.Stopped);
        }
#pragma warning disable CA1031 // A build may throw anything.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            return await EndAsync(exception, deadline).ConfigureAwait(false);
        }

        await FlushAsync(deadline).ConfigureAwait(false);
        try
        {
            return await ReportAsync(token => SucceedAsync(url, token), JobEnd.Succeeded, deadline).ConfigureAwait(false);
        }
        catch (ArgumentException exception)
        {
            return await FailAsync("The address of the result cannot be stored.", exception, deadline).ConfigureAwait(false);
        }
    }

    // A build that does not end in time after its token was cancelled is left behind: its later steps and lines are refused.
    private async Task<bool> EndsAsync(Task building)
    {
        await Task.WhenAny(building, job.StopRequested).ConfigureAwait(false);
        await building.WaitAsync(options.StopTimeout, CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (building.IsCompleted)
        {
            return true;
        }

        Background.Forget(building);
        job.LeaveBehind();
        LogLeft(logger, job.Deployment.Id, options.StopTimeout.TotalSeconds);
        return false;
    }

    private async Task<JobEnd> EndAsync(Exception exception, CancellationToken deadline)
    {
        if (job.LeaseLost.IsCancellationRequested)
        {
            LogLost(logger, job.Deployment.Id);
            return JobEnd.LeaseLost;
        }

        if (job.CancelledByOwner.IsCancellationRequested)
        {
            LogCancelled(logger, job.Deployment.Id);
            return JobEnd.Cancelled;
        }

        if (job.Stopped.IsCancellationRequested)
        {
            await FlushAsync(deadline).ConfigureAwait(false);
            var end = await ReportAsync(token => lifecycle.ReleaseAsync(job.Claim, token), JobEnd.HandedBack, deadline)
                .ConfigureAwait(false);
            if (end == JobEnd.HandedBack)
            {
                LogHandedBack(logger, job.Deployment.Id);
            }

            return end;
        }

        // A call of the build to the database, beside those of the job, found it away: that says nothing about the build.
        if (exception is AutoStackDataException { IsTransient: true })
        {
            LogUnreported(logger, job.Deployment.Id, exception);
            return JobEnd.Abandoned;
        }

        return exception is DeploymentFailedException known
            ? await FailAsync(known.Message, known.InnerException, deadline).ConfigureAwait(false)
            : await FailAsync(GeneralReason, exception, deadline).ConfigureAwait(false);
    }

    private async Task<JobEnd> FailAsync(string reason, Exception? cause, CancellationToken deadline)
    {
        if (cause is not null)
        {
            LogFailed(logger, job.Deployment.Id, cause);
        }

        await log.WriteAsync(reason, DeploymentLogLevel.Error, deadline).ConfigureAwait(false);
        await FlushAsync(deadline).ConfigureAwait(false);
        return await ReportAsync(token => lifecycle.FailAsync(job.Claim, reason, token), JobEnd.Failed, deadline).ConfigureAwait(false);
    }

    // A build that reported no step has not left the first one.
    private async Task<TransitionOutcome> SucceedAsync(string? url, CancellationToken token)
    {
        var outcome = await lifecycle.SucceedAsync(job.Claim, url, token).ConfigureAwait(false);
        if (outcome != TransitionOutcome.OutOfOrder)
        {
            return outcome;
        }

        outcome = await lifecycle.AdvanceAsync(job.Claim, DeploymentStatus.Building, token).ConfigureAwait(false);
        return outcome.MayContinue() ? await lifecycle.SucceedAsync(job.Claim, url, token).ConfigureAwait(false) : outcome;
    }

    // The log comes first: a reader who sees the end of a deployment also finds its last line.
    private async Task FlushAsync(CancellationToken deadline)
    {
        if (await log.FlushAsync(deadline).ConfigureAwait(false) is { } refusal)
        {
            LogRefused(logger, job.Deployment.Id, refusal);
        }
    }

    private async Task<JobEnd> ReportAsync(
        Func<CancellationToken, Task<TransitionOutcome>> report, JobEnd end, CancellationToken deadline)
    {
        var outcome = await DeploymentJob.UntilAnsweredAsync(report, deadline).ConfigureAwait(false);
        job.Learn(outcome);
        if (outcome.MayContinue())
        {
            return end;
        }

        if (outcome == TransitionOutcome.LostLease)
        {
            LogLost(logger, job.Deployment.Id);
            return JobEnd.LeaseLost;
        }

        LogCancelled(logger, job.Deployment.Id);
        return outcome == TransitionOutcome.Superseded ? JobEnd.Superseded : JobEnd.Cancelled;
    }

    // A failed renewal is repeated soon: a lease that has expired meanwhile is renewed all the same, unless it was taken.
    private async Task BeatAsync(CancellationToken ended)
    {
        var delay = options.Heartbeat;
        while (true)
        {
            await Task.Delay(delay, ended).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (ended.IsCancellationRequested)
            {
                return;
            }

            try
            {
                using var call = CancellationTokenSource.CreateLinkedTokenSource(ended);
                call.CancelAfter(options.Lease / 3 > ShortestCall ? options.Lease / 3 : ShortestCall);
                var outcome = await lifecycle.RenewAsync(job.Claim, options.Lease, call.Token).ConfigureAwait(false);
                if (!ended.IsCancellationRequested)
                {
                    job.Learn(outcome);
                }

                if (!outcome.MayContinue())
                {
                    return;
                }

                delay = options.Heartbeat;
            }
#pragma warning disable CA1031 // The next renewal may succeed; without one, the lease expires.
            catch (Exception exception)
#pragma warning restore CA1031
            {
                if (!ended.IsCancellationRequested)
                {
                    LogNotRenewed(logger, job.Deployment.Id, exception);
                }

                delay = options.Heartbeat < ShortestCall ? options.Heartbeat : ShortestCall;
            }
        }
    }

    [LoggerMessage(20, LogLevel.Warning, "Deployment {DeploymentId}: another worker, or the queue, has it; this build does not count.")]
    private static partial void LogLost(ILogger logger, Guid deploymentId);

    [LoggerMessage(21, LogLevel.Information,
        "Deployment {DeploymentId}: ended by its owner or another program; this build does not count.")]
    private static partial void LogCancelled(ILogger logger, Guid deploymentId);

    [LoggerMessage(22, LogLevel.Information, "Deployment {DeploymentId}: returned to the queue, because the host stops.")]
    private static partial void LogHandedBack(ILogger logger, Guid deploymentId);

    [LoggerMessage(23, LogLevel.Error, "Deployment {DeploymentId}: the build failed.")]
    private static partial void LogFailed(ILogger logger, Guid deploymentId, Exception exception);

    [LoggerMessage(24, LogLevel.Error,
        "Deployment {DeploymentId}: its outcome was not reported; it is started again when its lease expires.")]
    private static partial void LogUnreported(ILogger logger, Guid deploymentId, Exception exception);

    [LoggerMessage(25, LogLevel.Warning, "Deployment {DeploymentId}: log lines were refused.")]
    private static partial void LogRefused(ILogger logger, Guid deploymentId, Exception exception);

    [LoggerMessage(26, LogLevel.Debug, "Deployment {DeploymentId}: its lease was not renewed; the renewal is repeated.")]
    private static partial void LogNotRenewed(ILogger logger, Guid deploymentId, Exception exception);

    [LoggerMessage(27, LogLevel.Warning,
        "Deployment {DeploymentId}: the build did not end within {Seconds} s after its token was cancelled, and is left behind.")]
    private static partial void LogLeft(ILogger logger, Guid deploymentId, double seconds);
}
