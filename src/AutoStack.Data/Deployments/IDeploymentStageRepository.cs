namespace AutoStack.Data.Deployments;

/// <summary>
/// The table <c>deployment_stages</c>, as the owner of the deployment sees it. Workers write it through
/// <see cref="IPlatformDeploymentStageRepository"/>.
/// </summary>
/// <remarks>
/// When a deployment fails or is cancelled, its pending stages are cancelled: such a stage has an end and no start. When a deployment
/// succeeds, its pending stages stay pending: the deployment did not need them.
/// </remarks>
public interface IDeploymentStageRepository
{
    /// <summary>The maximum number of stages that a list returns per deployment.</summary>
    const int MaxListSize = 100;

    /// <summary>The maximum number of deployments whose stages one call lists.</summary>
    const int MaxDeployments = 100;

    /// <summary>
    /// Lists the stages of a deployment, in the order of <see cref="StageName.Known"/>; stages that the library does not know come last.
    /// </summary>
    /// <param name="deploymentId">The deployment.</param>
    /// <param name="ownerId">The user who owns it.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>
    /// The stages, up to <see cref="MaxListSize"/>; empty when the deployment is deleted or belongs to another user.
    /// </returns>
    Task<IReadOnlyList<DeploymentStage>> ListByDeploymentAsync(
        Guid deploymentId, Guid ownerId, CancellationToken cancellationToken = default);

    /// <summary>
    /// Lists the stages of several deployments at once, each in the order of <see cref="ListByDeploymentAsync"/>. Errors are cut to their
    /// first <see cref="DeploymentStage.MaxListErrorLength"/> characters.
    /// </summary>
    /// <param name="deploymentIds">The deployments, up to <see cref="MaxDeployments"/>; a repeated id counts each time.</param>
    /// <param name="ownerId">The user who owns them.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>
    /// The stages by deployment, up to <see cref="MaxListSize"/> of each; none of a deployment that is deleted or belongs to another user.
    /// </returns>
    /// <exception cref="ArgumentException"><paramref name="deploymentIds"/> is null or too long.</exception>
    Task<ILookup<Guid, DeploymentStage>> ListByDeploymentsAsync(
        IReadOnlyCollection<Guid> deploymentIds, Guid ownerId, CancellationToken cancellationToken = default);
}
