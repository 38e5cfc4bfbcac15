using AutoStack.Data.Logs;

namespace AutoStack.Data.Deployments;

/// <summary>One step of a deployment.</summary>
public sealed record DeploymentStage
{
    /// <summary>The maximum length of an error, in characters.</summary>
    public const int MaxErrorLength = 10_000;

    /// <summary>The length to which <see cref="IDeploymentStageRepository.ListByDeploymentsAsync"/> cuts errors, in characters.</summary>
    public const int MaxListErrorLength = 500;

    /// <summary>The id.</summary>
    public required Guid Id { get; init; }

    /// <summary>The deployment.</summary>
    public required Guid DeploymentId { get; init; }

    /// <summary>The step; a deployment has at most one stage of each name.</summary>
    public required StageName Name { get; init; }

    /// <summary>The status.</summary>
    public required StageStatus Status { get; init; }

    /// <summary>The start; null while pending, and when the stage was cancelled before it was started.</summary>
    public required DateTimeOffset? StartedAt { get; init; }

    /// <summary>The end; null until the stage ends.</summary>
    public required DateTimeOffset? CompletedAt { get; init; }

    /// <summary>The error; null unless the stage failed.</summary>
    public required string? ErrorMessage { get; init; }

    /// <summary>The time at which the row was created.</summary>
    public required DateTimeOffset CreatedAt { get; init; }
}

/// <summary>A new status of a stage.</summary>
public sealed record StageChange
{
    /// <summary>The stage.</summary>
    public required StageName Name { get; init; }

    /// <summary>The new status.</summary>
    public required StageStatus Status { get; init; }

    /// <summary>
    /// The error of a stage that failed, for people to read; null when the error is not known, and for every other status.
    /// <see cref="ILogSecrets"/> masks it; an error longer than <see cref="DeploymentStage.MaxErrorLength"/> characters is cut, with a mark
    /// at the end.
    /// </summary>
    public string? ErrorMessage { get; init; }
}
