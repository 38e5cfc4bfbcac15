namespace AutoStack.Data.HealthChecks;

/// <summary>
/// The table <c>deployment_health_checks</c>, as the owner of the deployment sees it. Monitors write it through
/// <see cref="IPlatformDeploymentHealthCheckRepository"/>.
/// </summary>
public interface IDeploymentHealthCheckRepository
{
    /// <summary>The maximum number of rows that a list returns.</summary>
    const int MaxListSize = 1000;

    /// <summary>The maximum number of buckets of a history.</summary>
    const int MaxBuckets = 1000;

    /// <summary>Finds the latest health check of a deployment.</summary>
    /// <param name="deploymentId">The deployment.</param>
    /// <param name="ownerId">The user who owns it.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The check; null when the deployment was never checked, is deleted, or belongs to another user.</returns>
    Task<DeploymentHealthCheck?> FindLatestAsync(Guid deploymentId, Guid ownerId, CancellationToken cancellationToken = default);

    /// <summary>Lists the latest health checks of a deployment, newest first.</summary>
    /// <param name="deploymentId">The deployment.</param>
    /// <param name="ownerId">The user who owns it.</param>
    /// <param name="limit">The maximum number of rows, 1 to <see cref="MaxListSize"/>.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The checks; empty when the deployment is deleted or belongs to another user.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="limit"/> is out of its range.</exception>
    Task<IReadOnlyList<DeploymentHealthCheck>> ListLatestAsync(
        Guid deploymentId, Guid ownerId, int limit, CancellationToken cancellationToken = default);

    /// <summary>Counts the checks of a deployment in a time range.</summary>
    /// <param name="deploymentId">The deployment.</param>
    /// <param name="ownerId">The user who owns it.</param>
    /// <param name="range">The range of time.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The counts; null when the deployment does not exist, is deleted, or belongs to another user.</returns>
    /// <exception cref="ArgumentOutOfRangeException">
    /// <paramref name="range"/> is empty, ends before it starts, or is longer than <see cref="TimeRange.MaxLength"/>.
    /// </exception>
    Task<Uptime?> FindUptimeAsync(Guid deploymentId, Guid ownerId, TimeRange range, CancellationToken cancellationToken = default);

    /// <summary>Counts the checks of a deployment in each bucket of a time range.</summary>
    /// <param name="deploymentId">The deployment.</param>
    /// <param name="ownerId">The user who owns it.</param>
    /// <param name="range">The range of time; its first bucket starts with it.</param>
    /// <param name="bucket">
    /// The length of a bucket in whole seconds, so that the range has at most <see cref="MaxBuckets"/> of them.
    /// </param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>
    /// Every bucket, in ascending order, also those without a check; empty when the deployment is deleted or belongs to another user.
    /// </returns>
    /// <exception cref="ArgumentException">
    /// <paramref name="range"/> is empty, ends before it starts, or is longer than <see cref="TimeRange.MaxLength"/>; or
    /// <paramref name="bucket"/> is not a whole number of seconds or divides the range into too many buckets.
    /// </exception>
    Task<IReadOnlyList<HealthBucket>> ListHistoryAsync(
        Guid deploymentId, Guid ownerId, TimeRange range, TimeSpan bucket, CancellationToken cancellationToken = default);
}
