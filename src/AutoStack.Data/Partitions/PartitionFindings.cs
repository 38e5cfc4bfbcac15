using AutoStack.Data.Monitoring;

namespace AutoStack.Data.Partitions;

/// <summary>What should be otherwise with the partitions of logs.</summary>
public static class PartitionFindings
{
    /// <summary>The rule of a table whose partitions end soon.</summary>
    public const string AheadRule = "partitions-ahead";

    /// <summary>The rule of a table that refuses rows, or soon will, because a run was interrupted.</summary>
    public const string ReservedRule = "partitions-reserved";

    /// <summary>The rule of a job of TimescaleDB that has not succeeded for two days.</summary>
    public const string JobsRule = "timescale-jobs";

    /// <summary>The days ahead below which a table is reported.</summary>
    public const int FewDays = 7;

    // A run reserves what begins at least a day later, and takes an hour at most.
    private static readonly TimeSpan Soon = TimeSpan.FromHours(12);

    // The slower job runs twice a day.
    private static readonly TimeSpan Late = TimeSpan.FromDays(2);

    /// <summary>The rules.</summary>
    public static IReadOnlyList<string> Rules { get; } = [AheadRule, ReservedRule, JobsRule];

    /// <summary>
    /// Finds the tables whose partitions end within <see cref="FewDays"/>, or have ended, those that refuse rows within twelve hours, and
    /// the jobs of TimescaleDB that have not succeeded for two days.
    /// </summary>
    /// <param name="status">The state, from <see cref="IPartitionMaintenance.FindStatusAsync"/>.</param>
    /// <returns>The findings; empty without the features <c>log-partitions</c> and <c>timescale</c>.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="status"/> is null.</exception>
    public static IReadOnlyList<Finding> Of(PartitionStatus status)
    {
        ArgumentNullException.ThrowIfNull(status);
        return
        [
            .. from table in status.Tables
               where table.RefusesFrom - status.ReadAt < Soon
               select new Finding(
                   ReservedRule,
                   Severity.Error,
                   table.Name,
                   FormattableString.Invariant(
                       $"{table.Name} refuses rows with ids from {table.RefusesFrom:yyyy-MM-dd HH:mm} UTC on: a run was interrupted."))
               {
                   Cost = "Lines of logs and health checks are not stored.",
                   Mend = "Create the reserved partitions now, and have them created daily.",
                   Statement = "autostack-db partitions maintain",
               },
            .. from table in status.Tables
               where table.DaysAhead < FewDays
               select new Finding(
                   AheadRule,
                   table.DaysAhead > 0 ? Severity.Warning : Severity.Error,
                   table.Name,
                   table.DaysAhead > 0
                       ? FormattableString.Invariant($"The partitions of {table.Name} end in {table.DaysAhead:0.0} days.")
                       : $"{table.Name} has no partition for new rows.")
               {
                   Cost = "Rows without a partition go into the default partition and are purged one by one.",
                   Mend = "Create the next partitions now, and have them created daily.",
                   Statement = "autostack-db partitions maintain",
               },
            .. from job in status.Jobs
               where !(job.SucceededAt > status.ReadAt - Late)
               select new Finding(
                   JobsRule,
                   Severity.Warning,
                   "deployment_health_checks",
                   job.SucceededAt is { } time
                       ? FormattableString.Invariant($"The job {job.Name} last succeeded at {time:yyyy-MM-dd HH:mm} UTC.")
                       : $"The job {job.Name} has never succeeded.")
               {
                   Cost = "Old health checks are not compressed, or their hours are summed up when they are read.",
                   Mend = "Read timescaledb_information.job_errors; the server needs background workers, and their owner a login.",
               },
        ];
    }
}
