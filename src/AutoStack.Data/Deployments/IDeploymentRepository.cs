using AutoStack.Data.Containers;
using AutoStack.Data.Logs;

namespace AutoStack.Data.Deployments;

/// <summary>
/// The table <c>deployments</c>, as its owner sees it. The steps of workers are in <see cref="IDeploymentLifecycle"/>.
/// </summary>
public interface IDeploymentRepository
{
    /// <summary>The maximum number of rows that a page has.</summary>
    const int MaxListSize = 100;

    /// <summary>The maximum number of log lines that come with the details of a deployment.</summary>
    const int MaxDetailLogs = 1000;

    /// <summary>
    /// The NOTIFY channel that wakes workers when deployments are queued, after the commit that makes the deployments visible. The payload
    /// is empty: one notification reports all deployments that the process has queued since the previous one. A notification is a hint to
    /// claim, not a message: a missed one loses nothing, since the deployments wait in the table.
    /// </summary>
    const string QueueChannel = "autostack_deployments";

    /// <summary>Finds a deployment of a user.</summary>
    /// <param name="id">The deployment.</param>
    /// <param name="ownerId">The user.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The deployment; null when it does not exist, is deleted, or belongs to another user.</returns>
    Task<Deployment?> FindAsync(Guid id, Guid ownerId, CancellationToken cancellationToken = default);

    /// <summary>
    /// Finds a deployment of a user with its project, latest log lines, stages, containers and latest health checks, in one round trip.
    /// </summary>
    /// <param name="id">The deployment.</param>
    /// <param name="ownerId">The user.</param>
    /// <param name="maxLogs">
    /// The maximum number of log lines, 1 to <see cref="MaxDetailLogs"/>. Of stages, containers and health checks there are up to 100.
    /// </param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The deployment; null when it does not exist, is deleted, or belongs to another user.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="maxLogs"/> is out of its range.</exception>
    Task<DeploymentDetails?> FindDetailsAsync(Guid id, Guid ownerId, int maxLogs, CancellationToken cancellationToken = default);

    /// <summary>Lists a user's deployments with their projects, newest first.</summary>
    /// <param name="ownerId">The user.</param>
    /// <param name="cursor"><see cref="Cursor.Start"/>, or <see cref="Page{T}.Next"/> of the previous page.</param>
    /// <param name="limit">The maximum number of rows, 1 to <see cref="MaxListSize"/>.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The page; empty for an unknown user.</returns>
    /// <exception cref="ArgumentException"><paramref name="cursor"/> is from another kind of list.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="limit"/> is out of its range.</exception>
    Task<Page<DeploymentWithProject>> ListRecentAsync(
        Guid ownerId, Cursor cursor, int limit, CancellationToken cancellationToken = default);

    /// <summary>Lists the deployments of one project, newest first.</summary>
    /// <param name="projectId">The project.</param>
    /// <param name="ownerId">The user who owns it.</param>
    /// <param name="cursor"><see cref="Cursor.Start"/>, or <see cref="Page{T}.Next"/> of the previous page.</param>
    /// <param name="limit">The maximum number of rows, 1 to <see cref="MaxListSize"/>.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The page; empty when the project belongs to another user.</returns>
    /// <exception cref="ArgumentException"><paramref name="cursor"/> is from another kind of list.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="limit"/> is out of its range.</exception>
    Task<Page<Deployment>> ListByProjectAsync(
        Guid projectId, Guid ownerId, Cursor cursor, int limit, CancellationToken cancellationToken = default);

    /// <summary>Finds the newest deployment of a project.</summary>
    /// <param name="projectId">The project.</param>
    /// <param name="ownerId">The user who owns it.</param>
    /// <param name="status">Only a deployment with this status; null for any.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>
    /// The deployment; null when every deployment of the project is deleted or has another status, or the project belongs to another user.
    /// </returns>
    /// <exception cref="ArgumentException"><paramref name="status"/> is not known.</exception>
    Task<Deployment?> FindLatestAsync(
        Guid projectId, Guid ownerId, DeploymentStatus? status, CancellationToken cancellationToken = default);

    /// <summary>
    /// Queues a deployment together with its first stage and the environment of its project, and notifies <see cref="QueueChannel"/> after
    /// the commit. A repeated call with the same id returns the stored deployment.
    /// </summary>
    /// <param name="deployment">The deployment.</param>
    /// <param name="cancellationToken">Stops the insert.</param>
    /// <returns>The deployment as stored; null when the user has no such project.</returns>
    /// <exception cref="ArgumentException">
    /// A value is too long, an id is the empty one, Git refuses the branch, the creator type or <see cref="NewDeployment.Supersedes"/> is
    /// not known, or <see cref="NewDeployment.Supersedes"/> is combined with <see cref="NewDeployment.StartAt"/>; the message names the
    /// value.
    /// </exception>
    /// <exception cref="DuplicateException">The id belongs to a deployment of another project.</exception>
    /// <exception cref="SecretUnreadableException">The project's environment cannot be decrypted; nothing is queued.</exception>
    /// <exception cref="InvalidOperationException">
    /// The project has an environment, and no secret key is configured; nothing is queued.
    /// </exception>
    Task<Deployment?> EnqueueAsync(NewDeployment deployment, CancellationToken cancellationToken = default);

