namespace AutoStack.Data.Projects;

/// <summary>A project that a push concerns.</summary>
/// <param name="ProjectId">The project.</param>
/// <param name="UserId">Its owner.</param>
/// <param name="Branch">The branch that was pushed.</param>
public sealed record PushTarget(Guid ProjectId, Guid UserId, string Branch);

/// <summary>How the handling of a delivery ended. The delivery is stored in each case.</summary>
public enum PushOutcome
{
    /// <summary>Deployments were queued.</summary>
    Queued,

    /// <summary>No project with auto-deploy names the repository and the branch.</summary>
    NoTarget,

    /// <summary>Projects name the repository and the branch, and none of their owners' access is proven.</summary>
    AccessUnproven,

    /// <summary>The delivery is no push of a branch: another event, or a tag.</summary>
    NotABranch,

    /// <summary>The push deleted branches and pushed none.</summary>
    Deleted,

    /// <summary>The delivery came before, and there was nothing to queue now.</summary>
    Duplicate,
}
