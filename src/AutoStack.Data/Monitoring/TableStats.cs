namespace AutoStack.Data.Monitoring;

/// <summary>A table. Numbers of rows are the server's estimates; counters count since the last reset of the statistics.</summary>
public sealed record TableStats
{
    /// <summary>The schema.</summary>
    public required string Schema { get; init; }

    /// <summary>The table.</summary>
    public required string Name { get; init; }

    /// <summary>
    /// Rows, free space map, toast and indexes together, in bytes; null while another session holds the table exclusively.
    /// </summary>
    public required long? TotalBytes { get; init; }

    /// <summary>The rows alone, in bytes; null as <see cref="TotalBytes"/>.</summary>
    public required long? HeapBytes { get; init; }

    /// <summary>Long values outside the rows, in bytes; 0 without any; null as <see cref="TotalBytes"/>.</summary>
    public required long? ToastBytes { get; init; }

    /// <summary>All indexes of the table, in bytes; null as <see cref="TotalBytes"/>.</summary>
    public required long? IndexBytes { get; init; }

    /// <summary>Estimated live rows.</summary>
    public required long LiveRows { get; init; }

    /// <summary>Estimated rows that are deleted or replaced and not yet removed by vacuum.</summary>
    public required long DeadRows { get; init; }

    /// <summary>
    /// Estimated bytes of the heap that hold neither rows nor what they need, from the average widths that ANALYZE found; it may be off by
    /// a fifth, and more with long values. Null without ANALYZE, or when the role may not read the columns.
    /// </summary>
    public required long? BloatBytes { get; init; }

    /// <summary>Rows inserted.</summary>
    public required long Inserted { get; init; }

    /// <summary>Rows updated.</summary>
    public required long Updated { get; init; }

    /// <summary>Of the updated rows, those that needed no new index entry.</summary>
    public required long HotUpdated { get; init; }

    /// <summary>Rows deleted.</summary>
    public required long Deleted { get; init; }

    /// <summary>Scans of the whole table.</summary>
    public required long SequentialScans { get; init; }

    /// <summary>Rows that scans of the whole table have read.</summary>
    public required long SequentialRows { get; init; }

    /// <summary>Scans of the table's indexes.</summary>
    public required long IndexScans { get; init; }

    /// <summary>Blocks of the heap found in shared buffers.</summary>
    public required long BlocksHit { get; init; }

    /// <summary>Blocks of the heap not found in shared buffers; the operating system may have had them.</summary>
    public required long BlocksRead { get; init; }

    /// <summary>The last vacuum, by hand or automatic; null for none since the statistics began.</summary>
    public required DateTimeOffset? LastVacuum { get; init; }

    /// <summary>The last ANALYZE, by hand or automatic; null for none since the statistics began.</summary>
    public required DateTimeOffset? LastAnalyze { get; init; }

    /// <summary>
    /// The age of the oldest transaction id in the table, in transactions; at two thousand million the server stops writes.
    /// </summary>
    public required long FreezeAge { get; init; }

    /// <summary>The share of blocks found in shared buffers, 0 to 1; null when none was asked for.</summary>
    public double? HitRatio => Share.Of(BlocksHit, BlocksRead);
}
