namespace AutoStack.Data.Deployments;

/// <summary>Wakes workers when deployments are queued. One connection per process listens for all of them.</summary>
/// <remarks>The watcher is not part of a unit of work: <see cref="IRepositories"/> does not have it.</remarks>
public interface IDeploymentQueueWatcher
{
    /// <summary>The longest poll interval: 1 day.</summary>
    static readonly TimeSpan MaxPollInterval = TimeSpan.FromDays(1);

    /// <summary>
    /// Yields when a worker should claim: immediately, after any process commits an enqueue, at the start of a scheduled deployment
    /// (<see cref="NewDeployment.StartAt"/>), and at least every <paramref name="pollInterval"/>. On each turn claim until
    /// <see cref="IDeploymentLifecycle.ClaimNextAsync(CancellationToken)"/> returns null; commits during a turn are merged into one further
    /// turn.
    /// </summary>
    /// <remarks>
    /// A lost connection does not end the enumeration. While the connection is lost, behind a pooler, and with
    /// <see cref="AutoStackDataOptions.ListenForNotifications"/> off, the watcher polls; a new connection yields a turn. The enqueuing
    /// process notifies after its commit: when it dies in between, the deployment waits for <paramref name="pollInterval"/> at most.
    /// </remarks>
    /// <param name="pollInterval">
    /// The time after which a turn comes without a notification: above zero, up to <see cref="MaxPollInterval"/>.
    /// </param>
    /// <param name="cancellationToken">Ends the enumeration.</param>
    /// <returns>One element per turn, counted from 1; it is endless until cancelled or disposed.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="pollInterval"/> is out of its range.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    IAsyncEnumerable<long> WatchAsync(TimeSpan pollInterval, CancellationToken cancellationToken = default);
}
