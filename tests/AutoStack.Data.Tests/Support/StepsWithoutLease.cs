using AutoStack.Data.Deployments;

namespace AutoStack.Data.Tests.Support;

/// <summary>The steps of a program that holds no lease, by the id of the deployment.</summary>
internal static class StepsWithoutLease
{
    public static Task<TransitionOutcome> AdvanceAsync(
        this IDeploymentLifecycle lifecycle, Guid id, DeploymentStatus step, CancellationToken cancellationToken) =>
        lifecycle.AdvanceAsync(DeploymentClaim.WithoutLease(id), step, cancellationToken);

    public static Task<TransitionOutcome> RecordCommitAsync(
        this IDeploymentLifecycle lifecycle, Guid id, CommitInfo commit, CancellationToken cancellationToken) =>
        lifecycle.RecordCommitAsync(DeploymentClaim.WithoutLease(id), commit, cancellationToken);

    public static Task<TransitionOutcome> SucceedAsync(
        this IDeploymentLifecycle lifecycle, Guid id, string? deployedUrl, CancellationToken cancellationToken) =>
        lifecycle.SucceedAsync(DeploymentClaim.WithoutLease(id), deployedUrl, cancellationToken);

    public static Task<TransitionOutcome> FailAsync(
        this IDeploymentLifecycle lifecycle, Guid id, string reason, CancellationToken cancellationToken) =>
        lifecycle.FailAsync(DeploymentClaim.WithoutLease(id), reason, cancellationToken);

    public static Task<TransitionOutcome> PlanAsync(
        this IPlatformDeploymentStageRepository stages, Guid id, IReadOnlyList<StageName> names, CancellationToken cancellationToken) =>
        stages.PlanAsync(DeploymentClaim.WithoutLease(id), names, cancellationToken);

    public static Task<TransitionOutcome> SetAsync(
        this IPlatformDeploymentStageRepository stages, Guid id, StageChange change, CancellationToken cancellationToken) =>
        stages.SetAsync(DeploymentClaim.WithoutLease(id), change, cancellationToken);

    public static Task<TransitionOutcome> StartAsync(
        this IPlatformDeploymentStageRepository stages, Guid id, StageName name, CancellationToken cancellationToken) =>
        stages.StartAsync(DeploymentClaim.WithoutLease(id), name, cancellationToken);

    public static Task<TransitionOutcome> CompleteAsync(
        this IPlatformDeploymentStageRepository stages, Guid id, StageName name, CancellationToken cancellationToken) =>
        stages.CompleteAsync(DeploymentClaim.WithoutLease(id), name, cancellationToken);

    public static Task<TransitionOutcome> FailAsync(
        this IPlatformDeploymentStageRepository stages, Guid id, StageName name, string message, CancellationToken cancellationToken) =>
        stages.FailAsync(DeploymentClaim.WithoutLease(id), name, message, cancellationToken);
}
