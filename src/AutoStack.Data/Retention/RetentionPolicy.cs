namespace AutoStack.Data.Retention;

/// <summary>
/// The ages at which rows are removed; null keeps them forever. An age is above zero, up to ten years. The rows that belong to a deployment
/// are removed with it, whatever their age.
/// </summary>
public sealed record RetentionPolicy
{
    /// <summary>The maximum of <see cref="BatchSize"/>.</summary>
    public const int MaxBatchSize = 1000;

    /// <summary>The maximum of <see cref="MaxBatches"/>.</summary>
    public const int MaxBatchCount = 1_000_000;

    /// <summary>
    /// Lines of builds, by timestamp: 90 days. A failed build is investigated within days; a quarter leaves room for comparisons.
    /// </summary>
    public TimeSpan? DeploymentLogs { get; init; } = TimeSpan.FromDays(90);

    /// <summary>
    /// Lines of containers, by timestamp: 14 days. One container can write 57,600 lines a day, and an incident is investigated immediately.
    /// </summary>
    public TimeSpan? RuntimeLogs { get; init; } = TimeSpan.FromDays(14);

    /// <summary>
    /// Health checks, by time: 30 days. Each container produces 1,440 a day, and a status page shows at most a month.
    /// </summary>
    public TimeSpan? HealthChecks { get; init; } = TimeSpan.FromDays(30);

    /// <summary>
    /// Deleted deployments, by the time of their end: 30 days, the age of backups. The time of the deletion is not stored: a deployment
    /// that ended earlier is removed by the first run after its deletion.
    /// </summary>
    public TimeSpan? DeletedDeployments { get; init; } = TimeSpan.FromDays(30);

    /// <summary>
    /// True (the default) removes sessions once they have expired; false keeps them forever. Expired tokens are refused in any case. A
    /// rotated session stays while a later session of its family is accepted.
    /// </summary>
    public bool ExpiredSessions { get; init; } = true;

    /// <summary>True (the default) removes counts of sign-in attempts once they have expired; false keeps them forever.</summary>
    public bool ExpiredSignInAttempts { get; init; } = true;

    /// <summary>Password resets, by the time of their expiry or use: 7 days, for questions about who requested a reset.</summary>
    public TimeSpan? PasswordResetTokens { get; init; } = TimeSpan.FromDays(7);

    /// <summary>
    /// Proofs of e-mail addresses, by the time of their expiry, use or end: 7 days, for questions about who changed an address.
    /// </summary>
    public TimeSpan? EmailVerificationTokens { get; init; } = TimeSpan.FromDays(7);

    /// <summary>
    /// Webhook payloads, by the time of receipt: 30 days. A provider sends a delivery again within days; afterwards it serves audits.
    /// </summary>
    public TimeSpan? WebhookPayloads { get; init; } = TimeSpan.FromDays(30);

    /// <summary>
    /// True (the default) removes the rows of the accounts that <c>IUserRepository.RemoveAsync</c> has closed: projects, deployments with
    /// their logs, and the account at last. False leaves them closed.
    /// </summary>
    public bool ClosedAccounts { get; init; } = true;

    /// <summary>
    /// The maximum number of rows that one transaction removes from a table: 1 to <see cref="MaxBatchSize"/>. Smaller batches hold their
    /// locks for a shorter time. Rows that belong to deleted deployments are removed by up to 1,000 rows per table.
    /// </summary>
    public int BatchSize { get; init; } = 1000;

    /// <summary>
    /// The maximum number of transactions per table and run: 1 to <see cref="MaxBatchCount"/>. The next run removes the rest.
    /// </summary>
    public int MaxBatches { get; init; } = 10_000;
}

/// <summary>The result of a run for one table.</summary>
/// <param name="Table">The table.</param>
/// <param name="Rows">
/// The number of rows removed, without rows of other tables that belonged to them; for <c>users</c> with them, since an account has many.
/// </param>
/// <param name="Batches">The number of transactions that removed rows.</param>
/// <param name="MoreLeft">
/// True when the run stopped at <see cref="RetentionPolicy.MaxBatches"/> or at an error, and old rows may be left.
/// </param>
public sealed record RetentionResult(string Table, long Rows, int Batches, bool MoreLeft)
{
    /// <summary>
    /// The number of partitions that were dropped whole, with rows that <see cref="Rows"/> does not count; 0 without the feature
    /// <c>log-partitions</c>.
    /// </summary>
    public int Partitions { get; init; }

    /// <summary>The error that ended the work on this table; null without an error. The run continues with the next table.</summary>
    public Exception? Failure { get; init; }
}

/// <summary>The number of rows that a run would remove from one table.</summary>
/// <param name="Table">The table.</param>
/// <param name="Rows">The number of rows.</param>
public sealed record RetentionCount(string Table, long Rows)
{
    /// <summary>
    /// The bytes of the rows and their index entries, by the table's average; null before the table's first ANALYZE or VACUUM, and for
    /// closed accounts, whose rows are of several tables. The space is free for new rows after a VACUUM; the files keep their size.
    /// </summary>
    public long? EstimatedBytes { get; init; }
}
