using AutoStack.Data.Audit;
using AutoStack.Data.Retention;
using Microsoft.Extensions.Logging;

namespace AutoStack.Data.Hosting;

/// <summary>
/// The hosted upkeep of the audit log: reads its state at every look, so that the metric is up to date, and seals, creates and drops when
/// the schedule has a run due and no other process holds the lease.
/// </summary>
internal sealed partial class AuditWorker(
    UpkeepSchedule schedule, TimeSpan interval, IAuditMaintenance audit, UpkeepLeases leases, ILogger logger)
    : UpkeepWorker(interval)
{
    /// <summary>The name of the lease.</summary>
    internal const string LeaseName = "audit";

    /// <summary>The interval at which the schedule is looked at.</summary>
    internal static readonly TimeSpan LookInterval = TimeSpan.FromMinutes(5);

    protected override void Failed(Exception exception) => LogFailed(logger, exception);

    protected override async Task LookAsync(Guid claim, CancellationToken stopping)
    {
        if (!(await audit.FindStatusAsync(stopping).ConfigureAwait(false)).IsEnabled)
        {
            return;
        }

        var status = await leases.RunWhenDueAsync(schedule, claim, MaintainAsync, nameof(AuditWorker), stopping).ConfigureAwait(false);
        if (status is not null)
        {
            LogDone(logger, status.DaysAhead ?? 0);
        }

        async Task<(AuditStatus Result, long Rows)> MaintainAsync() => (await audit.MaintainAsync(stopping).ConfigureAwait(false), 0);
    }

    [LoggerMessage(61, LogLevel.Debug, "Maintained the audit log; it has partitions for {Days:0.0} more days.")]
    private static partial void LogDone(ILogger logger, double days);

    [LoggerMessage(62, LogLevel.Warning, "The maintenance of the audit log did not end; it is tried again.")]
    private static partial void LogFailed(ILogger logger, Exception exception);
}
