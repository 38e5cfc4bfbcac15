namespace AutoStack.Data.Deployments;

/// <summary>The table <c>deployment_runtime_logs</c>. Lines are ordered by <see cref="DeploymentRuntimeLog.Seq"/>, which a reader's cursor relies on.</summary>
public interface IDeploymentRuntimeLogRepository
{
    /// <summary>The most lines that one read returns or a purge removes.</summary>
    const int MaxPageSize = 1000;

    /// <summary>The most lines that one append takes.</summary>
    const int MaxBatchSize = 10_000;

    /// <summary>The longest line that is stored, in code points; the rest is cut off.</summary>
    const int MaxMessageLength = 2000;

    /// <summary>Reads on from a place.</summary>
    /// <remarks>Whoever goes on from <see cref="RuntimeLogPage.After"/> each time misses no line and gets none twice, however many write.</remarks>
    /// <param name="deploymentId">The deployment.</param>
    /// <param name="ownerId">The user who owns it.</param>
    /// <param name="after">The place; <see cref="LogCursor.Start"/> for the beginning.</param>
    /// <param name="limit">The number of lines at the most, 1 to <see cref="MaxPageSize"/>.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The lines; none at the end, or when the deployment is deleted or somebody else's.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="limit"/> is out of its range.</exception>
    Task<RuntimeLogPage> ListAsync(Guid deploymentId, Guid ownerId, LogCursor after, int limit, CancellationToken cancellationToken);

    /// <summary>Reads the lines just before a place.</summary>
    /// <param name="deploymentId">The deployment.</param>
    /// <param name="ownerId">The user who owns it.</param>
    /// <param name="before">The place: <see cref="LogCursor.End"/> for the latest lines, or <see cref="RuntimeLogPage.Before"/> to go further back.</param>
    /// <param name="limit">The number of lines at the most, 1 to <see cref="MaxPageSize"/>.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The lines, the oldest first; none at the beginning, or when the deployment is deleted or somebody else's.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="limit"/> is out of its range.</exception>
    Task<RuntimeLogPage> ListTailAsync(Guid deploymentId, Guid ownerId, LogCursor before, int limit, CancellationToken cancellationToken);

    /// <summary>
    /// Appends lines in their order, all or none. What a source shows again (a tail that overlaps the one before) is not stored again: of equal
    /// lines with the same timestamp there are as many as the source showed at once. The same text at another time is another line.
    /// </summary>
    /// <remarks>A line that was purged and is sent again is stored again: ask the source for what is new.</remarks>
    /// <param name="deploymentId">The deployment.</param>
    /// <param name="source">Where the lines come from; lines of different sources are different.</param>
    /// <param name="lines">The lines, up to <see cref="MaxBatchSize"/>; none is nothing to do.</param>
    /// <param name="cancellationToken">Stops the insert.</param>
    /// <returns>The number of lines that were new.</returns>
    /// <exception cref="ArgumentException">Too many lines, a line that is null or has no message, or a source that is not known.</exception>
    /// <exception cref="MissingReferenceException">There is no such deployment.</exception>
    Task<int> AppendAsync(
        Guid deploymentId, RuntimeLogSource source, IReadOnlyCollection<NewDeploymentRuntimeLog> lines, CancellationToken cancellationToken);

    /// <summary>Removes the old beginnings of logs, in the order of the deployments' ids.</summary>
    /// <remarks>
    /// Of each log goes what stands before its first line that is young enough, so that what is kept has no gap; the last line always stays,
    /// so that no number is given twice. A reader whose place is in what was removed goes on with the first line that is kept.
    /// </remarks>
    /// <param name="before">Only lines whose timestamp lies before this moment.</param>
    /// <param name="limit">The number of lines at the most, 1 to <see cref="MaxPageSize"/>.</param>
    /// <param name="cancellationToken">Stops the delete.</param>
    /// <returns>The number of lines removed; call again while it is above zero. Logs that another purge is at are passed over.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="limit"/> is out of its range.</exception>
    Task<int> PurgeAsync(DateTimeOffset before, int limit, CancellationToken cancellationToken);
}
