namespace AutoStack.Data.Partitions;

/// <summary>The partitions of logs and health checks.</summary>
/// <param name="Tables">The tables; all three, partitioned or not.</param>
/// <param name="ReadAt">The time of the database at which the state was read.</param>
public sealed record PartitionStatus(IReadOnlyList<PartitionedTable> Tables, DateTimeOffset ReadAt)
{
    /// <summary>True when the database has the feature <c>log-partitions</c>.</summary>
    public bool IsEnabled => Tables.Any(table => table.IsPartitioned);

    /// <summary>
    /// The days until the first table has no partition for new rows, which then go into the default partition; 0 afterwards, null without
    /// partitioned tables.
    /// </summary>
    public double? DaysAhead => Tables.Where(table => table.IsPartitioned).Min(table => table.DaysAhead);

    /// <summary>The jobs that compress health checks and sum them up; empty without the feature <c>timescale</c>.</summary>
    public IReadOnlyList<ChunkJob> Jobs { get; init; } = [];
}

/// <summary>One job of TimescaleDB.</summary>
/// <param name="Name">The procedure that it runs.</param>
/// <param name="SucceededAt">The end of the last run that succeeded; null when none did.</param>
public sealed record ChunkJob(string Name, DateTimeOffset? SucceededAt);

/// <summary>One table and its partitions.</summary>
/// <param name="Name">The table.</param>
/// <param name="IsPartitioned">False for a plain table.</param>
/// <param name="Partitions">The partitions by period, the default partition last; empty for a plain table.</param>
public sealed record PartitionedTable(string Name, bool IsPartitioned, IReadOnlyList<LogPartition> Partitions)
{
    /// <summary>The days until new rows have no partition; 0 afterwards, null for a plain table.</summary>
    public double? DaysAhead { get; init; }

    /// <summary>
    /// The time from which rows are refused, because partitions are reserved and not created: a run creates them now, or was interrupted.
    /// Null when nothing is reserved.
    /// </summary>
    public DateTimeOffset? RefusesFrom { get; init; }
}

/// <summary>One partition.</summary>
/// <param name="Name">The name of its table in the schema <c>autostack_partitions</c>.</param>
/// <param name="From">
/// The start of its period, at the latest the end of the year 9999; null for the default partition, and for the bound MINVALUE.
/// </param>
/// <param name="Until">
/// The end of its period, exclusive, at the latest the end of the year 9999; null for the default partition, and for the bound MAXVALUE.
/// </param>
/// <param name="Rows">The number of rows by the last ANALYZE or VACUUM; null when there was none yet.</param>
/// <param name="Bytes">The size on disk with indexes.</param>
public sealed record LogPartition(string Name, DateTimeOffset? From, DateTimeOffset? Until, long? Rows, long Bytes)
{
    /// <summary>True for the partition of the rows that belong to no period.</summary>
    public bool IsDefault => From is null && Until is null;

    /// <summary>
    /// The bounds themselves, which need not be the first ids of milliseconds; null when one is not there, and outside of the schema
    /// <c>autostack_partitions</c>.
    /// </summary>
    internal (Guid From, Guid Until)? Ids { get; init; }

    /// <summary>Whether it has a place, a start and an end: other partitions are never archived or dropped.</summary>
    internal bool IsBounded => Ids is not null;
}

/// <summary>The ids of the newest deployments.</summary>
/// <param name="Read">The number of deployments that were read: the newest 10,000, or all when there are fewer.</param>
/// <param name="Other">The number of those whose id is not a UUID of version 7. Their logs are in the default partition.</param>
public sealed record DeploymentIds(long Read, long Other);
