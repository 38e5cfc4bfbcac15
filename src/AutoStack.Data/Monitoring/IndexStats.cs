namespace AutoStack.Data.Monitoring;

/// <summary>An index. Counters count since the last reset of the statistics, on this server only: a standby counts its own.</summary>
public sealed record IndexStats
{
    /// <summary>The schema.</summary>
    public required string Schema { get; init; }

    /// <summary>The table.</summary>
    public required string Table { get; init; }

    /// <summary>The index.</summary>
    public required string Name { get; init; }

    /// <summary>The size in bytes; null while another session holds the index exclusively.</summary>
    public required long? Bytes { get; init; }

    /// <summary>
    /// Estimated bytes of a btree index that hold no entries, from the average widths that ANALYZE found. PostgreSQL stores equal values
    /// once; the estimate counts them for each row, so that an index of repeated values has more. Null for other kinds of indexes, without
    /// ANALYZE, or when the role may not read the columns.
    /// </summary>
    public long? BloatBytes { get; init; }

    /// <summary>Scans of the index.</summary>
    public required long Scans { get; init; }

    /// <summary>Entries that scans have returned.</summary>
    public required long Entries { get; init; }

    /// <summary>True when the index enforces that values are unique.</summary>
    public required bool IsUnique { get; init; }

    /// <summary>True when a primary key, a unique or an exclusion constraint needs the index.</summary>
    public required bool IsOfConstraint { get; init; }

    /// <summary>False after CREATE or REINDEX INDEX CONCURRENTLY failed: writes pay for the index, and no query uses it.</summary>
    public required bool IsValid { get; init; }

    /// <summary>
    /// An index of the same table whose first columns are this one's, with the same condition, so that it serves every query that this one
    /// serves; null for none. An index that enforces uniqueness is never a duplicate.
    /// </summary>
    public required string? CoveredBy { get; init; }

    /// <summary>True when no scan has used the index and nothing else needs it.</summary>
    public bool IsUnused => Scans == 0 && IsValid && !IsUnique && !IsOfConstraint;
}
