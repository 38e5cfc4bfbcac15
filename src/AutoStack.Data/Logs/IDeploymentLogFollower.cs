namespace AutoStack.Data.Logs;

/// <summary>Follows logs while they grow, whoever writes them. One connection per process listens for all who follow.</summary>
/// <remarks>Its calls are no part of a unit of work: <see cref="IRepositories"/> does not have it.</remarks>
public interface IDeploymentLogFollower
{
    /// <summary>
    /// The lines of a deployment behind a place: first those that are there, then each one that comes, soon after its commit; none is
    /// missed and none comes twice. Whoever goes on later, after a restart or in another process, gives the <see cref="DeploymentLog.Seq"/>
    /// of the last line.
    /// </summary>
    /// <remarks>
    /// It ends when the deployment has, and nothing more has come: lines that are committed up to
    /// <see cref="AutoStackDataOptions.LogPollInterval"/> after the end are still delivered. While the database is away it waits.
    /// Notifications that are lost, and lines of writers that send none, are found by looking once an interval, by one statement for all
    /// who follow.
    /// </remarks>
    /// <param name="deploymentId">The deployment.</param>
    /// <param name="ownerId">The user who owns it.</param>
    /// <param name="from">
    /// The place: <see cref="LogCursor.Start"/> for all lines, <see cref="LogCursor.End"/> for those that come from now on.
    /// </param>
    /// <param name="cancellationToken">Ends the following.</param>
    /// <returns>
    /// The lines in their order. None when there is no such deployment or it is somebody else's; it ends when the deployment is deleted.
    /// </returns>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <exception cref="ObjectDisposedException">The services were disposed.</exception>
    IAsyncEnumerable<DeploymentLog> FollowAsync(Guid deploymentId, Guid ownerId, LogCursor from, CancellationToken cancellationToken = default);
}
