using AutoStack.Data.Deployments;
using AutoStack.Data.Projects;

namespace AutoStack.Data.Webhooks;

/// <summary>The result of a delivery.</summary>
public sealed record PushResult
{
    /// <summary>How the delivery ended.</summary>
    public required PushOutcome Outcome { get; init; }

    /// <summary>The row that stores the delivery: a new one, or that of its first copy.</summary>
    public required Guid PayloadId { get; init; }

    /// <summary>The push; null when the delivery is not a push.</summary>
    public required Push? Push { get; init; }

    /// <summary>
    /// The deployments that the delivery has queued, now or in its first copy: the oldest project of each user, then the second one of
    /// each.
    /// </summary>
    public required IReadOnlyList<Deployment> Deployments { get; init; }

    /// <summary>
    /// Projects with a proof that were not queued, because the delivery had queued <see cref="PushOptions.MaxDeployments"/> deployments.
    /// </summary>
    public required IReadOnlyList<PushTarget> Postponed { get; init; }

    /// <summary>
    /// Projects with a proof that were not queued, because their stored environment does not open. Without any other project the call
    /// throws <see cref="SecretUnreadableException"/> instead. Correct the environment, and queue a deployment.
    /// </summary>
    public required IReadOnlyList<PushTarget> Unreadable { get; init; }

    /// <summary>
    /// Projects that name this repository and branch, but whose owner's access is not proven, or was proven too long ago or for another
    /// repository of the same name. Verify the access, record it, and request the delivery again, or queue a deployment.
    /// </summary>
    public required IReadOnlyList<PushTarget> Unproven { get; init; }

    /// <summary>True when one of the two lists has more projects than <see cref="IPushes.MaxListedTargets"/>.</summary>
    public required bool MoreTargets { get; init; }
}

/// <summary>How handling a delivery ended. The delivery is stored in each case.</summary>
public enum PushOutcome
{
    /// <summary>Deployments were queued, by this call or by an earlier one with the same id.</summary>
    Queued,

    /// <summary>No project with auto-deploy names the repository and the branch.</summary>
    NoTarget,

    /// <summary>Projects name the repository and the branch, but the access of none of their owners is proven.</summary>
    AccessUnproven,

    /// <summary>The delivery is not a push of a branch: it is another event, or a tag.</summary>
    NotABranch,

    /// <summary>The push deleted branches and pushed none.</summary>
    Deleted,

    /// <summary>The delivery came before, and there was nothing to queue now; the result has the deployments of its first copy.</summary>
    Duplicate,
}
