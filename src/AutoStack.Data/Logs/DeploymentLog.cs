namespace AutoStack.Data.Logs;

/// <summary>One line of a build's output.</summary>
public sealed record DeploymentLog
{
    /// <summary>The id.</summary>
    public required Guid Id { get; init; }

    /// <summary>The deployment.</summary>
    public required Guid DeploymentId { get; init; }

    /// <summary>When the line was written. For display; lines are ordered by <see cref="Seq"/>.</summary>
    public required DateTimeOffset Timestamp { get; init; }

    /// <summary>The severity; null when the row has none.</summary>
    public required DeploymentLogLevel? Level { get; init; }

    /// <summary>The text of the line.</summary>
    public required string Message { get; init; }

    /// <summary>When the line was stored.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>The number of the line in its deployment: 1, 2, 3, … in the order of commits.</summary>
    public required long Seq { get; init; }

    /// <summary>The place after this line: a reader or follower resumes there.</summary>
    public Cursor Cursor => Cursor.After(Seq);
}

/// <summary>A line to store.</summary>
public sealed record NewDeploymentLog
{
    /// <summary>The id, not the empty one; null to generate one. A line whose id the deployment already has is not stored again.</summary>
    public Guid? Id { get; init; }

    /// <summary>When the line was written; null for the present.</summary>
    public DateTimeOffset? Timestamp { get; init; }

    /// <summary>The severity; null to store none.</summary>
    public DeploymentLogLevel? Level { get; init; }

    /// <summary>The text of the line. U+0000 and unpaired surrogates, which PostgreSQL cannot store, become U+FFFD.</summary>
    public required string Message { get; init; }
}
