namespace AutoStack.Data.Logs;

/// <summary>
/// The table <c>deployment_logs</c>. Lines are ordered by <see cref="DeploymentLog.Seq"/>; a cursor is a place in that order.
/// </summary>
public interface IDeploymentLogRepository
{
    /// <summary>
    /// The channel that is notified soon after lines were committed, once for many lines; the payload is the deployment's id.
    /// </summary>
    const string Channel = "autostack_logs";

    /// <summary>The maximum number of lines per page.</summary>
    const int MaxPageSize = 1000;

    /// <summary>The maximum length of a text to search for, in UTF-16 units.</summary>
    const int MaxSearchLength = 1000;

    /// <summary>Lists the lines after a place.</summary>
    /// <remarks>
    /// Reading on from <see cref="LogPage{T}.After"/> returns every line exactly once, even with concurrent writers.
    /// </remarks>
    /// <param name="deploymentId">The deployment.</param>
    /// <param name="ownerId">The user who owns the deployment.</param>
    /// <param name="cursor">The place; <see cref="Cursor.Start"/> for the first line.</param>
    /// <param name="limit">The maximum number of lines, 1 to <see cref="MaxPageSize"/>.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The lines; empty at the end, or when the deployment is deleted or belongs to another user.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="limit"/> is out of range.</exception>
    /// <exception cref="ArgumentException"><paramref name="cursor"/> belongs to another kind of list.</exception>
    Task<LogPage<DeploymentLog>> ListAsync(
        Guid deploymentId, Guid ownerId, Cursor cursor, int limit, CancellationToken cancellationToken = default);

    /// <summary>Lists the last lines before a place.</summary>
    /// <param name="deploymentId">The deployment.</param>
    /// <param name="ownerId">The user who owns the deployment.</param>
    /// <param name="cursor">
    /// The place: <see cref="Cursor.Start"/> for the latest lines, then <see cref="LogPage{T}.Before"/> to go further back.
    /// </param>
    /// <param name="limit">The maximum number of lines, 1 to <see cref="MaxPageSize"/>.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>
    /// The lines, oldest first; empty at the first line, or when the deployment is deleted or belongs to another user.
    /// </returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="limit"/> is out of range.</exception>
    /// <exception cref="ArgumentException"><paramref name="cursor"/> belongs to another kind of list.</exception>
    Task<LogPage<DeploymentLog>> ListTailAsync(
        Guid deploymentId, Guid ownerId, Cursor cursor, int limit, CancellationToken cancellationToken = default);

    /// <summary>Lists the last lines before a place whose severity is at least a level.</summary>
    /// <param name="deploymentId">The deployment.</param>
    /// <param name="ownerId">The user who owns the deployment.</param>
    /// <param name="leastLevel">
    /// The minimum level. A line without a level counts as <c>info</c>; a line of an unknown level is always returned.
    /// </param>
    /// <param name="cursor">
    /// The place: <see cref="Cursor.Start"/> for the latest lines, then <see cref="LogPage{T}.Before"/> to go further back.
    /// </param>
    /// <param name="limit">The maximum number of lines, 1 to <see cref="MaxPageSize"/>.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>
    /// The lines, oldest first; empty at the first line, or when the deployment is deleted or belongs to another user.
    /// </returns>
    /// <exception cref="ArgumentException">
    /// <paramref name="leastLevel"/> is unknown, <paramref name="limit"/> is out of range, or <paramref name="cursor"/> belongs to another
    /// kind of list.
    /// </exception>
    Task<LogPage<DeploymentLog>> ListTailAsync(
        Guid deploymentId,
        Guid ownerId,
        DeploymentLogLevel leastLevel,
        Cursor cursor,
        int limit,
        CancellationToken cancellationToken = default);

    /// <summary>Finds the lines of a deployment that contain a text as a person sees them, ignoring case.</summary>
    /// <remarks>
    /// <para>Terminal control sequences (colours, links, titles), control characters and zero-width characters do not hide a text, and
    /// text after a backspace or a cursor movement to the left replaces the text under it; lines are returned as stored. Case is compared
    /// letter by letter as in Unicode, whatever the locale of the database. No character of the text has a special meaning.</para>
    /// <para>The time is proportional to the size of the lines searched, whatever the text; with the feature <c>log-search</c>, an index
    /// finds rare texts of three letters or digits in a row, with the same results. After
    /// <see cref="AutoStackDataOptions.LogSearchTime"/> the call returns its matches so far: continue from
    /// <see cref="LogSearchResult.SearchedTo"/> until <see cref="LogSearchResult.IsComplete"/>. The search reads the log in short
    /// statements of at most 2,000 lines or 4 MiB, so that neither the end of its time nor a cancellation leaves a running statement
    /// behind. In a unit of work the end of the time is not an error: the unit continues.</para>
    /// </remarks>
    /// <param name="deploymentId">The deployment.</param>
    /// <param name="ownerId">The user who owns the deployment.</param>
    /// <param name="text">The text, 1 to <see cref="MaxSearchLength"/> UTF-16 units long.</param>
    /// <param name="cursor">
    /// The place to start after: <see cref="Cursor.Start"/> for the first line, or <see cref="LogSearchResult.SearchedTo"/>.
    /// </param>
    /// <param name="limit">The maximum number of lines found, 1 to <see cref="MaxPageSize"/>.</param>
    /// <param name="cancellationToken">Stops the search.</param>
    /// <returns>The lines found; empty and complete when the deployment is deleted or belongs to another user.</returns>
    /// <exception cref="ArgumentException">
    /// <paramref name="text"/> is null, empty or too long, <paramref name="limit"/> is out of range, or <paramref name="cursor"/> belongs
    /// to another kind of list.
    /// </exception>
    Task<LogSearchResult> SearchAsync(
        Guid deploymentId, Guid ownerId, string text, Cursor cursor, int limit, CancellationToken cancellationToken = default);
}
