namespace AutoStack.Data.Monitoring;

/// <summary>One look at a database: what it holds and does, as far as the role may see it. A part that was not asked for is null.</summary>
public sealed record DatabaseStats
{
    /// <summary>The time of the look, by the server's clock.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>The server and database.</summary>
    public required ServerIdentity Server { get; init; }

    /// <summary>Transactions, cache, checkpoints, WAL.</summary>
    public DatabaseTotals? Totals { get; init; }

    /// <summary>The tables of the database, those of others included, the largest first.</summary>
    public IReadOnlyList<TableStats>? Tables { get; init; }

    /// <summary>The indexes of the database, the largest first.</summary>
    public IReadOnlyList<IndexStats>? Indexes { get; init; }

    /// <summary>The clients' sessions of the server.</summary>
    public IReadOnlyList<SessionStats>? Sessions { get; init; }

    /// <summary>The prepared transactions of the database.</summary>
    public IReadOnlyList<PreparedTransactionStats>? PreparedTransactions { get; init; }

    /// <summary>The statements that took the most time together, the first first.</summary>
    public IReadOnlyList<StatementStats>? Statements { get; init; }

    /// <summary>When the counters of <see cref="Statements"/> began; null when the extension does not say.</summary>
    public DateTimeOffset? StatementsResetAt { get; init; }

    /// <summary>Replication and archiving.</summary>
    public ReplicationStats? Replication { get; init; }

    /// <summary>The queue.</summary>
    public QueueStats? Queue { get; init; }

    /// <summary>What the role could not see, or the server did not answer in time; empty when nothing is missing.</summary>
    public required IReadOnlyList<NotVisible> NotVisible { get; init; }

    /// <summary>What has changed since an earlier look at the same database.</summary>
    /// <param name="earlier">The earlier look.</param>
    /// <returns>The growth and the differences of the counters, without those that were reset meanwhile.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="earlier"/> is null.</exception>
    /// <exception cref="ArgumentException">
    /// <paramref name="earlier"/> is a look at another database, or later than this one.
    /// </exception>
    public StatsChange Since(DatabaseStats earlier) => StatsComparison.Between(earlier, this);
}
