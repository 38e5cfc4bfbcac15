using AutoStack.Data.Partitions;
using AutoStack.Data.Retention;
using Microsoft.Extensions.Logging;

namespace AutoStack.Data.Hosting;

/// <summary>
/// The hosted maintenance of partitions: reads their state at every look, so that the metric is up to date, and creates the next periods
/// when the schedule has a run due and no other process holds the lease.
/// </summary>
internal sealed partial class PartitionWorker(
    UpkeepSchedule schedule, TimeSpan interval, IPartitionMaintenance partitions, UpkeepLeases leases, ILogger logger)
    : UpkeepWorker(interval)
{
    /// <summary>The name of the lease.</summary>
    internal const string LeaseName = "log-partitions";

    /// <summary>The interval at which the schedule is looked at.</summary>
    internal static readonly TimeSpan LookInterval = TimeSpan.FromMinutes(5);

    protected override void Failed(Exception exception) => LogFailed(logger, exception);

    protected override async Task LookAsync(Guid claim, CancellationToken stopping)
    {
        var before = await partitions.FindStatusAsync(stopping).ConfigureAwait(false);
        if (!before.IsEnabled)
        {
            return;
        }

        var after = await leases.RunWhenDueAsync(schedule, claim, MaintainAsync, nameof(PartitionWorker), stopping).ConfigureAwait(false);
        if (after is not null)
        {
            LogDone(logger, Created(after), after.DaysAhead ?? 0);
        }

        async Task<(PartitionStatus Result, long Rows)> MaintainAsync()
        {
            var status = await partitions.MaintainAsync(stopping).ConfigureAwait(false);
            return (status, Created(status));
        }

        int Created(PartitionStatus status) => Count(status) - Count(before);
    }

    private static int Count(PartitionStatus status) => status.Tables.Sum(table => table.Partitions.Count);

    [LoggerMessage(55, LogLevel.Information, "Created {Partitions} partitions of logs; there are partitions for {Days:0.0} more days.")]
    private static partial void LogDone(ILogger logger, int partitions, double days);

    [LoggerMessage(56, LogLevel.Warning, "The maintenance of partitions did not end; it is tried again.")]
    private static partial void LogFailed(ILogger logger, Exception exception);
}
