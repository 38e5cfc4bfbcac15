using AutoStack.Data.Containers;
using AutoStack.Data.HealthChecks;
using AutoStack.Data.Logs;
using AutoStack.Data.Projects;

namespace AutoStack.Data.Deployments;

/// <summary>One build and run of a project. The environment variables are not part of it.</summary>
public sealed record Deployment
{
    /// <summary>The id.</summary>
    public required Guid Id { get; init; }

    /// <summary>The project.</summary>
    public required Guid ProjectId { get; init; }

    /// <summary>The user who owns it.</summary>
    public required Guid UserId { get; init; }

    /// <summary>Where it stands.</summary>
    public required DeploymentStatus Status { get; init; }

    /// <summary>The branch; null in rows of other writers that name none.</summary>
    public required string? Branch { get; init; }

    /// <summary>The commit's id, up to 64 characters; null until it is known.</summary>
    public required string? CommitHash { get; init; }

    /// <summary>
    /// The commit's message; null until it is known. Lists have its first <see cref="IDeploymentRepository.MaxListTextLength"/> characters.
    /// </summary>
    public required string? CommitMessage { get; init; }

    /// <summary>The commit's author; null until it is known.</summary>
    public required string? Author { get; init; }

    /// <summary>The commit's time; null until it is known.</summary>
    public required DateTimeOffset? CommitTimestamp { get; init; }

    /// <summary>What started it.</summary>
    public required CreatorType CreatorType { get; init; }

    /// <summary>True when it goes live, false for a preview.</summary>
    public required bool IsProduction { get; init; }

    /// <summary>Whole seconds from start to end; null until it ended, and when it never started.</summary>
    public required int? BuildDurationSeconds { get; init; }

    /// <summary>
    /// Why it failed or was cancelled; null otherwise, except in rows of the Python services, which also store Kubernetes names here. Lists
    /// have its first <see cref="IDeploymentRepository.MaxListTextLength"/> characters.
    /// </summary>
    public required string? FailedReason { get; init; }

    /// <summary>Where the result can be reached; null until then.</summary>
    public required string? DeployedUrl { get; init; }

    /// <summary>When a worker took it; null while queued.</summary>
    public required DateTimeOffset? StartedAt { get; init; }

    /// <summary>When it ended; null until then.</summary>
    public required DateTimeOffset? CompletedAt { get; init; }

    /// <summary>When it was queued.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>True when the user deleted it. No list and no search returns such a row.</summary>
    public required bool IsDeleted { get; init; }
}

/// <summary>A deployment to be queued.</summary>
public sealed record NewDeployment
{
    /// <summary>The id; null to have one made. With one, a repeated request finds the row of the first.</summary>
    public Guid? Id { get; init; }

    /// <summary>The project.</summary>
    public required Guid ProjectId { get; init; }

    /// <summary>The user, who owns the project.</summary>
    public required Guid UserId { get; init; }

    /// <summary>
    /// The branch, up to 100 characters, as <c>git check-ref-format --branch</c> allows it; stored without <c>refs/heads/</c> and white
    /// space around it. Null for the project's.
    /// </summary>
    public string? Branch { get; init; }

    /// <summary>The commit, when it is known beforehand; null otherwise.</summary>
    public CommitInfo? Commit { get; init; }

    /// <summary>What starts it.</summary>
    public CreatorType CreatorType { get; init; } = CreatorType.Manual;

    /// <summary>True when it goes live, false for a preview.</summary>
    public bool IsProduction { get; init; }
}

/// <summary>What is known of a commit.</summary>
/// <param name="Hash">The commit's id, up to <see cref="MaxHashLength"/> characters.</param>
/// <param name="Message">
/// The message; null when not known. A longer one than <see cref="MaxMessageLength"/> is cut, with a mark at the end.
/// </param>
/// <param name="Author">
/// The author; null when not known. A longer one than <see cref="MaxAuthorLength"/> is cut, with a mark at the end.
/// </param>
/// <param name="Timestamp">The time; null when not known.</param>
public sealed record CommitInfo(string Hash, string? Message = null, string? Author = null, DateTimeOffset? Timestamp = null)
{
    /// <summary>The longest id of a commit, in characters: that of a repository that uses SHA-256.</summary>
    public const int MaxHashLength = 64;

    /// <summary>The longest message that is stored whole, in characters.</summary>
    public const int MaxMessageLength = 10_000;

    /// <summary>The longest author that is stored whole, in characters.</summary>
    public const int MaxAuthorLength = 255;
}

/// <summary>A deployment and its project.</summary>
/// <param name="Deployment">The deployment.</param>
/// <param name="Project">The project.</param>
public sealed record DeploymentWithProject(Deployment Deployment, Project Project)
{
    /// <summary>Where a list goes on after this row.</summary>
    public DeploymentCursor Cursor => new(Deployment.CreatedAt, Deployment.Id);
}

/// <summary>A place in a list of deployments, which goes from the newest to the oldest.</summary>
/// <param name="CreatedAt">When the last row seen was queued.</param>
/// <param name="Id">The id of the last row seen.</param>
public readonly record struct DeploymentCursor(DateTimeOffset CreatedAt, Guid Id)
{
    /// <summary>Before the newest; the same as <c>default</c>.</summary>
    public static DeploymentCursor Start { get; }

    /// <summary>The id that the next rows of the same moment lie below.</summary>
    internal Guid BoundId => this == Start ? Guid.AllBitsSet : Id;
}

/// <summary>A deployment with what belongs to it.</summary>
public sealed record DeploymentDetails
{
    /// <summary>The deployment.</summary>
    public required Deployment Deployment { get; init; }

    /// <summary>The project.</summary>
    public required Project Project { get; init; }

    /// <summary>The latest log lines, the oldest of them first.</summary>
    public required IReadOnlyList<DeploymentLog> Logs { get; init; }

    /// <summary>The stages, in the order of <see cref="StageName.Known"/>.</summary>
    public required IReadOnlyList<DeploymentStage> Stages { get; init; }

    /// <summary>The containers, the newest first.</summary>
    public required IReadOnlyList<DeploymentContainer> Containers { get; init; }

    /// <summary>The latest health checks, the newest first.</summary>
    public required IReadOnlyList<DeploymentHealthCheck> HealthChecks { get; init; }
}
