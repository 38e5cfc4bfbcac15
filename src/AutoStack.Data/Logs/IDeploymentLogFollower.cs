namespace AutoStack.Data.Logs;

/// <summary>Follows growing logs, whichever process writes them. One connection per process listens for all followers.</summary>
/// <remarks>The follower is not part of a unit of work: <see cref="IRepositories"/> does not return it.</remarks>
public interface IDeploymentLogFollower
{
    /// <summary>
    /// Streams the lines of a deployment after a place: first the stored lines, then each new line soon after its commit, every line
    /// exactly once. To resume after a restart or in another process, pass the <see cref="DeploymentLog.Cursor"/> of the last line
    /// received.
    /// </summary>
    /// <remarks>
    /// The stream ends when the deployment has ended and no further line arrives: lines committed up to
    /// <see cref="AutoStackDataOptions.LogPollInterval"/> after the end are still delivered. While the database is unreachable, the stream
    /// waits. Once per interval, one statement for all followers finds lines whose notification was lost or whose writer sends none.
    /// <para>
    /// A failover of the database may lose lines that were delivered: where commits do not wait for a standby, and where the primary dies
    /// between a commit and the answer of the standby. Later lines get their numbers. A line whose <see cref="DeploymentLog.Seq"/> is not
    /// higher than that of the line before it therefore replaces the lines from its number on. The stream goes back as far as the lines
    /// that it remembers, at least 256. A stream that begins at the cursor of a lost line goes back only while the log is shorter.
    /// </para>
    /// </remarks>
    /// <param name="deploymentId">The deployment.</param>
    /// <param name="ownerId">The user who owns the deployment.</param>
    /// <param name="cursor">
    /// The place: <see cref="Cursor.Start"/> for all lines, <see cref="DeploymentLog.Cursor"/> to resume after a line,
    /// <see cref="LogPage{T}.After"/> of the tail for new lines only.
    /// </param>
    /// <param name="cancellationToken">Ends the stream.</param>
    /// <returns>
    /// The lines in order, from the place on in each enumeration; no line when the deployment does not exist or belongs to another user:
    /// <see cref="FindAsync"/> tells this from an empty log. The stream ends when the deployment is deleted.
    /// </returns>
    /// <exception cref="ArgumentException"><paramref name="cursor"/> belongs to another kind of list.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <exception cref="ObjectDisposedException">The services were disposed.</exception>
    IAsyncEnumerable<DeploymentLog> FollowAsync(
        Guid deploymentId, Guid ownerId, Cursor cursor, CancellationToken cancellationToken = default);

    /// <summary>
    /// Finds the log of a deployment and follows it as <see cref="FollowAsync"/> does. The query that reads the first lines also says
    /// whether the deployment is the user's, before the stream begins: a service answers with a status, and makes no query for that alone.
    /// </summary>
    /// <param name="deploymentId">The deployment.</param>
    /// <param name="ownerId">The user who owns the deployment.</param>
    /// <param name="cursor">The place, as for <see cref="FollowAsync"/>.</param>
    /// <param name="cancellationToken">Stops the query, and ends the stream.</param>
    /// <returns>
    /// The stream, whose first enumeration begins with the lines that the query has read; null when the deployment does not exist, is
    /// deleted, or belongs to another user.
    /// </returns>
    /// <exception cref="ArgumentException"><paramref name="cursor"/> belongs to another kind of list.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <exception cref="ObjectDisposedException">The services were disposed.</exception>
    Task<IAsyncEnumerable<DeploymentLog>?> FindAsync(
        Guid deploymentId, Guid ownerId, Cursor cursor, CancellationToken cancellationToken = default);
}
