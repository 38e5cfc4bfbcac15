namespace AutoStack.Data.Monitoring;

/// <summary>What changed between two looks. Counters that were reset between them are missing, never negative.</summary>
public sealed record StatsChange
{
    /// <summary>The time between the looks, in seconds.</summary>
    public required double Seconds { get; init; }

    /// <summary>
    /// Why counters are missing: a restart of the server, a reset of statistics, a failover; one sentence each. Empty when all count.
    /// </summary>
    public required IReadOnlyList<string> Resets { get; init; }

    /// <summary>The database and its server; null when a look lacks it, or its counters were reset.</summary>
    public required TotalsChange? Totals { get; init; }

    /// <summary>Checkpoints and WAL; null when a look lacks them, or their counters were reset.</summary>
    public required CheckpointChange? Checkpoints { get; init; }

    /// <summary>The tables that both looks have, in the order of the later.</summary>
    public required IReadOnlyList<TableChange> Tables { get; init; }

    /// <summary>The indexes that both looks have, in the order of the later.</summary>
    public required IReadOnlyList<IndexChange> Indexes { get; init; }

    /// <summary>The statements that ran between the looks; those that took the most time together come first.</summary>
    public required IReadOnlyList<StatementChange> Statements { get; init; }
}

/// <summary>What changed in the database.</summary>
/// <param name="Bytes">Growth in bytes; negative when it shrank, null when a look lacks the size.</param>
/// <param name="Commits">Transactions committed.</param>
/// <param name="Rollbacks">Transactions rolled back.</param>
/// <param name="Deadlocks">Deadlocks.</param>
/// <param name="TempBytes">Bytes in temporary files.</param>
/// <param name="HitRatio">The share of blocks found in shared buffers, 0 to 1; null when none was asked for.</param>
public sealed record TotalsChange(long? Bytes, long Commits, long Rollbacks, long Deadlocks, long TempBytes, double? HitRatio);

/// <summary>What the server wrote.</summary>
/// <param name="Timed">Checkpoints that began because their time was over.</param>
/// <param name="Requested">Checkpoints that began earlier.</param>
/// <param name="WalBytes">WAL, in bytes.</param>
public sealed record CheckpointChange(long Timed, long Requested, long WalBytes);

/// <summary>What changed in a table.</summary>
/// <param name="Schema">The schema.</param>
/// <param name="Name">The table.</param>
/// <param name="Bytes">Growth with indexes, in bytes; negative when it shrank, null when a look lacks the size.</param>
/// <param name="Inserted">Rows inserted; null when the counters were reset, as the three below.</param>
/// <param name="Updated">Rows updated.</param>
/// <param name="Deleted">Rows deleted.</param>
/// <param name="SequentialScans">Scans of the whole table.</param>
public sealed record TableChange(
    string Schema, string Name, long? Bytes, long? Inserted, long? Updated, long? Deleted, long? SequentialScans);

/// <summary>What changed in an index.</summary>
/// <param name="Schema">The schema.</param>
/// <param name="Name">The index.</param>
/// <param name="Bytes">Growth in bytes; negative when it shrank, null when a look lacks the size.</param>
/// <param name="Scans">Scans; null when the counters were reset.</param>
public sealed record IndexChange(string Schema, string Name, long? Bytes, long? Scans);

/// <summary>What a statement did.</summary>
/// <param name="QueryId">The id that the server computes from the parsed statement.</param>
/// <param name="Role">The role that ran it.</param>
/// <param name="Operation">The library's method that has the statement; null for a statement of others.</param>
/// <param name="Text">The statement; null when it is hidden.</param>
/// <param name="Calls">Executions.</param>
/// <param name="TotalMs">The time of these executions together, in milliseconds.</param>
public sealed record StatementChange(long QueryId, string Role, string? Operation, string? Text, long Calls, double TotalMs)
{
    /// <summary>The mean time of these executions, in milliseconds.</summary>
    public double MeanMs => TotalMs / Calls;
}
