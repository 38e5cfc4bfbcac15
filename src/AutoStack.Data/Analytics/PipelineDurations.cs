using AutoStack.Data.Deployments;

namespace AutoStack.Data.Analytics;

/// <summary>The durations of a deployment and its stages.</summary>
public sealed record PipelineDurations
{
    /// <summary>The deployment.</summary>
    public required Guid DeploymentId { get; init; }

    /// <summary>The deployment's project.</summary>
    public required Guid ProjectId { get; init; }

    /// <summary>The status of the deployment.</summary>
    public required DeploymentStatus Status { get; init; }

    /// <summary>When the deployment was queued.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>
    /// The seconds from the start to the end of the deployment, or up to now while it runs; null before the start, and when the deployment
    /// has ended at an unknown time.
    /// </summary>
    public required double? DurationSeconds { get; init; }

    /// <summary>The stages in the order in which they started, at most 100; empty without stages.</summary>
    public required IReadOnlyList<StageDuration> Stages { get; init; }
}

/// <summary>The duration of a stage.</summary>
public sealed record StageDuration
{
    /// <summary>The step. Other writers also store <c>Success</c>, <c>Failed</c> and <c>Cancelled</c>, which take no time.</summary>
    public required StageName Name { get; init; }

    /// <summary>The status of the stage.</summary>
    public required StageStatus Status { get; init; }

    /// <summary>When the stage started; null while pending.</summary>
    public required DateTimeOffset? StartedAt { get; init; }

    /// <summary>When the stage ended; null before, and when the end was not recorded.</summary>
    public required DateTimeOffset? CompletedAt { get; init; }

    /// <summary>
    /// The seconds from the start to the end of the stage. A stage without an end lasts up to now while the deployment runs, afterwards to
    /// the deployment's end. Null before the start, and when the stage has ended at an unknown time. Never negative.
    /// </summary>
    public required double? DurationSeconds { get; init; }
}
