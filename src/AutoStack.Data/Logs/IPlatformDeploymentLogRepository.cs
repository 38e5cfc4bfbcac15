namespace AutoStack.Data.Logs;

/// <summary>The table <c>deployment_logs</c>, for the platform's own work: reaches the logs of every user.</summary>
public interface IPlatformDeploymentLogRepository
{
    /// <summary>The maximum number of lines per append.</summary>
    const int MaxBatchSize = 10_000;

    /// <summary>The maximum number of lines per purge.</summary>
    const int MaxPurgeSize = 1000;

    /// <summary>
    /// Appends lines in their order, all or none. Several may append to one deployment at once: each batch stays together, and numbers have
    /// no gap. Lines that carry an id may be sent again after a failure; those stored before are passed over.
    /// </summary>
    /// <remarks>
    /// A line of more than <see cref="LogWriterOptions.MaxLineBytes"/> is cut. A log of
    /// <see cref="LogWriterOptions.MaxBytesPerDeployment"/> ends with a line that says so, and further lines are not stored. The call waits
    /// for other transactions that append to the same log.
    /// </remarks>
    /// <param name="deploymentId">The deployment.</param>
    /// <param name="lines">The lines, up to <see cref="MaxBatchSize"/>; none is nothing to do.</param>
    /// <param name="cancellationToken">Stops the insert.</param>
    /// <returns>A task that ends when the lines are committed, or, in a unit of work, sent.</returns>
    /// <exception cref="ArgumentException">Too many lines, a line that is null or has no message, or a level that is not known.</exception>
    /// <exception cref="MissingReferenceException">There is no such deployment.</exception>
    /// <exception cref="DuplicateException">An id belongs to a line of another deployment, or is given twice.</exception>
    Task AppendAsync(Guid deploymentId, IReadOnlyCollection<NewDeploymentLog> lines, CancellationToken cancellationToken = default);

    /// <summary>Removes the old beginnings of logs, in the order of the deployments' ids.</summary>
    /// <remarks>
    /// Of each log goes what stands before its first line that is young enough, so that what is kept has no gap; the last line always
    /// stays, so that no number is given twice. A reader whose place is in what was removed goes on with the first line that is kept.
    /// </remarks>
    /// <param name="before">Only lines whose timestamp lies before this moment.</param>
    /// <param name="limit">The maximum number of lines, 1 to <see cref="MaxPurgeSize"/>.</param>
    /// <param name="cancellationToken">Stops the delete.</param>
    /// <returns>The number of lines removed; call again while it is above zero. Logs that another purge is at are passed over.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="limit"/> is out of its range.</exception>
    Task<int> PurgeAsync(DateTimeOffset before, int limit, CancellationToken cancellationToken = default);
}
