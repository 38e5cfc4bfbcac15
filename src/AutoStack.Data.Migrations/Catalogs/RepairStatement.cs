namespace AutoStack.Data.Migrations;

/// <summary>One statement that a check proposes, with its cost.</summary>
/// <param name="Sql">The statement, without a semicolon.</param>
/// <param name="Locks">The strongest lock that the statement takes on each table; empty when it locks no table.</param>
public sealed record RepairStatement(string Sql, IReadOnlyList<StatementLock> Locks)
{
    /// <summary>The <c>lock_timeout</c> of a statement that other sessions of the table queue behind.</summary>
    public const string ShortLockTimeout = MigrationStep.DefaultLockTimeout;

    /// <summary>True when the statement deletes data, or converts values without proof that they stay the same.</summary>
    public bool LosesData { get; init; }

    /// <summary>
    /// True when the database afterwards refuses less than before: a NOT NULL, a domain, a constraint or a unique index of another
    /// definition goes, a trigger calls another function or fires less often, or a function gets another body.
    /// </summary>
    public bool LosesSecurity { get; init; }

    /// <summary>False when PostgreSQL refuses the statement inside a transaction: an index is built or dropped concurrently.</summary>
    public bool Transactional { get; init; } = true;

    /// <summary>
    /// The <c>lock_timeout</c> to set before the statement. <c>0</c>, no limit, for a concurrent build, which waits for other transactions
    /// without blocking any.
    /// </summary>
    public string LockTimeout => Transactional ? ShortLockTimeout : "0";

    /// <summary>True when the statement loses neither data nor security.</summary>
    public bool IsSafe => !LosesData && !LosesSecurity;
}

/// <summary>A lock on a table, or on an index whose name changes.</summary>
/// <param name="Mode">The mode.</param>
/// <param name="Table">The name of the table; the name of an index follows the word <c>index</c>.</param>
public sealed record StatementLock(TableLockMode Mode, string Table)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Mode.Words()} on {Table}";
}

/// <summary>Why a check proposes no statement for a difference.</summary>
/// <param name="What">The obstacle in a sentence, and what removes it.</param>
/// <param name="Query">A query that lists the rows in the way; null when no rows are.</param>
public sealed record RepairObstacle(string What, string? Query = null);
