using AutoStack.Data.Containers;
using AutoStack.Data.HealthChecks;
using AutoStack.Data.Logs;
using AutoStack.Data.Projects;

namespace AutoStack.Data.Deployments;

/// <summary>One build and run of a project. The environment variables are not part of it.</summary>
public sealed record Deployment
{
    /// <summary>The maximum length of the reason of a failure or a cancel, in characters.</summary>
    public const int MaxReasonLength = 10_000;

    /// <summary>The maximum length of an address, in characters.</summary>
    public const int MaxUrlLength = 2048;

    /// <summary>The length to which lists cut commit messages and reasons, in characters; find methods return the whole text.</summary>
    public const int MaxListTextLength = 500;

    /// <summary>The id.</summary>
    public required Guid Id { get; init; }

    /// <summary>The project.</summary>
    public required Guid ProjectId { get; init; }

    /// <summary>The user who owns the deployment.</summary>
    public required Guid UserId { get; init; }

    /// <summary>The status.</summary>
    public required DeploymentStatus Status { get; init; }

    /// <summary>The branch; null only in rows of other writers.</summary>
    public required string? Branch { get; init; }

    /// <summary>The commit's id, up to <see cref="CommitInfo.MaxHashLength"/> characters; null until it is known.</summary>
    public required string? CommitHash { get; init; }

    /// <summary>
    /// The commit's message; null until it is known. Lists cut it to its first <see cref="MaxListTextLength"/> characters.
    /// </summary>
    public required string? CommitMessage { get; init; }

    /// <summary>The commit's author; null until it is known.</summary>
    public required string? Author { get; init; }

    /// <summary>The commit's time; null until it is known.</summary>
    public required DateTimeOffset? CommitTimestamp { get; init; }

    /// <summary>What started the deployment.</summary>
    public required CreatorType CreatorType { get; init; }

    /// <summary>True for the live site, false for a preview.</summary>
    public required bool IsProduction { get; init; }

    /// <summary>Whole seconds from start to end; null until the deployment ends, and when it never started.</summary>
    public required int? BuildDurationSeconds { get; init; }

    /// <summary>
    /// The reason of the failure or the cancel; null otherwise, except in rows of the Python services, which also store Kubernetes names
    /// here. Lists cut it to its first <see cref="MaxListTextLength"/> characters.
    /// </summary>
    public required string? FailedReason { get; init; }

    /// <summary>The address of the result; null until the deployment succeeds, and when the result has none.</summary>
    public required string? DeployedUrl { get; init; }

    /// <summary>The time of the claim; null while queued.</summary>
    public required DateTimeOffset? StartedAt { get; init; }

    /// <summary>The time of the end; null until the deployment ends.</summary>
    public required DateTimeOffset? CompletedAt { get; init; }

    /// <summary>The time at which the deployment was queued.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>True when the user deleted the deployment. No list and no find method returns a deleted one.</summary>
    public required bool IsDeleted { get; init; }
}

/// <summary>A deployment to queue.</summary>
public sealed record NewDeployment
{
    /// <summary>
    /// The id, not the empty one; null to generate one. A repeated request with the same id returns the row of the first.
    /// </summary>
    public Guid? Id { get; init; }

    /// <summary>The project.</summary>
    public required Guid ProjectId { get; init; }

    /// <summary>The user, who owns the project.</summary>
    public required Guid UserId { get; init; }

    /// <summary>
    /// The branch, up to <see cref="Project.MaxBranchLength"/> characters, as <c>git check-ref-format --branch</c> allows it; stored
    /// without <c>refs/heads/</c> and surrounding white space. Null for the branch of the project.
    /// </summary>
    public string? Branch { get; init; }

    /// <summary>The commit; null when it is not known yet.</summary>
    public CommitInfo? Commit { get; init; }

    /// <summary>What starts the deployment.</summary>
    public CreatorType CreatorType { get; init; } = CreatorType.Manual;

    /// <summary>True for the live site, false for a preview.</summary>
    public bool IsProduction { get; init; }

    /// <summary>
    /// True to leave the environment of the project out; false to copy it, so that the build gets what the owner saw when it was queued.
    /// </summary>
    public bool WithoutEnvironment { get; init; }

