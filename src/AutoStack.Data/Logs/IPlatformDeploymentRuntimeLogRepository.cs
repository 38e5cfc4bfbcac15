namespace AutoStack.Data.Logs;

/// <summary>The table <c>deployment_runtime_logs</c>, for the platform's own work: reaches the logs of every user.</summary>
public interface IPlatformDeploymentRuntimeLogRepository
{
    /// <summary>The maximum number of lines per append.</summary>
    const int MaxBatchSize = 10_000;

    /// <summary>The maximum number of lines per purge.</summary>
    const int MaxPurgeSize = 1000;

    /// <summary>The longest line that is stored, in code points; the rest is cut off.</summary>
    const int MaxMessageLength = 2000;

    /// <summary>
    /// Appends lines in their order, all or none. What a source shows again (a tail that overlaps the one before) is not stored again: of
    /// equal lines with the same timestamp there are as many as the source showed at once. The same text at another time is another line.
    /// </summary>
    /// <remarks>A line that was purged and is sent again is stored again: ask the source for what is new.</remarks>
    /// <param name="deploymentId">The deployment.</param>
    /// <param name="source">Where the lines come from; lines of different sources are different.</param>
    /// <param name="lines">The lines, up to <see cref="MaxBatchSize"/>; none is nothing to do.</param>
    /// <param name="cancellationToken">Stops the insert.</param>
    /// <returns>The number of lines that were new.</returns>
    /// <exception cref="ArgumentException">
    /// Too many lines, a line that is null or has no message, or a source that is not known.
    /// </exception>
    /// <exception cref="MissingReferenceException">There is no such deployment.</exception>
    Task<int> AppendAsync(
        Guid deploymentId, RuntimeLogSource source, IReadOnlyCollection<NewDeploymentRuntimeLog> lines, CancellationToken cancellationToken = default);

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
