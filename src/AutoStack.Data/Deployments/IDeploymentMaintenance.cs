using AutoStack.Data.Logs;

namespace AutoStack.Data.Deployments;

/// <summary>
/// What monitors, sweepers and administrators do to deployments of any owner. Several processes may do the same at once: they share the
/// work and do not wait for each other.
/// </summary>
public interface IDeploymentMaintenance
{
    /// <summary>The most deployments that one call changes or removes.</summary>
    const int MaxBatchSize = 1000;

    /// <summary>Gives deployments up: deleted for their owners' eyes, and cancelled when they have not ended.</summary>
    /// <remarks>Their containers go on running: list and stop them.</remarks>
    /// <param name="ids">The deployments, up to <see cref="MaxBatchSize"/>; none is nothing to do.</param>
    /// <param name="reason"> The reason, for people to read, up to <see cref="IDeploymentRepository.MaxReasonLength"/> characters; stored
    /// with those that are cancelled. <see cref="ILogSecrets"/> masks it.
    /// </param>
    /// <param name="cancellationToken">Stops the update.</param>
    /// <returns>The number of deployments given up; those that are deleted already or not there do not count.</returns>
    /// <exception cref="ArgumentException">
    /// <paramref name="ids"/> is null or too long, or <paramref name="reason"/> is null, blank or too long.
    /// </exception>
    Task<int> AbandonAsync(IReadOnlyCollection<Guid> ids, string reason, CancellationToken cancellationToken = default);

    /// <summary>Notes that a successful deployment does not answer any more: it becomes <c>failed</c>. When it ended stays.</summary>
    /// <param name="id">The deployment.</param>
    /// <param name="reason"> The reason, for people to read, up to <see cref="IDeploymentRepository.MaxReasonLength"/> characters; appended
    /// once to the reason that is stored, which is cut when both are longer. <see cref="ILogSecrets"/> masks it.
    /// </param>
    /// <param name="cancellationToken">Stops the update.</param>
    /// <returns>False unless the deployment is <c>success</c> and not deleted; repeated, it changes nothing.</returns>
    /// <exception cref="ArgumentException"><paramref name="reason"/> is null, blank or too long.</exception>
    Task<bool> MarkUnhealthyAsync(Guid id, string reason, CancellationToken cancellationToken = default);

    /// <summary>
    /// Fails deployments that a worker or another program has started and that made no progress: not started, no stage begun or ended, and
    /// no log line stored within <paramref name="idle"/>, by the database's clock. Their open stages fail with them.
    /// </summary>
    /// <remarks>
    /// A deployment that another transaction is changing, or writing a log line to, is passed over. What waits in the queue is never
    /// failed. The Python services write times of their own host: with them, <paramref name="idle"/> is longer than their clock is slow. A
    /// worker that comes back later is told <see cref="TransitionOutcome.AlreadyFinished"/>.
    /// </remarks>
    /// <param name="idle">How long without progress; above zero, up to ten years. Longer than the longest silent step.</param>
    /// <param name="reason">The reason, for people to read, up to <see cref="IDeploymentRepository.MaxReasonLength"/> characters.</param>
    /// <param name="limit">The number of deployments at the most, 1 to <see cref="MaxBatchSize"/>.</param>
    /// <param name="cancellationToken">Stops the update.</param>
    /// <returns>The deployments that failed, in the order of their ids.</returns>
    /// <exception cref="ArgumentException"> <paramref name="reason"/> is null, blank or too long, or <paramref name="idle"/> or
    /// <paramref name="limit"/> is out of its range.
    /// </exception>
    Task<IReadOnlyList<Guid>> FailStalledAsync(TimeSpan idle, string reason, int limit, CancellationToken cancellationToken = default);

    /// <summary>
    /// Removes deleted deployments for good, the oldest first, with their logs, stages, containers and health checks. Webhook payloads stay
    /// and refer to none.
    /// </summary>
    /// <remarks>
    /// When a deployment was deleted is not kept: what counts is when it ended, or was queued when it never did. One with a container that
    /// is not stopped stays, so that its port is not given twice. Log lines and health checks go first, up to <see cref="MaxBatchSize"/> of
    /// each in one transaction, so that a deployment may take several; in a unit of work they are one.
    /// </remarks>
    /// <param name="before">Only what ended before this moment.</param>
    /// <param name="limit">The number of deployments at the most, 1 to <see cref="MaxBatchSize"/>.</param>
    /// <param name="cancellationToken">Stops the delete.</param>
    /// <returns>
    /// The number of deployments removed; call again while it is above zero. Those that another transaction holds are passed over; a row of
    /// theirs that another program holds without its deployment, as none of this library does, is waited for.
    /// </returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="limit"/> is out of its range.</exception>
    Task<int> PurgeDeletedAsync(DateTimeOffset before, int limit, CancellationToken cancellationToken = default);
}