    /// <summary>
    /// The time before which no worker claims the deployment, to the millisecond, by the database's clock; null, or a time that has passed,
    /// for the next turn. The deployment takes its turn in the queue at its start.
    /// </summary>
    public DateTimeOffset? StartAt { get; init; }

    /// <summary>
    /// Which older deployments of the same project, branch and kind (<see cref="IsProduction"/>) are cancelled when this one is queued. A
    /// deployment that waits for its <see cref="StartAt"/> is never cancelled. This one takes over the place of the first that waited, so
    /// that a stream of pushes does not lose its turn.
    /// </summary>
    public Superseding Supersedes { get; init; }
}

/// <summary>Which older deployments a new one cancels.</summary>
public enum Superseding
{
    /// <summary>No deployment.</summary>
    Nothing,

    /// <summary>
    /// Deployments that no worker has started. One deployment of the branch runs to its end, and the newest one waits.
    /// </summary>
    Waiting,

    /// <summary>
    /// Deployments that wait, and running ones, whose workers get <see cref="TransitionOutcome.Cancelled"/>. No build comes to its end
    /// while pushes come faster than a build takes.
    /// </summary>
    WaitingAndRunning,
}

/// <summary>A deployment that is made of an earlier one.</summary>
public sealed record Redeployment
{
    /// <summary>
    /// The id of the copy, not the empty one; null to generate one. A repeated request with the same id returns the copy of the first.
    /// </summary>
    public Guid? Id { get; init; }

    /// <summary>True to leave the environment of the project out; false to copy the one that the project has now.</summary>
    public bool WithoutEnvironment { get; init; }
}

/// <summary>A rollback of the live site.</summary>
public sealed record Rollback
{
    /// <summary>
    /// The successful production deployment of the project to return to; null for the last one before the deployment that went live last.
    /// </summary>
    public Guid? DeploymentId { get; init; }

    /// <summary>
    /// The id of the new deployment, not the empty one; null to generate one. A repeated request with the same id returns the first row.
    /// </summary>
    public Guid? Id { get; init; }
}

/// <summary>A commit.</summary>
/// <param name="Hash">The commit's id, up to <see cref="MaxHashLength"/> characters.</param>
/// <param name="Message">
/// The message; null when not known. A message longer than <see cref="MaxMessageLength"/> characters is cut, with a mark at the end.
/// </param>
/// <param name="Author">
/// The author; null when not known. An author longer than <see cref="MaxAuthorLength"/> characters is cut, with a mark at the end.
/// </param>
/// <param name="Timestamp">The time; null when not known.</param>
public sealed record CommitInfo(string Hash, string? Message = null, string? Author = null, DateTimeOffset? Timestamp = null)
{
    /// <summary>The maximum length of a commit id, in characters: that of a repository with SHA-256.</summary>
    public const int MaxHashLength = 64;

    /// <summary>The maximum length of a message that is stored whole, in characters.</summary>
    public const int MaxMessageLength = 10_000;

    /// <summary>The maximum length of an author that is stored whole, in characters.</summary>
    public const int MaxAuthorLength = 255;
}

/// <summary>A deployment and its project.</summary>
/// <param name="Deployment">The deployment.</param>
/// <param name="Project">The project.</param>
public sealed record DeploymentWithProject(Deployment Deployment, Project Project);

/// <summary>A deployment with its project, logs, stages, containers and health checks.</summary>
public sealed record DeploymentDetails
{
    /// <summary>The deployment.</summary>
    public required Deployment Deployment { get; init; }

    /// <summary>The project.</summary>
    public required Project Project { get; init; }

    /// <summary>The latest log lines, oldest first.</summary>
    public required IReadOnlyList<DeploymentLog> Logs { get; init; }

    /// <summary>The stages, in the order of <see cref="StageName.Known"/>.</summary>
    public required IReadOnlyList<DeploymentStage> Stages { get; init; }

    /// <summary>The containers, newest first.</summary>
    public required IReadOnlyList<DeploymentContainer> Containers { get; init; }

    /// <summary>The latest health checks, newest first.</summary>
    public required IReadOnlyList<DeploymentHealthCheck> HealthChecks { get; init; }
}
