namespace AutoStack.Data.Deployments;

/// <summary>
/// What a worker does to a deployment, from the queue to the end. Every step is one round trip and one transaction: the deployment changes
/// only from a state that the step may start in, and its stages follow. A user's cancel is never overwritten.
/// </summary>
public interface IDeploymentLifecycle
{
    /// <summary>Where a deployment stands now, also when it is deleted; a cheap question for a worker between two steps.</summary>
    /// <param name="id">The deployment.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>Its status, <see cref="DeploymentStatus.Cancelled"/> when the work is to stop; null when there is no such row.</returns>
    Task<DeploymentStatus?> FindStatusAsync(Guid id, CancellationToken cancellationToken);

    /// <summary>Takes the oldest queued deployment: it becomes <c>cloning</c> and started. No two workers get the same one, and none waits for another.</summary>
    /// <remarks>In a unit of work, throwing gives the deployment back to the queue.</remarks>
    /// <param name="cancellationToken">Stops the claim.</param>
    /// <returns>The deployment and its project; null when the queue is empty.</returns>
    Task<DeploymentWithProject?> ClaimNextAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Takes the oldest queued deployment of a project that has fewer than so many under way: claimed, not ended and not deleted. Projects
    /// that are at their limit are passed over, however long their queue is.
    /// </summary>
    /// <remarks>
    /// Claims in one project go one after the other: a project in which another claim is not committed yet is passed over, too, so that no
    /// worker waits. The limit holds when every worker claims with it. In a unit of work, throwing gives the deployment back to the queue.
    /// </remarks>
    /// <param name="maxPerProject">How many deployments of one project may be under way at once, 1 or more.</param>
    /// <param name="cancellationToken">Stops the claim.</param>
    /// <returns>The deployment and its project; null when there is none to be taken at this moment: what is queued may have to wait.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="maxPerProject"/> is below 1.</exception>
    Task<DeploymentWithProject?> ClaimNextAsync(int maxPerProject, CancellationToken cancellationToken);

    /// <summary>Moves a claimed deployment on to a later step; steps may be left out.</summary>
    /// <param name="id">The deployment.</param>
    /// <param name="step">The step: checkout, installing, building or copying.</param>
    /// <param name="cancellationToken">Stops the update.</param>
    /// <returns>Whether it moved, and if not, why.</returns>
    /// <exception cref="ArgumentException"><paramref name="step"/> is none of the steps.</exception>
    Task<TransitionResult> AdvanceAsync(Guid id, DeploymentStatus step, CancellationToken cancellationToken);

    /// <summary>Notes which commit is being built. What was known of the same commit before, and is null here, stays.</summary>
    /// <param name="id">The deployment.</param>
    /// <param name="commit">The commit.</param>
    /// <param name="cancellationToken">Stops the update.</param>
    /// <returns>False when there is no such deployment, or it has ended.</returns>
    /// <exception cref="ArgumentException">A value is too long; the message names it.</exception>
    Task<bool> SetCommitAsync(Guid id, CommitInfo commit, CancellationToken cancellationToken);

    /// <summary>Ends a deployment that was being built or copied, with success.</summary>
    /// <param name="id">The deployment.</param>
    /// <param name="deployedUrl">Where the result can be reached; null when it has no address.</param>
    /// <param name="cancellationToken">Stops the update.</param>
    /// <returns>Whether it ended by this call, and if not, why.</returns>
    Task<TransitionResult> SucceedAsync(Guid id, string? deployedUrl, CancellationToken cancellationToken);

    /// <summary>Ends a deployment with an error, from any step; the current stage fails with the same reason.</summary>
    /// <param name="id">The deployment.</param>
    /// <param name="reason">What went wrong, for people to read.</param>
    /// <param name="cancellationToken">Stops the update.</param>
    /// <returns>Whether it ended by this call, and if not, why.</returns>
    /// <exception cref="ArgumentException"><paramref name="reason"/> is null or blank.</exception>
    Task<TransitionResult> FailAsync(Guid id, string reason, CancellationToken cancellationToken);
}

/// <summary>What came of a step.</summary>
public enum TransitionResult
{
    /// <summary>The deployment moved.</summary>
    Applied,

    /// <summary>The user cancelled or deleted it: stop.</summary>
    Cancelled,

    /// <summary>It has succeeded or failed already.</summary>
    AlreadyFinished,

    /// <summary>It stands at this step already: the answer to the call before was lost, perhaps. Go on.</summary>
    AlreadyThere,

    /// <summary>It stands where this step cannot start: still queued, or further on.</summary>
    OutOfOrder,

    /// <summary>There is no such deployment.</summary>
    NotFound,
}
