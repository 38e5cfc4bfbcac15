namespace AutoStack.Data.Deployments;

/// <summary>Wakes workers when deployments are queued. One connection per process listens for all of them.</summary>
/// <remarks>Its calls are no part of a unit of work: <see cref="IRepositories"/> does not have it.</remarks>
public interface IDeploymentQueueWatcher
{
    /// <summary>The longest time between two looks: 1 day.</summary>
    static readonly TimeSpan MaxPollInterval = TimeSpan.FromDays(1);

    /// <summary>
    /// Says when it is worth claiming: at once, after a commit that queued a deployment in any process, and when so much time has passed.
    /// Claim until there is nothing left, each time; many commits in the meantime are one turn.
    /// </summary>
    /// <remarks>
    /// A lost connection ends nothing. While it is away, and behind a pooler or with
    /// <see cref="AutoStackDataOptions.ListenForNotifications"/> off, only the time counts; once it is back there is a turn. Nothing that
    /// is queued is lost, since it stands in the table.
    /// </remarks>
    /// <param name="pollInterval">
    /// The time between two looks when nothing was heard: above zero, up to <see cref="MaxPollInterval"/>.
    /// </param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>One element a turn, counted from 1; it goes on until it is cancelled or left.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The interval is not within its range.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    IAsyncEnumerable<long> WatchAsync(TimeSpan pollInterval, CancellationToken cancellationToken = default);
}
