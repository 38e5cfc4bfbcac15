using AutoStack.Data.Deployments;

namespace AutoStack.Data.Analytics;

/// <summary>How long a deployment and its stages took.</summary>
public sealed record PipelineDurations
{
    /// <summary>The deployment.</summary>
    public required Guid DeploymentId { get; init; }

    /// <summary>Its project.</summary>
    public required Guid ProjectId { get; init; }

    /// <summary>Where it stands.</summary>
    public required DeploymentStatus Status { get; init; }

    /// <summary>When it was queued.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>
    /// Seconds from its start to its end, or up to now while it runs; null when it has not started, and when it is over and nobody knows
    /// since when.
    /// </summary>
    public required double? DurationSeconds { get; init; }

    /// <summary>Its stages in the order in which they were entered, 100 at the most; empty when it has none.</summary>
    public required IReadOnlyList<StageDuration> Stages { get; init; }
}

/// <summary>How long a stage took.</summary>
public sealed record StageDuration
{
    /// <summary>Which step. Other writers also note <c>Success</c>, <c>Failed</c> and <c>Cancelled</c>, which take no time.</summary>
    public required StageName Name { get; init; }

    /// <summary>Where it stands.</summary>
    public required StageStatus Status { get; init; }

    /// <summary>When it was entered; null while pending.</summary>
    public required DateTimeOffset? StartedAt { get; init; }

    /// <summary>When it ended; null until then, and when that was not noted.</summary>
    public required DateTimeOffset? CompletedAt { get; init; }

    /// <summary>
    /// Seconds from its start to its end. A stage without an end lasts up to now while the deployment runs, and to the deployment's end
    /// once that is over. Null when it has not started, and when it is over and nobody knows since when. Never negative.
    /// </summary>
    public required double? DurationSeconds { get; init; }
}
