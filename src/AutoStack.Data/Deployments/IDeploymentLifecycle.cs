using AutoStack.Data.Logs;

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
    Task<DeploymentStatus?> FindStatusAsync(Guid id, CancellationToken cancellationToken = default);

    /// <summary>
    /// Claims the next waiting deployment: it becomes <c>cloning</c> and started. Each deployment goes to one worker, and no claim waits
    /// for another.
    /// </summary>
    /// <remarks>
    /// <para>Users take turns. The first waiting deployment of a user belongs to the turn after the one that was claimed last, each further
    /// one to the next turn; within a turn the deployment that was queued first comes first. A user's only deployment therefore waits for
    /// at most two of each other user, however many those have queued.</para>
    /// <para>A deployment that another program has started, which sets <c>started_at</c>, is not claimed. In a unit of work, throwing gives
    /// the deployment back to the queue.</para>
    /// </remarks>
    /// <param name="cancellationToken">Stops the claim.</param>
    /// <returns>The deployment and its project; null when the queue is empty.</returns>
    Task<DeploymentWithProject?> ClaimNextAsync(CancellationToken cancellationToken = default);

    /// <summary>
    /// Claims the next waiting deployment whose project and user are below their limits. A project or a user at the limit is skipped,
    /// however many of its deployments wait.
    /// </summary>
    /// <remarks>
    /// <para>Under way is what was claimed or started, has not ended and is not deleted. Claims in one project, and with
    /// <see cref="ClaimOptions.MaxPerUser"/> for one user, are serialized: a claim skips the project or user of another claim that is not
    /// committed yet. The limits hold when every worker claims with them.</para>
    /// <para>A project or user that is below its limit again is claimed from within a second, at once when nothing else waits.</para>
    /// </remarks>
    /// <param name="options">The limits.</param>
    /// <param name="cancellationToken">Stops the claim.</param>
    /// <returns>
    /// The deployment and its project; null when no deployment can be claimed at this moment: those that wait may have to wait longer.
    /// </returns>
    /// <exception cref="ArgumentNullException"><paramref name="options"/> is null.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A limit is below 1; the exception names it.</exception>
    Task<DeploymentWithProject?> ClaimNextAsync(ClaimOptions options, CancellationToken cancellationToken = default);

    /// <summary>Moves a claimed deployment on to a later step; steps may be left out.</summary>
    /// <param name="id">The deployment.</param>
    /// <param name="step">The step: checkout, installing, building or copying.</param>
    /// <param name="cancellationToken">Stops the update.</param>
    /// <returns>Whether it moved, and if not, why.</returns>
    /// <exception cref="ArgumentException"><paramref name="step"/> is none of the steps.</exception>
    Task<TransitionOutcome> AdvanceAsync(Guid id, DeploymentStatus step, CancellationToken cancellationToken = default);

    /// <summary>Notes which commit is being built. What was known of the same commit before, and is null here, stays.</summary>
    /// <param name="id">The deployment.</param>
    /// <param name="commit">The commit.</param>
    /// <param name="cancellationToken">Stops the update.</param>
    /// <returns>False when there is no such deployment, or it has ended.</returns>
    /// <exception cref="ArgumentException">The hash is longer than <see cref="CommitInfo.MaxHashLength"/>.</exception>
    Task<bool> SetCommitAsync(Guid id, CommitInfo commit, CancellationToken cancellationToken = default);

    /// <summary>Ends a deployment that was being built or copied, with success.</summary>
    /// <param name="id">The deployment.</param>
    /// <param name="deployedUrl"> The address of the result, up to <see cref="IDeploymentRepository.MaxUrlLength"/> characters, without
    /// what <see cref="ILogSecrets"/> masks; null when it has no address.
    /// </param>
    /// <param name="cancellationToken">Stops the update.</param>
    /// <returns>Whether it ended by this call, and if not, why.</returns>
    /// <exception cref="ArgumentException"><paramref name="deployedUrl"/> is too long.</exception>
    Task<TransitionOutcome> SucceedAsync(Guid id, string? deployedUrl, CancellationToken cancellationToken = default);

    /// <summary>Ends a deployment with an error, from any step; the current stage fails with the same reason.</summary>
    /// <param name="id">The deployment.</param>
    /// <param name="reason"> The error, for people to read. <see cref="ILogSecrets"/> masks it; of a longer one the first
    /// <see cref="IDeploymentRepository.MaxReasonLength"/> characters are stored, with a mark at the end.
    /// </param>
    /// <param name="cancellationToken">Stops the update.</param>
    /// <returns>Whether it ended by this call, and if not, why.</returns>
    /// <exception cref="ArgumentException"><paramref name="reason"/> is null or blank.</exception>
    Task<TransitionOutcome> FailAsync(Guid id, string reason, CancellationToken cancellationToken = default);
}

/// <summary>How many deployments may be under way at once.</summary>
public sealed record ClaimOptions
{
    /// <summary>The most deployments of one project, 1 or more; null for no limit.</summary>
    public int? MaxPerProject { get; init; }

    /// <summary>The most deployments of one user, 1 or more; null for no limit.</summary>
    public int? MaxPerUser { get; init; }
}

/// <summary>What came of a step.</summary>
public enum TransitionOutcome
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
