namespace AutoStack.Data.Deployments;

/// <summary>One step of a deployment.</summary>
public sealed record DeploymentStage
{
    /// <summary>The id.</summary>
    public required Guid Id { get; init; }

    /// <summary>The deployment.</summary>
    public required Guid DeploymentId { get; init; }

    /// <summary>Which step; once per deployment.</summary>
    public required StageName Name { get; init; }

    /// <summary>Where it stands.</summary>
    public required StageStatus Status { get; init; }

    /// <summary>When it was entered; null while pending, and when it was cancelled before.</summary>
    public required DateTimeOffset? StartedAt { get; init; }

    /// <summary>When it ended; null until then.</summary>
    public required DateTimeOffset? CompletedAt { get; init; }

    /// <summary>What went wrong; null unless it failed.</summary>
    public required string? ErrorMessage { get; init; }

    /// <summary>When the row was made.</summary>
    public required DateTimeOffset CreatedAt { get; init; }
}
