namespace AutoStack.Data.Projects;

/// <summary>A project that a push concerns.</summary>
/// <param name="ProjectId">The project.</param>
/// <param name="UserId">The project's owner.</param>
/// <param name="Branch">The pushed branch.</param>
public sealed record PushTarget(Guid ProjectId, Guid UserId, string Branch);
