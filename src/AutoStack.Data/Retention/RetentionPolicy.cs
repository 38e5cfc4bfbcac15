namespace AutoStack.Data.Retention;

/// <summary>
/// How long rows are kept; null keeps them for ever. An age is above zero, up to ten years. What a deployment is made of goes with it when
/// it is removed, whatever its own age.
/// </summary>
public sealed record RetentionPolicy
{
    /// <summary>
    /// Lines of builds, by their timestamp: 90 days. A failed build is looked into within days; a quarter leaves room for comparisons.
    /// </summary>
    public TimeSpan? DeploymentLogs { get; init; } = TimeSpan.FromDays(90);

    /// <summary>
    /// Lines of containers, by their timestamp: 14 days. One container can write 57 600 a day, and an incident is looked into at once.
    /// </summary>
    public TimeSpan? RuntimeLogs { get; init; } = TimeSpan.FromDays(14);

    /// <summary>
    /// Health checks, by their time: 30 days. Each container makes 1440 a day, and a status page shows a month at the most.
    /// </summary>
    public TimeSpan? HealthChecks { get; init; } = TimeSpan.FromDays(30);

    /// <summary>
    /// Deleted deployments, by when they ended: 30 days, as long as backups are kept. When one was deleted is not kept: one that ended
    /// longer ago goes with the next run after its deletion.
    /// </summary>
    public TimeSpan? DeletedDeployments { get; init; } = TimeSpan.FromDays(30);

    /// <summary>
    /// Whether sessions are removed once they have expired: they are. Their tokens are refused anyway; one that was exchanged stays while a
    /// later one of its sign-in is accepted. False keeps them for ever.
    /// </summary>
    public bool ExpiredSessions { get; init; } = true;

    /// <summary>Whether counts of attempts to sign in are removed once they are over: they are. False keeps them for ever.</summary>
    public bool ExpiredSignInAttempts { get; init; } = true;

    /// <summary>Password resets, by when they expired or were used: 7 days, for questions about who asked for one.</summary>
    public TimeSpan? PasswordResetTokens { get; init; } = TimeSpan.FromDays(7);

    /// <summary>
    /// Webhook payloads, by when they were received: 30 days. A provider sends a delivery again within days; after that it is for audits.
    /// </summary>
    public TimeSpan? WebhookPayloads { get; init; } = TimeSpan.FromDays(30);

    /// <summary>
    /// The number of rows that one transaction removes from a table at the most: 1 to 1000. Smaller ones hold their locks for a shorter
    /// time. What goes with deleted deployments goes by up to 1000 rows of a table.
    /// </summary>
    public int BatchSize { get; init; } = 1000;

    /// <summary>The number of transactions per table and run at the most: 1 to 1 000 000. What is left is for the next run.</summary>
    public int MaxBatches { get; init; } = 10_000;
}

/// <summary>What a run has removed from one table.</summary>
/// <param name="Table">The table.</param>
/// <param name="Rows">The number of rows, not counting those that went with them.</param>
/// <param name="Batches">The number of transactions that removed some.</param>
/// <param name="MoreLeft">
/// True when the run stopped at <see cref="RetentionPolicy.MaxBatches"/>, or at an error, and more may be left.
/// </param>
public sealed record RetentionResult(string Table, long Rows, int Batches, bool MoreLeft)
{
    /// <summary>The error that ended the work on this table, and not that on the next one; null when there was none.</summary>
    public Exception? Failure { get; init; }
}

/// <summary>What a run would remove from one table.</summary>
/// <param name="Table">The table.</param>
/// <param name="Rows">The number of rows.</param>
public sealed record RetentionCount(string Table, long Rows);
