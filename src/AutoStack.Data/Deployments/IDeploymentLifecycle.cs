using AutoStack.Data.Logs;

namespace AutoStack.Data.Deployments;

/// <summary>
/// The steps of a worker, from the queue to the end. Every step is one round trip and one transaction: the deployment changes only from a
/// state that the step may start in, and its stages follow. A step never overwrites a user's cancel.
/// </summary>
/// <remarks>
/// <para>A claim is a lease. A step by a claim with a key renews the lease, also one that has expired, as long as no other worker took the
/// deployment. Once the deployment went back to the queue, or to another worker, each step answers
/// <see cref="TransitionOutcome.LostLease"/> and changes nothing. A step by the id alone is not compared with the lease.</para>
/// <para>Every method may be repeated with the same arguments after a lost answer: it recognises what it did before.</para>
/// </remarks>
public interface IDeploymentLifecycle
{
    /// <summary>Finds the current status of a deployment, also of a deleted one: a cheap check between two steps.</summary>
    /// <param name="id">The deployment.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>
    /// The status; <see cref="DeploymentStatus.Cancelled"/> when the worker is to stop; null when the deployment does not exist.
    /// </returns>
    Task<DeploymentStatus?> FindStatusAsync(Guid id, CancellationToken cancellationToken = default);

    /// <summary>
    /// Claims the next waiting deployment, with a lease that never expires: its status becomes <c>cloning</c>, and it is started. Each
    /// deployment goes to one worker, and no claim waits for another.
    /// </summary>
    /// <remarks>
    /// <para>Users take turns. The first waiting deployment of a user belongs to the turn after the one that was claimed last, each
    /// further one to the next turn; within a turn production comes first, and then the deployment that was queued first. Production and
    /// previews of a user are counted apart. A user's only deployment therefore waits for at most two of each kind of each other user,
    /// however many those have queued.</para>
    /// <para>A deployment is claimed from its <see cref="NewDeployment.StartAt"/> on, and not while its project or the whole queue is
    /// paused (<see cref="IQueuePauseRepository"/>).</para>
    /// <para>A deployment that another program has started, by setting <c>started_at</c>, is not claimed. In a unit of work, throwing
    /// returns the deployment to the queue.</para>
    /// </remarks>
    /// <param name="cancellationToken">Stops the claim.</param>
    /// <returns>The deployment, its project and the claim; null when the queue is empty.</returns>
    Task<ClaimedDeployment?> ClaimNextAsync(CancellationToken cancellationToken = default);

    /// <summary>
    /// Claims the next waiting deployment whose project and user are below their limits, with a lease. A project or a user at the limit is
    /// skipped, however many of its deployments wait.
    /// </summary>
    /// <remarks>
    /// <para>A deployment counts as running from its claim or start until it ends or is deleted. Claims in one project, and with
    /// <see cref="ClaimOptions.MaxPerUser"/> for one user, are serialized: a claim skips the project or user of another claim that is not
    /// committed yet. The limits hold when every worker claims with them.</para>
    /// <para>A project or user that drops below its limit is claimed from within a second, immediately when nothing else waits; within 10
    /// seconds while an old snapshot makes the search of the whole queue long.</para>
    /// </remarks>
    /// <param name="options">The limits and the lease.</param>
    /// <param name="cancellationToken">Stops the claim.</param>
    /// <returns>
    /// The deployment, its project and the claim; null when no deployment can be claimed now: waiting deployments may be held by the
    /// limits.
    /// </returns>
    /// <exception cref="ArgumentNullException"><paramref name="options"/> is null.</exception>
    /// <exception cref="ArgumentException">
    /// A limit is below 1, the lease is out of its range, or the worker's name is blank or too long; the exception names the value.
    /// </exception>
    Task<ClaimedDeployment?> ClaimNextAsync(ClaimOptions options, CancellationToken cancellationToken = default);

    /// <summary>
    /// Renews the lease of a claim: the heartbeat of a worker, in one short statement. Renew after a third of the lease.
    /// </summary>
    /// <remarks>
    /// Log lines do not renew a lease: a line has no claim, and the lines of a worker that has lost its lease would keep the lease of the
    /// next one alive.
    /// </remarks>
    /// <param name="claim">The claim, with its key.</param>
    /// <param name="lease">The duration from now on, above zero and up to <see cref="ClaimOptions.MaxLease"/>.</param>
    /// <param name="cancellationToken">Stops the update.</param>
    /// <returns>
    /// <see cref="TransitionOutcome.Applied"/>, also for a lease that has expired while nobody took the deployment;
    /// <see cref="TransitionOutcome.Cancelled"/>, <see cref="TransitionOutcome.AlreadyFinished"/> or
    /// <see cref="TransitionOutcome.LostLease"/> when the worker is to stop.
    /// </returns>
    /// <exception cref="ArgumentException">
    /// <paramref name="claim"/> has no key, or <paramref name="lease"/> is out of its range.
    /// </exception>
    Task<TransitionOutcome> RenewAsync(DeploymentClaim claim, TimeSpan lease, CancellationToken cancellationToken = default);

