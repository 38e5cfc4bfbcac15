namespace AutoStack.Data.Deployments;

/// <summary>The table <c>deployment_health_checks</c>.</summary>
public interface IDeploymentHealthCheckRepository
{
    /// <summary>The most rows that a list returns at once.</summary>
    const int MaxListSize = 1000;

    /// <summary>Lists the latest health checks of a deployment, the newest first.</summary>
    /// <param name="deploymentId">The deployment.</param>
    /// <param name="ownerId">The user who owns it.</param>
    /// <param name="limit">The number of rows at the most, 1 to <see cref="MaxListSize"/>.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The checks; none when the deployment is deleted or somebody else's.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="limit"/> is out of its range.</exception>
    Task<IReadOnlyList<DeploymentHealthCheck>> ListLatestAsync(Guid deploymentId, Guid ownerId, int limit, CancellationToken cancellationToken);

    /// <summary>Notes a health check. Repeated with the same id, it returns the check that is there.</summary>
    /// <param name="check">The check.</param>
    /// <param name="cancellationToken">Stops the insert.</param>
    /// <returns>The check as stored.</returns>
    /// <exception cref="ArgumentException">The address is null or blank.</exception>
    /// <exception cref="MissingReferenceException">There is no such deployment.</exception>
    /// <exception cref="DuplicateException">The id belongs to a check of another deployment.</exception>
    Task<DeploymentHealthCheck> AddAsync(NewDeploymentHealthCheck check, CancellationToken cancellationToken);
}