    /// <summary>
    /// Queues a copy of a deployment (the same commit, branch and kind) together with its first stage and the environment that its project
    /// has now, and notifies <see cref="QueueChannel"/> after the commit. A repeated call with the same <see cref="Redeployment.Id"/>
    /// returns the stored copy, also when the original was deleted since.
    /// </summary>
    /// <remarks>The creator type of the copy is <see cref="CreatorType.Manual"/>.</remarks>
    /// <param name="id">The deployment to copy, in any state.</param>
    /// <param name="ownerId">The user.</param>
    /// <param name="redeployment">The id of the copy, and what is left out; null for a generated id and nothing left out.</param>
    /// <param name="cancellationToken">Stops the insert.</param>
    /// <returns>The copy; null when the original does not exist, is deleted, or belongs to another user.</returns>
    /// <exception cref="ArgumentException"><see cref="Redeployment.Id"/> equals <paramref name="id"/>, or is the empty one.</exception>
    /// <exception cref="DuplicateException">
    /// <see cref="Redeployment.Id"/> belongs to a deployment that is not a copy: its project, branch or kind differs.
    /// </exception>
    /// <exception cref="SecretUnreadableException">The project's environment cannot be decrypted; nothing is queued.</exception>
    /// <exception cref="InvalidOperationException">
    /// The project has an environment, and no secret key is configured; nothing is queued.
    /// </exception>
    Task<Deployment?> RedeployAsync(
        Guid id, Guid ownerId, Redeployment? redeployment = null, CancellationToken cancellationToken = default);

    /// <summary>
    /// Queues a production deployment of an earlier commit: that of the last successful production deployment before the one that went
    /// live last, or of a chosen one. Branch, commit and environment are those of that deployment. Notifies <see cref="QueueChannel"/>
    /// after the commit. A repeated call with the same <see cref="Rollback.Id"/> returns the stored deployment.
    /// </summary>
    /// <remarks>
    /// The new deployment is built, and goes live at its success. A further rollback without a chosen deployment returns to the one that
    /// this one has replaced: to go further back, choose. The creator type is <see cref="CreatorType.Manual"/>.
    /// </remarks>
    /// <param name="projectId">The project.</param>
    /// <param name="ownerId">The user who owns it.</param>
    /// <param name="rollback">The deployment to return to, and the id of the new one; null for the last good one.</param>
    /// <param name="cancellationToken">Stops the insert.</param>
    /// <returns>
    /// The deployment; null when there is no such successful production deployment, or the project belongs to another user.
    /// </returns>
    /// <exception cref="ArgumentException">
    /// <see cref="Rollback.Id"/> equals <see cref="Rollback.DeploymentId"/>, or is the empty one.
    /// </exception>
    /// <exception cref="DuplicateException">
    /// <see cref="Rollback.Id"/> belongs to another kind of deployment, or to another project.
    /// </exception>
    /// <exception cref="SecretUnreadableException">The environment cannot be decrypted; nothing is queued.</exception>
    /// <exception cref="InvalidOperationException">
    /// The earlier deployment has an environment, and no secret key is configured; nothing is queued.
    /// </exception>
    Task<Deployment?> RollbackAsync(
        Guid projectId, Guid ownerId, Rollback? rollback = null, CancellationToken cancellationToken = default);

    /// <summary>
    /// Cancels a deployment that has not ended. The worker gets <see cref="TransitionOutcome.Cancelled"/> at the next step that it reports.
    /// </summary>
    /// <param name="id">The deployment.</param>
    /// <param name="ownerId">The user.</param>
    /// <param name="reason">
    /// The reason, for people to read, up to <see cref="Deployment.MaxReasonLength"/> characters; <see cref="ILogSecrets"/> masks it. Null
    /// for no reason.
    /// </param>
    /// <param name="cancellationToken">Stops the update.</param>
    /// <returns>The outcome.</returns>
    /// <exception cref="ArgumentException"><paramref name="reason"/> is too long.</exception>
    Task<CancelOutcome> CancelAsync(Guid id, Guid ownerId, string? reason, CancellationToken cancellationToken = default);

    /// <summary>
    /// Hides a deployment from its owner, and cancels it when it has not ended. The row stays until it is purged.
    /// </summary>
    /// <param name="id">The deployment.</param>
    /// <param name="ownerId">The user.</param>
    /// <param name="cancellationToken">Stops the update.</param>
    /// <returns>
    /// The containers of the deployment that are not stopped, up to 100, newest first: stop them. A repeated call returns those that are
    /// still not stopped. Null when the deployment does not exist or belongs to another user.
    /// </returns>
    Task<IReadOnlyList<DeploymentContainer>?> SoftDeleteAsync(Guid id, Guid ownerId, CancellationToken cancellationToken = default);
}

/// <summary>The outcome of a user's cancel.</summary>
public enum CancelOutcome
{
    /// <summary>The deployment is cancelled.</summary>
    Cancelled,

    /// <summary>The deployment had succeeded or failed before. Nothing changed.</summary>
    AlreadyFinished,

    /// <summary>The deployment does not exist, is deleted, or belongs to another user.</summary>
    NotFound,

    /// <summary>
    /// The deployment is cancelled, but another program builds it, such as the Python services, which do not read the row while they build:
    /// the next step of that program overwrites the cancel. Cancel it there, too.
    /// </summary>
    MayBeOverwritten,

    /// <summary>An earlier call, such as one whose answer was lost, cancelled the deployment. Nothing changed.</summary>
    AlreadyCancelled,
}
