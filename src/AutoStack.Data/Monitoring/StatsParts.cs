namespace AutoStack.Data.Monitoring;

/// <summary>The parts of a look at a database.</summary>
[Flags]
public enum StatsParts
{
    /// <summary>No part besides the server's identity.</summary>
    None = 0,

    /// <summary>Transactions, deadlocks, cache, temporary files, checkpoints, WAL.</summary>
    Totals = 1,

    /// <summary>Sizes, rows, bloat, vacuum and freeze age of tables.</summary>
    Tables = 2,

    /// <summary>Sizes and use of indexes.</summary>
    Indexes = 4,

    /// <summary>Sessions, who blocks whom, prepared transactions.</summary>
    Sessions = 8,

    /// <summary>The statements of <c>pg_stat_statements</c>.</summary>
    Statements = 16,

    /// <summary>Replication slots, standbys, the archiver.</summary>
    Replication = 32,

    /// <summary>The queue of deployments, leases, log lines per day.</summary>
    Queue = 64,

    /// <summary>Every part.</summary>
    All = Totals | Tables | Indexes | Sessions | Statements | Replication | Queue,
}
