namespace AutoStack.Data.Deployments;

/// <summary>The table <c>deployment_logs</c>. Lines are ordered by <see cref="DeploymentLog.Seq"/>, which a reader's cursor relies on.</summary>
public interface IDeploymentLogRepository
{
    /// <summary>The channel that is notified when lines were committed, with the deployment's id as payload; soon after the commit, and once for many.</summary>
    const string Channel = "autostack_logs";

    /// <summary>The most lines that one read returns.</summary>
    const int MaxPageSize = 1000;

    /// <summary>The most lines that one append takes.</summary>
    const int MaxBatchSize = 10_000;

    /// <summary>The longest text to search for, in UTF-16 units.</summary>
    const int MaxSearchLength = 1000;

    /// <summary>Reads on from a place.</summary>
    /// <remarks>Whoever goes on from <see cref="LogPage.After"/> each time misses no line and gets none twice, however many write.</remarks>
    /// <param name="deploymentId">The deployment.</param>
    /// <param name="ownerId">The user who owns it.</param>
    /// <param name="after">The place; <see cref="LogCursor.Start"/> for the beginning.</param>
    /// <param name="limit">The number of lines at the most, 1 to <see cref="MaxPageSize"/>.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The lines; none at the end, or when the deployment is deleted or somebody else's.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="limit"/> is out of its range.</exception>
    Task<LogPage> ListAsync(Guid deploymentId, Guid ownerId, LogCursor after, int limit, CancellationToken cancellationToken);

    /// <summary>Reads the lines just before a place.</summary>
    /// <param name="deploymentId">The deployment.</param>
    /// <param name="ownerId">The user who owns it.</param>
    /// <param name="before">The place: <see cref="LogCursor.End"/> for the latest lines, or <see cref="LogPage.Before"/> to go further back.</param>
    /// <param name="limit">The number of lines at the most, 1 to <see cref="MaxPageSize"/>.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The lines, the oldest first; none at the beginning, or when the deployment is deleted or somebody else's.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="limit"/> is out of its range.</exception>
    Task<LogPage> ListTailAsync(Guid deploymentId, Guid ownerId, LogCursor before, int limit, CancellationToken cancellationToken);

    /// <summary>Reads the lines just before a place that are serious enough.</summary>
    /// <param name="deploymentId">The deployment.</param>
    /// <param name="ownerId">The user who owns it.</param>
    /// <param name="before">The place: <see cref="LogCursor.End"/> for the latest lines, or <see cref="LogPage.Before"/> to go further back.</param>
    /// <param name="limit">The number of lines at the most, 1 to <see cref="MaxPageSize"/>.</param>
    /// <param name="leastLevel">The least level. A line that says none counts as <c>info</c>; one whose level is not known is always among them.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The lines, the oldest first; none at the beginning, or when the deployment is deleted or somebody else's.</returns>
    /// <exception cref="ArgumentException"><paramref name="leastLevel"/> is not known, or <paramref name="limit"/> is out of its range.</exception>
    Task<LogPage> ListTailAsync(
        Guid deploymentId, Guid ownerId, LogCursor before, int limit, DeploymentLogLevel leastLevel, CancellationToken cancellationToken);

    /// <summary>Finds the lines of a deployment that contain a text, whatever its case.</summary>
    /// <remarks>Which letters differ by case only is the database's collation to say. No character of the text has a special meaning.</remarks>
    /// <param name="deploymentId">The deployment.</param>
    /// <param name="ownerId">The user who owns it.</param>
    /// <param name="text">The text, 1 to <see cref="MaxSearchLength"/> long.</param>
    /// <param name="after">Where to begin: <see cref="LogCursor.Start"/>, or <see cref="LogPage.After"/> to go on.</param>
    /// <param name="limit">The number of lines at the most, 1 to <see cref="MaxPageSize"/>.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The lines, the oldest first; none when no further line has it, or the deployment is deleted or somebody else's.</returns>
    /// <exception cref="ArgumentException"><paramref name="text"/> is null, empty or too long, or <paramref name="limit"/> is out of its range.</exception>
    Task<LogPage> SearchAsync(Guid deploymentId, Guid ownerId, string text, LogCursor after, int limit, CancellationToken cancellationToken);

    /// <summary>
    /// Appends lines in their order, all or none. Several may append to one deployment at once: each batch stays together, and numbers have
    /// no gap. Lines that carry an id may be sent again after a failure; those stored before are passed over.
    /// </summary>
    /// <param name="deploymentId">The deployment.</param>
    /// <param name="lines">The lines, up to <see cref="MaxBatchSize"/>; none is nothing to do.</param>
    /// <param name="cancellationToken">Stops the insert.</param>
    /// <returns>A task that ends when the lines are committed, or, in a unit of work, sent.</returns>
    /// <exception cref="ArgumentException">Too many lines, a line that is null or has no message, or a level that is not known.</exception>
    /// <exception cref="MissingReferenceException">There is no such deployment.</exception>
    /// <exception cref="DuplicateException">An id belongs to a line of another deployment, or is given twice.</exception>
    Task AppendAsync(Guid deploymentId, IReadOnlyCollection<NewDeploymentLog> lines, CancellationToken cancellationToken);

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
