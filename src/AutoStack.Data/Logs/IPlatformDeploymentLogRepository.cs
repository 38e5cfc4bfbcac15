namespace AutoStack.Data.Logs;

/// <summary>The table <c>deployment_logs</c>, for the platform's own work: reaches the logs of every user.</summary>
public interface IPlatformDeploymentLogRepository
{
    /// <summary>The maximum number of lines per append.</summary>
    const int MaxBatchSize = 10_000;

    /// <summary>The maximum number of lines per purge.</summary>
    const int MaxPurgeSize = 1000;

    /// <summary>
    /// Appends lines in order, all or none. Concurrent appends to one deployment keep each batch together and number the lines without
    /// gaps. A repeated call with the same ids stores no line twice; a line without an id is a new line in every call.
    /// </summary>
    /// <remarks>
    /// A line longer than <see cref="LogWriterOptions.MaxLineBytes"/> is cut. A log that exceeds
    /// <see cref="LogWriterOptions.MaxBytesPerDeployment"/> ends with a line that reports it, and further lines are not stored. The call
    /// blocks while another transaction appends to the same log.
    /// </remarks>
    /// <param name="deploymentId">The deployment.</param>
    /// <param name="lines">The lines, at most <see cref="MaxBatchSize"/>; an empty list does nothing.</param>
    /// <param name="cancellationToken">Stops the insert.</param>
    /// <returns>A task that completes when the lines are committed or, in a unit of work, sent.</returns>
    /// <exception cref="ArgumentException">
    /// There are too many lines, or a line is null, has no message, or an unknown level.
    /// </exception>
    /// <exception cref="MissingReferenceException">The deployment does not exist.</exception>
    /// <exception cref="DuplicateException">An id belongs to a line of another deployment, or is given twice.</exception>
    Task AppendAsync(Guid deploymentId, IReadOnlyCollection<NewDeploymentLog> lines, CancellationToken cancellationToken = default);

    /// <summary>Removes the oldest lines of logs, in the order of the deployments' ids.</summary>
    /// <remarks>
    /// From each log the call removes the lines before the first line that is younger than <paramref name="before"/>, so that the
    /// remaining lines have no gap. The last line always stays, so that no number is assigned twice. A reader whose place was removed
    /// continues with the first remaining line.
    /// </remarks>
    /// <param name="before">Only lines whose timestamp is earlier than this moment are removed.</param>
    /// <param name="limit">The maximum number of lines, 1 to <see cref="MaxPurgeSize"/>.</param>
    /// <param name="cancellationToken">Stops the delete.</param>
    /// <returns>
    /// The number of lines removed; repeat the call until it returns 0. Logs locked by another purge are skipped. After a lost answer the
    /// library repeats the call, which removes and counts further lines.
    /// </returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="limit"/> is out of range.</exception>
    Task<int> PurgeAsync(DateTimeOffset before, int limit, CancellationToken cancellationToken = default);
}
