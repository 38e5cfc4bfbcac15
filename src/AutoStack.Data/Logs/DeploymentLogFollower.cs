using System.Runtime.CompilerServices;
using AutoStack.Data.Postgres;
using AutoStack.Data.Status;
using Microsoft.Extensions.Logging;

namespace AutoStack.Data.Logs;

/// <param name="db">Where the lines are.</param>
/// <param name="notifications">Wakes those who wait.</param>
/// <param name="pollInterval">How often all who wait are looked after when nothing was heard.</param>
/// <param name="maxReads">How many may read at once: when a thousand are woken, other callers still get connections.</param>
/// <param name="clock">The clock of the rows.</param>
/// <param name="logger">Told when the database is away.</param>
internal sealed partial class DeploymentLogFollower(
    Db db, Notifications notifications, TimeSpan pollInterval, int maxReads, TimeProvider clock, ILogger logger) : IDeploymentLogFollower, IDisposable
{
    private const int PageSize = 200;

    private readonly Lock gate = new();
    private readonly HashSet<Follow> follows = [];
    private readonly SemaphoreSlim reads = new(maxReads);
    private readonly CancellationTokenSource stopping = new();
    private bool polling;
    private int isAway;

    public IAsyncEnumerable<DeploymentLog> FollowAsync(Guid deploymentId, Guid ownerId, LogCursor from, CancellationToken cancellationToken) =>
        LinesAsync(new Follow(deploymentId, ownerId) { Seq = from.Seq }, cancellationToken);

    public void Dispose()
    {
        stopping.Cancel();
        lock (gate)
        {
            foreach (var follow in follows)
            {
                follow.Wakeup.Raise();
            }
        }
    }

    private async IAsyncEnumerable<DeploymentLog> LinesAsync(Follow follow, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var subscription = notifications.Subscribe(IDeploymentLogRepository.Channel, follow.DeploymentId.ToString(), follow.Wakeup);
        using var joined = Join(follow);
        DateTimeOffset? ended = null;
        while (true)
        {
            var looked = clock.GetUtcNow();
            if (await ReadAsync(follow, cancellationToken).ConfigureAwait(false) is not { } page)
            {
                yield break;
            }

            follow.Seq = page.From;
            foreach (var line in page.Lines)
            {
                follow.Seq = line.Seq;
                yield return line;
            }

            // Its last lines may be committed a little later than its end.
            ended = !page.IsFinished ? null : ended ?? (page.CompletedAt < looked ? page.CompletedAt : looked);
            var left = ended + pollInterval - looked;
            if (left <= TimeSpan.Zero && page.Lines.Count == 0)
            {
                yield break;
            }

            if (page.Lines.Count < PageSize && !(left <= TimeSpan.Zero))
            {
                follow.IsWaiting = true;
                await follow.Wakeup.WaitAsync(left ?? Timeout.InfiniteTimeSpan, clock, cancellationToken).ConfigureAwait(false);
                follow.IsWaiting = false;
            }
        }
    }

    private async Task<Page?> ReadAsync(Follow follow, CancellationToken cancellationToken)
    {
        for (var failures = 0; ; failures++)
        {
            ObjectDisposedException.ThrowIf(stopping.IsCancellationRequested, typeof(IDeploymentLogFollower));
            cancellationToken.ThrowIfCancellationRequested();
            await reads.WaitAsync(cancellationToken).ConfigureAwait(false);
            try
            {
                var page = await ReadPageAsync(follow, cancellationToken).ConfigureAwait(false);
                if (Interlocked.Exchange(ref isAway, 0) == 1)
                {
                    LogBack(logger);
                }

                return page;
            }
            catch (Exception exception) when (SqlErrors.MayPass(exception) && !stopping.IsCancellationRequested)
            {
                if (Interlocked.Exchange(ref isAway, 1) == 0)
                {
                    LogAway(logger, exception);
                }
            }
            finally
            {
                reads.Release();
            }

            await Task.Delay(Backoff.Reconnect.Delay(failures), cancellationToken).ConfigureAwait(false);
        }
    }

    // How the deployment stands is asked before the lines: what is there when it has ended is all that was committed by then.
    private Task<Page?> ReadPageAsync(Follow follow, CancellationToken cancellationToken)
    {
        var (deploymentId, ownerId, seq) = (follow.DeploymentId, follow.OwnerId, follow.Seq);
        var state = new Statement($"""
            SELECT d.status::text IN {DeploymentState.Finished}, d.completed_at,
                CASE WHEN @seq = 9223372036854775807
                    THEN coalesce((SELECT pg_catalog.max(l.seq) FROM deployment_logs l WHERE l.deployment_id = d.id), 0)
                    ELSE @seq
                END
            FROM deployments d
            WHERE d.id = @deploymentId AND d.user_id = @ownerId AND NOT d.is_deleted
            """, P.Of(deploymentId), P.Of(ownerId), P.Of(seq));
        return db.ReadBatchAsync(
            async sets =>
            {
                var page = await sets.FindAsync(row => new Page(row.Flag(), row.TimeOrNull(), row.Long())).ConfigureAwait(false);
                var lines = await sets.ListAsync(DeploymentLogRepository.Read).ConfigureAwait(false);
                return page is null ? null : page with { Lines = lines };
            },
            [state, DeploymentLogRepository.Next(deploymentId, ownerId, new LogCursor(seq), PageSize)], cancellationToken, nameof(FollowAsync));
    }

    private Joined Join(Follow follow)
    {
        lock (gate)
        {
            follows.Add(follow);
            if (!polling && !stopping.IsCancellationRequested)
            {
                polling = true;
                _ = Background.Run(PollAsync);
            }
        }

        return new Joined(this, follow);
    }

    // As long as somebody follows: wakes those for whom there is something, by whomever it was written.
    private async Task PollAsync()
    {
        while (true)
        {
            await Task.Delay(pollInterval, clock, stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            List<Follow> waiting;
            lock (gate)
            {
                if (follows.Count == 0 || stopping.IsCancellationRequested)
                {
                    polling = false;
                    return;
                }

                waiting = [.. follows.Where(follow => follow.IsWaiting)];
            }

            try
            {
                await WakeAsync(waiting).ConfigureAwait(false);
            }
#pragma warning disable CA1031 // Whatever it is: the next look may succeed.
            catch (Exception exception)
#pragma warning restore CA1031
            {
                if (!stopping.IsCancellationRequested && Interlocked.Exchange(ref isAway, 1) == 0)
                {
                    LogAway(logger, exception);
                }
            }
        }
    }

    private async Task WakeAsync(List<Follow> waiting)
    {
        if (waiting.Count == 0)
        {
            return;
        }

        var deploymentIds = waiting.ConvertAll(follow => follow.DeploymentId);
        var seqs = waiting.ConvertAll(follow => follow.Seq);
        var news = await db.ListAsync(row => row.Int(), $"""
            SELECT f.ordinal::int
            FROM ROWS FROM (
                pg_catalog.unnest(@deploymentIds), pg_catalog.unnest(@seqs)
            ) WITH ORDINALITY AS f (id, seq, ordinal)
            WHERE (SELECT pg_catalog.max(l.seq) FROM deployment_logs l WHERE l.deployment_id = f.id) > f.seq
               OR coalesce((SELECT d.is_deleted OR d.status::text IN {DeploymentState.Finished} FROM deployments d WHERE d.id = f.id), TRUE)
            ORDER BY f.ordinal
            """, [P.Column(deploymentIds), P.Column(seqs)], stopping.Token, "PollAsync").ConfigureAwait(false);
        foreach (var ordinal in news)
        {
            waiting[ordinal - 1].Wakeup.Raise();
        }
    }

    [LoggerMessage(14, LogLevel.Warning, "Logs that are followed cannot be read; whoever follows one waits until the database is back.")]
    private static partial void LogAway(ILogger logger, Exception exception);

    [LoggerMessage(15, LogLevel.Information, "Logs that are followed are read again.")]
    private static partial void LogBack(ILogger logger);

    private sealed record Page(bool IsFinished, DateTimeOffset? CompletedAt, long From)
    {
        public IReadOnlyList<DeploymentLog> Lines { get; init; } = [];
    }

    private sealed class Follow(Guid deploymentId, Guid ownerId)
    {
        private long seq;
        private bool isWaiting;

        public Guid DeploymentId { get; } = deploymentId;

        public Guid OwnerId { get; } = ownerId;

        public Wakeup Wakeup { get; } = new();

        /// <summary>The number of the last line that was delivered.</summary>
        public long Seq
        {
            get => Volatile.Read(ref seq);
            set => Volatile.Write(ref seq, value);
        }

        public bool IsWaiting
        {
            get => Volatile.Read(ref isWaiting);
            set => Volatile.Write(ref isWaiting, value);
        }
    }

    private sealed class Joined(DeploymentLogFollower follower, Follow follow) : IDisposable
    {
        public void Dispose()
        {
            lock (follower.gate)
            {
                follower.follows.Remove(follow);
            }
        }
    }
}
