namespace AutoStack.Data.HealthChecks;

/// <summary>The table <c>deployment_health_checks</c>, for the platform's own work.</summary>
public interface IPlatformDeploymentHealthCheckRepository
{
    /// <summary>The maximum number of rows that a page has.</summary>
    const int MaxListSize = 1000;

    /// <summary>The maximum number of rows that one call purges.</summary>
    const int MaxPurgeSize = 1000;

    /// <summary>The maximum number of checks that one call adds.</summary>
    const int MaxBatchSize = 10_000;

    /// <summary>The maximum number of consecutive failures to ask for.</summary>
    const int MaxThreshold = 100;

    /// <summary>
    /// Adds a health check. A repeated call with the same id returns the stored check; one without an id adds another check.
    /// </summary>
    /// <param name="check">The check.</param>
    /// <param name="cancellationToken">Stops the insert.</param>
    /// <returns>The check as stored.</returns>
    /// <exception cref="ArgumentException">
    /// The address is null, blank or longer than <see cref="DeploymentHealthCheck.MaxUrlLength"/>.
    /// </exception>
    /// <exception cref="MissingReferenceException">The deployment does not exist.</exception>
    /// <exception cref="DuplicateException">The id belongs to a check of another deployment.</exception>
    Task<DeploymentHealthCheck> AddAsync(NewDeploymentHealthCheck check, CancellationToken cancellationToken = default);

    /// <summary>
    /// Adds health checks, all in one statement. A check whose id is stored already is not added again, but counted; a check without an id
    /// is a new check in every call.
    /// </summary>
    /// <remarks>A check of a deployment that no longer exists is skipped; the other checks are added.</remarks>
    /// <param name="checks">The checks, of any deployments, up to <see cref="MaxBatchSize"/>.</param>
    /// <param name="cancellationToken">Stops the insert.</param>
    /// <returns>The number of these checks that are stored, by this call or an earlier one.</returns>
    /// <exception cref="ArgumentException">
    /// <paramref name="checks"/> is null or too long, a check is null, its address is null, blank or longer than
    /// <see cref="DeploymentHealthCheck.MaxUrlLength"/>, or two checks have the same id.
    /// </exception>
    /// <exception cref="DuplicateException">
    /// An id belongs to a check of another deployment; outside a unit of work the other checks are stored.
    /// </exception>
    Task<int> AddManyAsync(IReadOnlyCollection<NewDeploymentHealthCheck> checks, CancellationToken cancellationToken = default);

    /// <summary>
    /// Counts the consecutive failures of a deployment of any owner: the checks that failed since the last one that passed.
    /// </summary>
    /// <param name="deploymentId">The deployment.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The number; 0 when the last check passed, or the deployment was never checked.</returns>
    Task<int> CountConsecutiveFailuresAsync(Guid deploymentId, CancellationToken cancellationToken = default);

    /// <summary>
    /// Lists successful deployments, of any owner and not deleted, that have a running container and whose last checks all failed, in the
    /// order of their ids. Only checks since the newest running container was created count.
    /// </summary>
    /// <param name="threshold">The number of consecutive failures, 1 to <see cref="MaxThreshold"/>.</param>
    /// <param name="cursor"><see cref="Cursor.Start"/>, or <see cref="Page{T}.Next"/> of the previous page.</param>
    /// <param name="limit">The maximum number of rows, 1 to <see cref="MaxListSize"/>.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The page.</returns>
    /// <exception cref="ArgumentException"><paramref name="cursor"/> is from another kind of list.</exception>
    /// <exception cref="ArgumentOutOfRangeException">
    /// <paramref name="threshold"/> or <paramref name="limit"/> is out of its range.
    /// </exception>
    Task<Page<UnhealthyDeployment>> ListUnhealthyAsync(
        int threshold, Cursor cursor, int limit, CancellationToken cancellationToken = default);

    /// <summary>Removes old health checks, in the order of the deployments' ids, the oldest of each deployment first.</summary>
    /// <param name="before">Only checks before this time are removed.</param>
    /// <param name="limit">The maximum number of checks, 1 to <see cref="MaxPurgeSize"/>.</param>
    /// <param name="cancellationToken">Stops the delete.</param>
    /// <returns>
    /// The number of checks removed; repeat the call while it is above zero. Checks that another purge is removing are skipped. After a
    /// lost answer the library repeats the call, which removes and counts further checks.
    /// </returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="limit"/> is out of its range.</exception>
    Task<int> PurgeAsync(DateTimeOffset before, int limit, CancellationToken cancellationToken = default);
}
