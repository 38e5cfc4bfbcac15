namespace AutoStack.Data.HealthChecks;

/// <summary>The table <c>deployment_health_checks</c>, for the platform's own work.</summary>
public interface IPlatformDeploymentHealthCheckRepository
{
    /// <summary>The most rows that a list returns, or a purge removes, at once.</summary>
    const int MaxListSize = 1000;

    /// <summary>The longest address that is stored, in characters.</summary>
    const int MaxUrlLength = 2048;

    /// <summary>The most checks that one call adds.</summary>
    const int MaxBatchSize = 10_000;

    /// <summary>The most failures in a row that can be asked for.</summary>
    const int MaxThreshold = 100;

    /// <summary>Notes a health check. Repeated with the same id, it returns the check that is there.</summary>
    /// <param name="check">The check.</param>
    /// <param name="cancellationToken">Stops the insert.</param>
    /// <returns>The check as stored.</returns>
    /// <exception cref="ArgumentException">The address is null, blank or longer than <see cref="MaxUrlLength"/>.</exception>
    /// <exception cref="MissingReferenceException">There is no such deployment.</exception>
    /// <exception cref="DuplicateException">The id belongs to a check of another deployment.</exception>
    Task<DeploymentHealthCheck> AddAsync(NewDeploymentHealthCheck check, CancellationToken cancellationToken = default);

    /// <summary>Notes health checks, all in one statement. Those whose id is there already are not noted again.</summary>
    /// <remarks>A check of a deployment that was removed meanwhile is passed over, so that it costs the others nothing.</remarks>
    /// <param name="checks">The checks, of any deployments, up to <see cref="MaxBatchSize"/>; none is nothing to do.</param>
    /// <param name="cancellationToken">Stops the insert.</param>
    /// <returns>The number of checks that are stored, by this call or one before.</returns>
    /// <exception cref="ArgumentException">
    /// Too many checks, one that is null or whose address is null, blank or longer than <see cref="MaxUrlLength"/>, or an id given twice.
    /// </exception>
    /// <exception cref="DuplicateException">
    /// An id belongs to a check of another deployment; outside a unit of work the other checks are stored.
    /// </exception>
    Task<int> AddManyAsync(IReadOnlyCollection<NewDeploymentHealthCheck> checks, CancellationToken cancellationToken = default);

    /// <summary>Counts the checks of a deployment, of any owner, that failed since the last one that did not.</summary>
    /// <param name="deploymentId">The deployment.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The number; 0 when the last check did not fail, or there is none.</returns>
    Task<int> CountConsecutiveFailuresAsync(Guid deploymentId, CancellationToken cancellationToken = default);

    /// <summary>
    /// Lists successful deployments, of any owner and not deleted, that have a running container and whose last checks all failed, in the
    /// order of their ids. Only checks since the newest of these containers was made count.
    /// </summary>
    /// <param name="threshold">How many checks must have failed in a row, 1 to <see cref="MaxThreshold"/>.</param>
    /// <param name="limit">The number of rows at the most, 1 to <see cref="MaxListSize"/>.</param>
    /// <param name="afterId">Where to go on: the deployment of the last row seen, or the empty id.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The deployments; fewer than <paramref name="limit"/> at the end of the list.</returns>
    /// <exception cref="ArgumentOutOfRangeException">
    /// <paramref name="threshold"/> or <paramref name="limit"/> is out of its range.
    /// </exception>
    Task<IReadOnlyList<UnhealthyDeployment>> ListUnhealthyAsync(int threshold, int limit, Guid afterId, CancellationToken cancellationToken = default);

    /// <summary>Removes old health checks, in the order of the deployments' ids, of each deployment the oldest first.</summary>
    /// <param name="before">Only checks before this moment.</param>
    /// <param name="limit">The number of checks at the most, 1 to <see cref="MaxListSize"/>.</param>
    /// <param name="cancellationToken">Stops the delete.</param>
    /// <returns>
    /// The number of checks removed; call again while it is above zero. Those that another purge is removing are passed over.
    /// </returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="limit"/> is out of its range.</exception>
    Task<int> PurgeAsync(DateTimeOffset before, int limit, CancellationToken cancellationToken = default);
}
