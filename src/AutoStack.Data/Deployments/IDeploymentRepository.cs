using AutoStack.Data.Containers;
using AutoStack.Data.Logs;

namespace AutoStack.Data.Deployments;

/// <summary>The table <c>deployments</c>, as its owner sees it. What workers do to it is in <see cref="IDeploymentLifecycle"/>.</summary>
public interface IDeploymentRepository
{
    /// <summary>The most rows that a list returns at once.</summary>
    const int MaxListSize = 100;

    /// <summary>The most log lines that come with the details of a deployment.</summary>
    const int MaxDetailLogs = 1000;

    /// <summary>The longest reason of a failure or a cancel, in characters.</summary>
    const int MaxReasonLength = 10_000;

    /// <summary>The longest address of a deployment, in characters.</summary>
    const int MaxUrlLength = 2048;

    /// <summary>
    /// Of commit messages and reasons, lists return this number of characters; <see cref="FindAsync"/> and the details return the whole
    /// text.
    /// </summary>
    const int MaxListTextLength = 500;

    /// <summary>
    /// The channel of NOTIFY that tells workers of new deployments in the queue, with the commit that makes them visible. The payload is
    /// empty: the deployments of one transaction are one notification. A hint to claim, not a message: what is missed waits in the queue.
    /// </summary>
    const string QueueChannel = "autostack_deployments";

    /// <summary>Finds a deployment of a user.</summary>
    /// <param name="id">The deployment.</param>
    /// <param name="ownerId">The user.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The deployment; null when there is none, it is deleted, or it belongs to somebody else.</returns>
    Task<Deployment?> FindAsync(Guid id, Guid ownerId, CancellationToken cancellationToken = default);

    /// <summary>
    /// Finds a deployment of a user with its project, latest log lines, stages, containers and latest health checks, in one round trip.
    /// </summary>
    /// <param name="id">The deployment.</param>
    /// <param name="ownerId">The user.</param>
    /// <param name="maxLogs">
    /// The number of log lines at the most, 1 to <see cref="MaxDetailLogs"/>. Of stages, containers and health checks there are up to 100.
    /// </param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The deployment; null when there is none, it is deleted, or it belongs to somebody else.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="maxLogs"/> is out of its range.</exception>
    Task<DeploymentDetails?> FindDetailsAsync(Guid id, Guid ownerId, int maxLogs, CancellationToken cancellationToken = default);

    /// <summary>Lists a user's deployments with their projects, the newest first.</summary>
    /// <param name="ownerId">The user.</param>
    /// <param name="limit">The number of rows at the most, 1 to <see cref="MaxListSize"/>.</param>
    /// <param name="after">Where to go on: the cursor of the last row seen, or <see cref="DeploymentCursor.Start"/>.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The rows; fewer than <paramref name="limit"/> at the end of the list, none for an unknown user.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="limit"/> is out of its range.</exception>
    Task<IReadOnlyList<DeploymentWithProject>> ListRecentAsync(Guid ownerId, int limit, DeploymentCursor after, CancellationToken cancellationToken = default);

    /// <summary>Lists the deployments of one project, the newest first.</summary>
    /// <param name="projectId">The project.</param>
    /// <param name="ownerId">The user who owns it.</param>
    /// <param name="limit">The number of rows at the most, 1 to <see cref="MaxListSize"/>.</param>
    /// <param name="after">Where to go on: time and id of the last row seen, or <see cref="DeploymentCursor.Start"/>.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The rows; none when the project belongs to somebody else.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="limit"/> is out of its range.</exception>
    Task<IReadOnlyList<Deployment>> ListByProjectAsync(Guid projectId, Guid ownerId, int limit, DeploymentCursor after, CancellationToken cancellationToken = default);

    /// <summary>Finds the newest deployment of a project.</summary>
    /// <param name="projectId">The project.</param>
    /// <param name="ownerId">The user who owns it.</param>
    /// <param name="status">Only one that stands there; null for any.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The deployment; null when there is none that is not deleted, or the project belongs to somebody else.</returns>
    /// <exception cref="ArgumentException"><paramref name="status"/> is not known.</exception>
    Task<Deployment?> FindLatestAsync(Guid projectId, Guid ownerId, DeploymentStatus? status, CancellationToken cancellationToken = default);