    /// <summary>
    /// Returns an unfinished deployment to the queue, at its place: another worker starts it anew, and the attempt does not count. Its
    /// stages are those of a waiting deployment again.
    /// </summary>
    /// <param name="claim">The claim, with its key.</param>
    /// <param name="cancellationToken">Stops the update.</param>
    /// <returns>
    /// The outcome; <see cref="TransitionOutcome.AlreadyThere"/> when the call is repeated, <see cref="TransitionOutcome.LostLease"/> when
    /// another worker has the deployment.
    /// </returns>
    /// <exception cref="ArgumentException"><paramref name="claim"/> has no key.</exception>
    Task<TransitionOutcome> ReleaseAsync(DeploymentClaim claim, CancellationToken cancellationToken = default);

    /// <summary>Advances a claimed deployment to a later step; steps may be left out.</summary>
    /// <param name="claim">The deployment, or the claim of its worker.</param>
    /// <param name="step">The step: checkout, installing, building or copying.</param>
    /// <param name="cancellationToken">Stops the update.</param>
    /// <returns>The outcome; <see cref="TransitionOutcomeExtensions.MayContinue"/> says whether the worker begins the step.</returns>
    /// <exception cref="ArgumentException"><paramref name="step"/> is not one of the four steps.</exception>
    Task<TransitionOutcome> AdvanceAsync(DeploymentClaim claim, DeploymentStatus step, CancellationToken cancellationToken = default);

    /// <summary>
    /// Records the commit that is being built. When the row holds the same commit already, members of <paramref name="commit"/> that are
    /// null leave the stored values unchanged.
    /// </summary>
    /// <param name="claim">The deployment, or the claim of its worker.</param>
    /// <param name="commit">The commit.</param>
    /// <param name="cancellationToken">Stops the update.</param>
    /// <returns>
    /// The outcome: <see cref="TransitionOutcome.Applied"/> for a deployment that has not ended, also when the values are the stored ones.
    /// </returns>
    /// <exception cref="ArgumentException">The hash is longer than <see cref="CommitInfo.MaxHashLength"/>.</exception>
    Task<TransitionOutcome> RecordCommitAsync(DeploymentClaim claim, CommitInfo commit, CancellationToken cancellationToken = default);

    /// <summary>
    /// Ends a deployment that is building or copying, with success, which makes it live: the production deployment of its project, or the
    /// preview of its branch. When a newer one, by the time at which they were queued, is live already, the deployment is cancelled
    /// instead, with a reason.
    /// </summary>
    /// <param name="claim">The deployment, or the claim of its worker.</param>
    /// <param name="deployedUrl">
    /// The address of the result, up to <see cref="Deployment.MaxUrlLength"/> characters, masked by <see cref="ILogSecrets"/>; null when
    /// the result has no address.
    /// </param>
    /// <param name="cancellationToken">Stops the update.</param>
    /// <returns>
    /// The outcome; <see cref="TransitionOutcome.AlreadyThere"/> when the deployment has succeeded with the same address,
    /// <see cref="TransitionOutcome.Superseded"/> when a newer deployment is live, <see cref="TransitionOutcome.AlreadyFinished"/> when it
    /// has ended otherwise.
    /// </returns>
    /// <exception cref="ArgumentException"><paramref name="deployedUrl"/> is too long.</exception>
    Task<TransitionOutcome> SucceedAsync(DeploymentClaim claim, string? deployedUrl, CancellationToken cancellationToken = default);

    /// <summary>Ends a deployment with an error, from any step; the current stage fails with the same reason.</summary>
    /// <param name="claim">The deployment, or the claim of its worker.</param>
    /// <param name="reason">
    /// The error, for people to read. <see cref="ILogSecrets"/> masks it; a reason longer than <see cref="Deployment.MaxReasonLength"/>
    /// characters is cut, with a mark at the end.
    /// </param>
    /// <param name="cancellationToken">Stops the update.</param>
    /// <returns>
    /// The outcome; <see cref="TransitionOutcome.AlreadyThere"/> when the deployment has failed with the same reason,
    /// <see cref="TransitionOutcome.AlreadyFinished"/> when it has ended otherwise.
    /// </returns>
    /// <exception cref="ArgumentException"><paramref name="reason"/> is null or blank.</exception>
    Task<TransitionOutcome> FailAsync(DeploymentClaim claim, string reason, CancellationToken cancellationToken = default);
}
