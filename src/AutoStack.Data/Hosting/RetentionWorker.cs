using AutoStack.Data.Accounts;
using AutoStack.Data.Retention;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace AutoStack.Data.Hosting;

/// <summary>
/// The hosted retention: asks for the lease every minute, and runs when the schedule has a run due and no other process holds the lease.
/// The rows of closed accounts do not wait for the schedule.
/// </summary>
internal sealed partial class RetentionWorker(
    RetentionPolicy policy,
    UpkeepSchedule schedule,
    RetentionPacing pacing,
    TimeSpan interval,
    IServiceProvider services,
    object? key,
    ILogger logger) : UpkeepWorker(interval)
{
    /// <summary>The interval at which the schedule is looked at.</summary>
    internal static readonly TimeSpan LookInterval = TimeSpan.FromMinutes(1);

    private readonly IRetentionService retention = services.GetRequiredKeyedService<IRetentionService>(key);
    private readonly IPlatformUserRepository users = services.GetRequiredKeyedService<IPlatformUserRepository>(key);
    private IDisposable? metric;

    // Read by the metric on another thread: in milliseconds since 1970; 0 for none.
    private long lastSuccess;
    private bool saidLagIsHidden;

    public override void Dispose()
    {
        metric?.Dispose();
        base.Dispose();
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken)
    {
        metric = RetentionMetrics.Watch(() => Volatile.Read(ref lastSuccess) / 1000.0);
        return base.ExecuteAsync(stoppingToken);
    }

    protected override void Failed(Exception exception) => LogFailed(logger, exception);

    protected override async Task LookAsync(Guid claim, CancellationToken stopping)
    {
        var started = TimeProvider.System.GetTimestamp();
        var options = new RetentionRunOptions { Schedule = schedule, Pacing = pacing, Key = claim };
        var run = await retention.RunExclusiveAsync(policy, options, progress: null, stopping).ConfigureAwait(false);
        if (run.Outcome == RetentionRunOutcome.NotDue && policy.ClosedAccounts
            && await users.CountClosedAsync(stopping).ConfigureAwait(false) > 0)
        {
            options = options with { Schedule = null, Tables = ["users"] };
            run = await retention.RunExclusiveAsync(policy, options, progress: null, stopping).ConfigureAwait(false);
        }

        var elapsed = TimeProvider.System.GetElapsedTime(started);
        var state = run.State ?? await retention.FindStateAsync(stopping).ConfigureAwait(false);
        Volatile.Write(ref lastSuccess, state?.LastSucceededAt?.ToUnixTimeMilliseconds() ?? 0);
        if (run.LagIsHidden && !saidLagIsHidden)
        {
            saidLagIsHidden = true;
            LogLagIsHidden(logger);
        }

        switch (run.Outcome)
        {
            case RetentionRunOutcome.Completed or RetentionRunOutcome.Partial:
                LogDone(logger, run.Rows, elapsed.TotalSeconds, run.Outcome == RetentionRunOutcome.Partial ? " Old rows are left." : "");
                break;
            case RetentionRunOutcome.Failed:
                foreach (var result in run.Results.Where(result => result.Failure is not null))
                {
                    LogTableFailed(logger, result.Table, result.Rows, result.Failure);
                }

                break;
            case RetentionRunOutcome.LeaseLost:
                LogLost(logger, run.Rows);
                break;
        }
    }

    [LoggerMessage(50, LogLevel.Information, "Retention removed {Rows} rows in {Seconds:0.0} s.{Left}")]
    private static partial void LogDone(ILogger logger, long rows, double seconds, string left);

    [LoggerMessage(51, LogLevel.Error, "Retention failed for the table {Table}, after {Rows} rows; the next run continues.")]
    private static partial void LogTableFailed(ILogger logger, string table, long rows, Exception? exception);

    [LoggerMessage(52, LogLevel.Warning, "Retention stopped after {Rows} rows: another process has taken over its lease.")]
    private static partial void LogLost(ILogger logger, long rows);

    [LoggerMessage(53, LogLevel.Warning, "A run of retention did not start or did not end; it is tried again.")]
    private static partial void LogFailed(ILogger logger, Exception exception);

    [LoggerMessage(54, LogLevel.Warning,
        "Retention does not see the lag of standbys, and does not wait for them: GRANT pg_read_all_stats to its role.")]
    private static partial void LogLagIsHidden(ILogger logger);
}