    /// <summary>
    /// Queues a deployment together with its first stage, and notifies <see cref="QueueChannel"/>. Repeated with the same id, it returns
    /// the deployment that is there.
    /// </summary>
    /// <param name="deployment">The deployment.</param>
    /// <param name="cancellationToken">Stops the insert.</param>
    /// <returns>The deployment as stored; null when the user has no such project.</returns>
    /// <exception cref="ArgumentException">
    /// A value is too long, a branch that Git refuses, or a creator type that is not known; the message names it.
    /// </exception>
    /// <exception cref="DuplicateException">The id belongs to a deployment of another project.</exception>
    Task<Deployment?> EnqueueAsync(NewDeployment deployment, CancellationToken cancellationToken = default);

    /// <summary>
    /// Queues a deployment of the same commit, branch and kind as one that is there, together with its first stage, and notifies
    /// <see cref="QueueChannel"/>. Repeated with the same new id, it returns the deployment that is there, also when the first one was
    /// deleted meanwhile.
    /// </summary>
    /// <remarks>The copy is a manual one. It has no environment of its own: it is built with what the project has by then.</remarks>
    /// <param name="id">The deployment to be repeated, wherever it stands.</param>
    /// <param name="ownerId">The user.</param>
    /// <param name="newId">The id of the new one; null to have one made.</param>
    /// <param name="cancellationToken">Stops the insert.</param>
    /// <returns>The new deployment; null when there is none to be repeated, it is deleted, or it belongs to somebody else.</returns>
    /// <exception cref="ArgumentException"><paramref name="newId"/> is <paramref name="id"/>.</exception>
    /// <exception cref="DuplicateException">
    /// <paramref name="newId"/> belongs to a deployment that is no copy: of another project, branch or kind.
    /// </exception>
    Task<Deployment?> RedeployAsync(Guid id, Guid ownerId, Guid? newId, CancellationToken cancellationToken = default);

    /// <summary>Cancels a deployment that has not ended; its worker is told at the next step it reports.</summary>
    /// <param name="id">The deployment.</param>
    /// <param name="ownerId">The user.</param>
    /// <param name="reason"> The reason, for people to read, up to <see cref="MaxReasonLength"/> characters; <see cref="ILogSecrets"/>
    /// masks it. Null for no reason.
    /// </param>
    /// <param name="cancellationToken">Stops the update.</param>
    /// <returns>Whether it was cancelled, and if not, why.</returns>
    /// <exception cref="ArgumentException"><paramref name="reason"/> is too long.</exception>
    Task<CancelOutcome> CancelAsync(Guid id, Guid ownerId, string? reason, CancellationToken cancellationToken = default);

    /// <summary>
    /// Deletes a deployment for its owner's eyes; one that has not ended is cancelled as well. The row stays until it is purged.
    /// </summary>
    /// <param name="id">The deployment.</param>
    /// <param name="ownerId">The user.</param>
    /// <param name="cancellationToken">Stops the update.</param>
    /// <returns>
    /// Its containers that are not stopped, up to 100, the newest first: stop them. Null when there is no such deployment, it is deleted
    /// already, or it belongs to somebody else.
    /// </returns>
    Task<IReadOnlyList<DeploymentContainer>?> SoftDeleteAsync(Guid id, Guid ownerId, CancellationToken cancellationToken = default);
}

/// <summary>What came of a user's wish to cancel.</summary>
public enum CancelOutcome
{
    /// <summary>The deployment is cancelled.</summary>
    Cancelled,

    /// <summary>It had ended before: done, failed or cancelled. Nothing changed.</summary>
    AlreadyFinished,

    /// <summary>There is no such deployment of this user, or it is deleted.</summary>
    NotFound,

    /// <summary>
    /// The deployment is cancelled, and another program builds it, such as the Python services, which do not read the row while they build:
    /// their next step overwrites the cancel. Cancel it there, too.
    /// </summary>
    MayBeOverwritten,
}
