using System.Runtime.CompilerServices;
using AutoStack.Data.Postgres;

namespace AutoStack.Data.Deployments;

internal sealed class DeploymentQueueWatcher(Notifications notifications, TimeProvider clock) : IDeploymentQueueWatcher
{
    public IAsyncEnumerable<long> WatchAsync(TimeSpan pollInterval, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(pollInterval, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(pollInterval, IDeploymentQueueWatcher.MaxPollInterval);
        return TurnsAsync(pollInterval, cancellationToken);
    }

    private async IAsyncEnumerable<long> TurnsAsync(TimeSpan pollInterval, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var wakeup = new Wakeup();
        using var subscription = notifications.Subscribe(IDeploymentRepository.QueueChannel, payload: null, wakeup);
        for (var turn = 1L; ; turn++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return turn;
            await wakeup.WaitAsync(pollInterval, clock, cancellationToken).ConfigureAwait(false);
        }
    }
}
