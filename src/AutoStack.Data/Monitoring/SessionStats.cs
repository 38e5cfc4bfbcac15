namespace AutoStack.Data.Monitoring;

/// <summary>
/// A session of the server. Of other roles' sessions, a role without <c>pg_read_all_stats</c> sees the first four members.
/// </summary>
public sealed record SessionStats
{
    /// <summary>The process id of the backend.</summary>
    public required int Pid { get; init; }

    /// <summary>The database; null for a session of none, as of replication.</summary>
    public required string? DatabaseName { get; init; }

    /// <summary>The role; null for none.</summary>
    public required string? Role { get; init; }

    /// <summary>The application name that the client has set; empty for none.</summary>
    public required string Application { get; init; }

    /// <summary>True when this role sees the session's state and statement.</summary>
    public required bool IsVisible { get; init; }

    /// <summary><c>active</c>, <c>idle</c>, <c>idle in transaction</c> and so on; null when it is hidden.</summary>
    public required string? State { get; init; }

    /// <summary>What the session waits for, as <c>Lock: tuple</c>; null for nothing.</summary>
    public required string? Wait { get; init; }

    /// <summary>The age of the transaction in seconds; null without one.</summary>
    public required double? TransactionSeconds { get; init; }

    /// <summary>How long the session has been in its state, in seconds; null when it is hidden.</summary>
    public required double? StateSeconds { get; init; }

    /// <summary>
    /// The age of the oldest snapshot or transaction id of the session, in transactions; vacuum keeps what was removed since. Null for
    /// none.
    /// </summary>
    public required long? XminAge { get; init; }

    /// <summary>
    /// The sessions that hold the lock that this one waits for; 0 stands for a prepared transaction. Empty when none does.
    /// </summary>
    public required IReadOnlyList<int> BlockedBy { get; init; }

    /// <summary>The statement, its first 1,000 characters with every literal replaced by <c>?</c>; null when it is hidden.</summary>
    public required string? Statement { get; init; }

    /// <summary>The library's method that has the statement, as <c>DeploymentQueue.ClaimNext</c>; null for a statement of others.</summary>
    public required string? Operation { get; init; }
}

/// <summary>A transaction of PREPARE TRANSACTION, which keeps its locks and its snapshot until it is ended.</summary>
/// <param name="Name">Its identifier.</param>
/// <param name="Role">The role that prepared it.</param>
/// <param name="Seconds">Its age in seconds.</param>
/// <param name="XminAge">Its age in transactions.</param>
public sealed record PreparedTransactionStats(string Name, string Role, double Seconds, long XminAge);
