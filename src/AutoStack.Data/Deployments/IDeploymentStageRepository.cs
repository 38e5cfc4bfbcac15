namespace AutoStack.Data.Deployments;

/// <summary>
/// The table <c>deployment_stages</c>, as the owner of the deployment sees it. Workers write it through
/// <see cref="IPlatformDeploymentStageRepository"/>.
/// </summary>
/// <remarks>
/// When a deployment fails or is cancelled, its stages that are pending are cancelled: they have an end, and no start. When it succeeds,
/// they stay pending: the deployment did not need them.
/// </remarks>
public interface IDeploymentStageRepository
{
    /// <summary>The most stages that a list returns.</summary>
    const int MaxListSize = 100;

    /// <summary>The most deployments whose stages are listed at once.</summary>
    const int MaxDeployments = 100;

    /// <summary>
    /// The longest error of a stage, in characters. <see cref="ListByDeploymentsAsync"/> returns the first
    /// <see cref="IDeploymentRepository.MaxListTextLength"/> characters of each error.
    /// </summary>
    const int MaxErrorLength = 10_000;

    /// <summary>
    /// Lists the stages of a deployment, in the order of <see cref="StageName.Known"/>; those that the library does not know come last.
    /// </summary>
    /// <param name="deploymentId">The deployment.</param>
    /// <param name="ownerId">The user who owns it.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The stages, up to <see cref="MaxListSize"/>; none when the deployment is deleted or somebody else's.</returns>
    Task<IReadOnlyList<DeploymentStage>> ListByDeploymentAsync(Guid deploymentId, Guid ownerId, CancellationToken cancellationToken = default);

    /// <summary>Lists the stages of several deployments at once, each in the order of <see cref="ListByDeploymentAsync"/>.</summary>
    /// <param name="deploymentIds">The deployments, up to <see cref="MaxDeployments"/>, each counted as often as it is named.</param>
    /// <param name="ownerId">The user who owns them.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>
    /// The stages by deployment, up to <see cref="MaxListSize"/> of each; none of one that is deleted or somebody else's.
    /// </returns>
    /// <exception cref="ArgumentException">Too many deployments.</exception>
    Task<ILookup<Guid, DeploymentStage>> ListByDeploymentsAsync(
        IReadOnlyCollection<Guid> deploymentIds, Guid ownerId, CancellationToken cancellationToken = default);
}
