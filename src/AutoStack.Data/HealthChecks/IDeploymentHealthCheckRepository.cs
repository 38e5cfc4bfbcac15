namespace AutoStack.Data.HealthChecks;

/// <summary>
/// The table <c>deployment_health_checks</c>, as the owner of the deployment sees it. Monitors write it through
/// <see cref="IPlatformDeploymentHealthCheckRepository"/>.
/// </summary>
public interface IDeploymentHealthCheckRepository
{
    /// <summary>The most rows that a list returns at once.</summary>
    const int MaxListSize = 1000;

    /// <summary>The most parts that a history has.</summary>
    const int MaxBuckets = 1000;

    /// <summary>Finds the latest health check of a deployment.</summary>
    /// <param name="deploymentId">The deployment.</param>
    /// <param name="ownerId">The user who owns it.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The check; null when there is none, or the deployment is deleted or somebody else's.</returns>
    Task<DeploymentHealthCheck?> FindLatestAsync(Guid deploymentId, Guid ownerId, CancellationToken cancellationToken = default);

    /// <summary>Lists the latest health checks of a deployment, the newest first.</summary>
    /// <param name="deploymentId">The deployment.</param>
    /// <param name="ownerId">The user who owns it.</param>
    /// <param name="limit">The number of rows at the most, 1 to <see cref="MaxListSize"/>.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The checks; none when the deployment is deleted or somebody else's.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="limit"/> is out of its range.</exception>
    Task<IReadOnlyList<DeploymentHealthCheck>> ListLatestAsync(Guid deploymentId, Guid ownerId, int limit, CancellationToken cancellationToken = default);

    /// <summary>Counts how often a deployment answered in a window of time.</summary>
    /// <param name="deploymentId">The deployment.</param>
    /// <param name="ownerId">The user who owns it.</param>
    /// <param name="start">Where the window begins.</param>
    /// <param name="end">Where it ends; checks of this very moment are not in it.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The counts; null when the deployment is deleted or somebody else's.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="end"/> does not lie behind <paramref name="start"/>.</exception>
    Task<Uptime?> FindUptimeAsync(Guid deploymentId, Guid ownerId, DateTimeOffset start, DateTimeOffset end, CancellationToken cancellationToken = default);

    /// <summary>Counts how often a deployment answered in each part of a window of time.</summary>
    /// <param name="deploymentId">The deployment.</param>
    /// <param name="ownerId">The user who owns it.</param>
    /// <param name="start">Where the window, and its first part, begins.</param>
    /// <param name="end">Where the window ends; checks of this very moment are not in it.</param>
    /// <param name="bucket">How long a part is: whole seconds, and so long that there are at most <see cref="MaxBuckets"/>.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>Every part in its order, also those without a check; none when the deployment is deleted or somebody else's.</returns>
    /// <exception cref="ArgumentException"> <paramref name="end"/> does not lie behind <paramref name="start"/>, which is the first moment
    /// of all, or <paramref name="bucket"/> is no whole seconds or makes too many parts.
    /// </exception>
    Task<IReadOnlyList<HealthBucket>> ListHistoryAsync(
        Guid deploymentId, Guid ownerId, DateTimeOffset start, DateTimeOffset end, TimeSpan bucket, CancellationToken cancellationToken = default);
}
