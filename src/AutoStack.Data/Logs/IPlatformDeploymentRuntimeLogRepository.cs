namespace AutoStack.Data.Logs;

/// <summary>The table <c>deployment_runtime_logs</c>, for the platform's own work: reaches the logs of every user.</summary>
public interface IPlatformDeploymentRuntimeLogRepository
{
    /// <summary>The maximum number of lines per append.</summary>
    const int MaxBatchSize = 10_000;

    /// <summary>The maximum number of lines per purge.</summary>
    const int MaxPurgeSize = 1000;

    /// <summary>
    /// Appends lines in order, all or none. Lines that the source reports again, as in overlapping tails, are not stored again: of equal
    /// lines with the same timestamp the log holds as many as the source reported at once. The same text at another time is another line.
    /// </summary>
    /// <remarks>A line that was purged and is sent again is stored again: request only new lines from the source.</remarks>
    /// <param name="deploymentId">The deployment.</param>
    /// <param name="source">The source of the lines; equal lines of different sources are different lines.</param>
    /// <param name="lines">The lines, at most <see cref="MaxBatchSize"/>; an empty list does nothing.</param>
    /// <param name="cancellationToken">Stops the insert.</param>
    /// <returns>The number of lines that were new: 0 when the caller repeats a call whose lines are stored.</returns>
    /// <exception cref="ArgumentException">
    /// There are too many lines, a line is null or has no message, or the source is unknown.
    /// </exception>
    /// <exception cref="MissingReferenceException">The deployment does not exist.</exception>
    Task<int> AppendAsync(
        Guid deploymentId,
        RuntimeLogSource source,
        IReadOnlyCollection<NewDeploymentRuntimeLog> lines,
        CancellationToken cancellationToken = default);

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
