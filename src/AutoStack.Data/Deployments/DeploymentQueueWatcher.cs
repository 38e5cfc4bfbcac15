using System.Runtime.CompilerServices;
using AutoStack.Data.Postgres;

namespace AutoStack.Data.Deployments;

internal sealed class DeploymentQueueWatcher(Db db, Notifications notifications, DeploymentContext context) : IDeploymentQueueWatcher
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
        var start = new NextStart(db, context);
        using var subscription = notifications.Subscribe(IDeploymentRepository.QueueChannel, payload: null, wakeup);
        for (var turn = 1L; ; turn++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return turn;
            await start.WaitAsync(wakeup, pollInterval, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>The next start of a scheduled deployment, which the watcher looks up at most once a second.</summary>
    private sealed class NextStart(Db db, DeploymentContext context)
    {
        private readonly TimeProvider clock = context.Clock;
        private long? looked;
        private TimeSpan? untilStart;

        /// <summary>Waits for a notification, at most until the next start or for the poll interval.</summary>
        public async Task WaitAsync(Wakeup wakeup, TimeSpan pollInterval, CancellationToken cancellationToken)
        {
            var began = clock.GetTimestamp();
            while (true)
            {
                var present = clock.GetTimestamp();
                if (looked is null || clock.GetElapsedTime(looked.Value, present) >= ScheduledDeployments.Pause)
                {
                    (looked, untilStart) = (present, await FindAsync(cancellationToken).ConfigureAwait(false));
                }

                var sinceLook = clock.GetElapsedTime(looked.Value);
                if (untilStart <= sinceLook)
                {
                    untilStart = null;
                    context.Schedule.Expire();
                    return;
                }

                var poll = pollInterval - clock.GetElapsedTime(began);
                if (poll <= TimeSpan.Zero)
                {
                    return;
                }

                // A look that was left out is made up for.
                var left = sinceLook < ScheduledDeployments.Pause && looked != present ? ScheduledDeployments.Pause - sinceLook : poll;
                left = left < poll ? left : poll;
                left = untilStart is { } start && start - sinceLook < left ? start - sinceLook : left;
                if (await wakeup.WaitAsync(left, clock, cancellationToken).ConfigureAwait(false))
                {
                    return;
                }
            }
        }

        // While the database is away, the watcher polls.
        private async Task<TimeSpan?> FindAsync(CancellationToken cancellationToken)
        {
            try
            {
                return await context.Schedule.UntilNextAsync(db, cancellationToken).ConfigureAwait(false);
            }
            catch (AutoStackDataException)
            {
                return null;
            }
        }
    }
}
