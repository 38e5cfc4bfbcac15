namespace AutoStack.Data.Logs;

/// <summary>
/// The table <c>deployment_runtime_logs</c>. Lines are ordered by <see cref="DeploymentRuntimeLog.Seq"/>; a cursor is a place in that
/// order.
/// </summary>
public interface IDeploymentRuntimeLogRepository
{
    /// <summary>The maximum number of lines per page.</summary>
    const int MaxPageSize = 1000;

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
    Task<LogPage<DeploymentRuntimeLog>> ListAsync(
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
    Task<LogPage<DeploymentRuntimeLog>> ListTailAsync(
        Guid deploymentId, Guid ownerId, Cursor cursor, int limit, CancellationToken cancellationToken = default);
}
