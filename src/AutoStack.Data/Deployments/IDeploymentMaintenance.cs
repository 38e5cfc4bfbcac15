using AutoStack.Data.Logs;

namespace AutoStack.Data.Deployments;

/// <summary>
/// The operations of monitors, sweepers and administrators on deployments of any owner. Several processes may run them concurrently: they
/// share the work, and none waits for another.
/// </summary>
public interface IDeploymentMaintenance
{
    /// <summary>The maximum number of deployments that one call changes or removes.</summary>
    const int MaxBatchSize = 1000;

    /// <summary>Abandons deployments: hides them from their owners, and cancels those that have not ended.</summary>
    /// <remarks>Containers of an abandoned deployment continue to run: list and stop them.</remarks>
    /// <param name="ids">The deployments, up to <see cref="MaxBatchSize"/>; an empty list changes nothing.</param>
    /// <param name="reason">
    /// The reason, for people to read, up to <see cref="Deployment.MaxReasonLength"/> characters; stored with deployments that the call
    /// cancels. <see cref="ILogSecrets"/> masks it.
    /// </param>
    /// <param name="cancellationToken">Stops the update.</param>
    /// <returns>
    /// The number of deployments abandoned; deleted and absent ones do not count, also those that an earlier call abandoned.
    /// </returns>
    /// <exception cref="ArgumentException">
    /// <paramref name="ids"/> is null or too long, or <paramref name="reason"/> is null, blank or too long.
    /// </exception>
    Task<int> AbandonAsync(IReadOnlyCollection<Guid> ids, string reason, CancellationToken cancellationToken = default);

    /// <summary>
    /// Reports that a successful deployment no longer answers: its status becomes <c>failed</c>. The time of its end is unchanged.
    /// </summary>
    /// <param name="id">The deployment.</param>
    /// <param name="reason">
    /// The reason, for people to read, up to <see cref="Deployment.MaxReasonLength"/> characters; appended once to the stored reason, which
    /// is cut when the two are longer than that. <see cref="ILogSecrets"/> masks the reason.
    /// </param>
    /// <param name="cancellationToken">Stops the update.</param>
    /// <returns>False when the deployment is not <c>success</c> or is deleted; a repeated report changes nothing.</returns>
    /// <exception cref="ArgumentException"><paramref name="reason"/> is null, blank or too long.</exception>
    Task<bool> ReportUnhealthyAsync(Guid id, string reason, CancellationToken cancellationToken = default);

    /// <summary>
    /// Fails deployments that a worker or another program has started and that made no progress: within <paramref name="idle"/>, by the
    /// database's clock, the deployment was not started, no stage began or ended, and no log line was stored. Their open stages fail with
    /// them.
    /// </summary>
    /// <remarks>
    /// A deployment that another transaction is changing, or writing a log line to, is skipped. A deployment that waits in the queue is
    /// never failed, and neither is one whose worker holds a lease that has not expired; a lease that never expires does not count. The
    /// Python services write times of their own host: with them, set <paramref name="idle"/> longer than their clock is slow. A worker that
    /// returns later gets <see cref="TransitionOutcome.AlreadyFinished"/>.
    /// </remarks>
    /// <param name="idle">
    /// The time without progress, above zero and up to ten years. Choose it longer than the longest silent step of a build.
    /// </param>
    /// <param name="reason">The reason, for people to read, up to <see cref="Deployment.MaxReasonLength"/> characters.</param>
    /// <param name="limit">The maximum number of deployments, 1 to <see cref="MaxBatchSize"/>.</param>
    /// <param name="cancellationToken">Stops the update.</param>
    /// <returns>
    /// The ids of the deployments that the call failed, in ascending order; a repeated call fails and returns what is left.
    /// </returns>
    /// <exception cref="ArgumentException">
    /// <paramref name="reason"/> is null, blank or too long, or <paramref name="idle"/> or <paramref name="limit"/> is out of its range.
    /// </exception>
    Task<IReadOnlyList<Guid>> FailStalledAsync(TimeSpan idle, string reason, int limit, CancellationToken cancellationToken = default);

    /// <summary>
    /// Returns running deployments whose leases have expired to the queue, at their places; a deployment that was claimed
    /// <paramref name="maxAttempts"/> times fails, with a reason. The worker of an expired lease gets
    /// <see cref="TransitionOutcome.LostLease"/> at its next step.
    /// </summary>
    /// <remarks>
    /// The stages of the attempt are pending again. Containers of the attempt that are not stopped are orphans:
    /// <see cref="Containers.IPlatformDeploymentContainerRepository.ListOrphansAsync"/> lists them. A deployment that another transaction
    /// is changing is skipped.
    /// </remarks>
    /// <param name="maxAttempts">The maximum number of claims of one deployment, 1 or more; released claims do not count.</param>
    /// <param name="limit">The maximum number of deployments, 1 to <see cref="MaxBatchSize"/>.</param>
    /// <param name="cancellationToken">Stops the update.</param>
    /// <returns>The deployments; a repeated call takes back and returns what is left.</returns>
    /// <exception cref="ArgumentOutOfRangeException">
    /// <paramref name="maxAttempts"/> or <paramref name="limit"/> is out of its range.
    /// </exception>
    Task<RequeueResult> RequeueExpiredAsync(int maxAttempts, int limit, CancellationToken cancellationToken = default);

    /// <summary>
    /// Removes deleted deployments permanently, the oldest first, with their logs, stages, containers and health checks. Webhook payloads
    /// are kept, and lose their reference to the deployment.
    /// </summary>
    /// <remarks>
    /// The time of the deletion is not stored: <paramref name="before"/> is compared with the end of a deployment, or with the time at
    /// which it was queued when it never ended. A deployment with a container that is not stopped is kept, so that its port is not
    /// assigned twice. Log lines and health checks are removed first, up to <see cref="MaxBatchSize"/> of each per transaction, so a
    /// deployment may take several transactions; in a unit of work the call is one transaction.
    /// </remarks>
    /// <param name="before">Only deployments that ended before this time are removed.</param>
    /// <param name="limit">The maximum number of deployments, 1 to <see cref="MaxBatchSize"/>.</param>
    /// <param name="cancellationToken">Stops the delete.</param>
    /// <returns>
    /// The number of deployments removed; repeat the call while it is above zero. Deployments locked by another transaction are skipped.
    /// The call blocks if another program has locked a child row without locking its deployment; this library never does.
    /// </returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="limit"/> is out of its range.</exception>
    Task<int> PurgeDeletedAsync(DateTimeOffset before, int limit, CancellationToken cancellationToken = default);
}

/// <summary>The deployments that were taken back from workers whose leases have expired.</summary>
/// <param name="Requeued">The deployments that wait in the queue again.</param>
/// <param name="Failed">The deployments that failed, after the maximum number of attempts.</param>
public sealed record RequeueResult(IReadOnlyList<Guid> Requeued, IReadOnlyList<Guid> Failed)
{
    internal static RequeueResult Nothing { get; } = new([], []);
}
