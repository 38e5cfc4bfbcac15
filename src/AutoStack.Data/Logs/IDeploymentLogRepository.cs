namespace AutoStack.Data.Logs;

/// <summary>
/// The table <c>deployment_logs</c>. Lines are ordered by <see cref="DeploymentLog.Seq"/>, which a reader's cursor relies on.
/// </summary>
public interface IDeploymentLogRepository
{
    /// <summary>
    /// The channel that is notified when lines were committed, with the deployment's id as payload; soon after the commit, and once for
    /// many.
    /// </summary>
    const string Channel = "autostack_logs";

    /// <summary>The most lines that one read returns.</summary>
    const int MaxPageSize = 1000;

    /// <summary>The longest text to search for, in UTF-16 units.</summary>
    const int MaxSearchLength = 1000;

    /// <summary>Reads on from a place.</summary>
    /// <remarks>
    /// Whoever goes on from <see cref="LogPage.After"/> each time misses no line and gets none twice, however many write.
    /// </remarks>
    /// <param name="deploymentId">The deployment.</param>
    /// <param name="ownerId">The user who owns it.</param>
    /// <param name="after">The place; <see cref="LogCursor.Start"/> for the beginning.</param>
    /// <param name="limit">The number of lines at the most, 1 to <see cref="MaxPageSize"/>.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The lines; none at the end, or when the deployment is deleted or somebody else's.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="limit"/> is out of its range.</exception>
    Task<LogPage> ListAsync(Guid deploymentId, Guid ownerId, LogCursor after, int limit, CancellationToken cancellationToken = default);

    /// <summary>Reads the lines just before a place.</summary>
    /// <param name="deploymentId">The deployment.</param>
    /// <param name="ownerId">The user who owns it.</param>
    /// <param name="before">
    /// The place: <see cref="LogCursor.End"/> for the latest lines, or <see cref="LogPage.Before"/> to go further back.
    /// </param>
    /// <param name="limit">The number of lines at the most, 1 to <see cref="MaxPageSize"/>.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The lines, the oldest first; none at the beginning, or when the deployment is deleted or somebody else's.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="limit"/> is out of its range.</exception>
    Task<LogPage> ListTailAsync(Guid deploymentId, Guid ownerId, LogCursor before, int limit, CancellationToken cancellationToken = default);

    /// <summary>Reads the lines just before a place that are serious enough.</summary>
    /// <param name="deploymentId">The deployment.</param>
    /// <param name="ownerId">The user who owns it.</param>
    /// <param name="before">
    /// The place: <see cref="LogCursor.End"/> for the latest lines, or <see cref="LogPage.Before"/> to go further back.
    /// </param>
    /// <param name="limit">The number of lines at the most, 1 to <see cref="MaxPageSize"/>.</param>
    /// <param name="leastLevel">
    /// The least level. A line that says none counts as <c>info</c>; one whose level is not known is always among them.
    /// </param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The lines, the oldest first; none at the beginning, or when the deployment is deleted or somebody else's.</returns>
    /// <exception cref="ArgumentException">
    /// <paramref name="leastLevel"/> is not known, or <paramref name="limit"/> is out of its range.
    /// </exception>
    Task<LogPage> ListTailAsync(
        Guid deploymentId, Guid ownerId, LogCursor before, int limit, DeploymentLogLevel leastLevel, CancellationToken cancellationToken = default);

    /// <summary>Finds the lines of a deployment that contain a text, whatever its case, as a person sees them.</summary>
    /// <remarks>
    /// <para>Terminal control sequences (colours, links, titles), control characters and characters of no width do not hide a text, and
    /// what follows a backspace or a cursor to the left replaces what stood there; the lines are returned as they are stored. Case is that
    /// of Unicode, letter by letter, whatever the locale of the database. No character of the text has a special meaning.</para>
    /// <para>The time is proportional to the size of the lines searched, whatever the text. After
    /// <see cref="AutoStackDataOptions.LogSearchTime"/> the call returns what it has found so far: continue from
    /// <see cref="LogSearchResult.After"/> until <see cref="LogSearchResult.IsComplete"/>. It reads the log by statements of at most 2,000
    /// lines or 4 MiB, none of which runs long, so that neither the end of its time nor a cancellation leaves a statement behind. In a unit
    /// of work the end of its time is no error: the unit continues.</para>
    /// </remarks>
    /// <param name="deploymentId">The deployment.</param>
    /// <param name="ownerId">The user who owns it.</param>
    /// <param name="text">The text, 1 to <see cref="MaxSearchLength"/> UTF-16 units long.</param>
    /// <param name="after">Where to start: <see cref="LogCursor.Start"/>, or <see cref="LogSearchResult.After"/> to continue.</param>
    /// <param name="limit">The maximum number of lines, 1 to <see cref="MaxPageSize"/>.</param>
    /// <param name="cancellationToken">Stops the search.</param>
    /// <returns>The lines found; empty and complete when the deployment is deleted or somebody else's.</returns>
    /// <exception cref="ArgumentException">
    /// <paramref name="text"/> is null, empty or too long, or <paramref name="limit"/> is out of its range.
    /// </exception>
    Task<LogSearchResult> SearchAsync(Guid deploymentId, Guid ownerId, string text, LogCursor after, int limit, CancellationToken cancellationToken = default);
}
