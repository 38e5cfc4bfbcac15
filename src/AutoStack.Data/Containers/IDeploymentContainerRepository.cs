namespace AutoStack.Data.Containers;

/// <summary>
/// The table <c>deployment_containers</c>, as the owner of the deployment sees it. The platform writes it through
/// <see cref="IPlatformDeploymentContainerRepository"/>.
/// </summary>
public interface IDeploymentContainerRepository
{
    /// <summary>The maximum number of rows that a list returns.</summary>
    const int MaxListSize = 1000;

    /// <summary>Finds the newest container of a deployment.</summary>
    /// <param name="deploymentId">The deployment.</param>
    /// <param name="ownerId">The user who owns it.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>
    /// The container; null when the deployment has no container, is deleted, or belongs to another user.
    /// </returns>
    Task<DeploymentContainer?> FindLatestAsync(Guid deploymentId, Guid ownerId, CancellationToken cancellationToken = default);

    /// <summary>Lists the containers of a deployment, newest first.</summary>
    /// <param name="deploymentId">The deployment.</param>
    /// <param name="ownerId">The user who owns it.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>
    /// The containers, up to <see cref="MaxListSize"/>; empty when the deployment is deleted or belongs to another user.
    /// </returns>
    Task<IReadOnlyList<DeploymentContainer>> ListByDeploymentAsync(
        Guid deploymentId, Guid ownerId, CancellationToken cancellationToken = default);
}
