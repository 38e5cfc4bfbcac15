using System.Runtime.CompilerServices;
using AutoStack.Data.Postgres;
using AutoStack.Data.Status;
using Microsoft.Extensions.Logging;

namespace AutoStack.Data.Logs;

/// <param name="db">The executor.</param>
/// <param name="notifications">Wakes the followers.</param>
/// <param name="pollInterval">The interval between polls for all waiting followers.</param>
/// <param name="maxReads">The maximum number of concurrent reads, so that a thousand waking followers leave connections to others.</param>
/// <param name="clock">The clock of the rows.</param>
/// <param name="logger">Reports that the database is unreachable.</param>
internal sealed partial class DeploymentLogFollower(
    Db db, Notifications notifications, TimeSpan pollInterval, int maxReads, TimeProvider clock, ILogger logger)
    : IDeploymentLogFollower, IDisposable
{
    private const int PageSize = 200;

    private readonly SemaphoreSlim reads = new(maxReads);
    private readonly CancellationTokenSource stopping = new();
    private readonly Lock gate = new();

    // Guarded by gate.
    private readonly HashSet<Follow> follows = [];
    private bool isPolling;

    // 1 after a failure was logged, until a read succeeds. Interlocked.
    private int isAway;

    public IAsyncEnumerable<DeploymentLog> FollowAsync(
        Guid deploymentId, Guid ownerId, Cursor cursor, CancellationToken cancellationToken) =>
        LinesAsync(new Follow(deploymentId, ownerId) { Seq = cursor.ToSeq() ?? 0 }, cancellationToken);

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

            foreach (var line in page.Lines)
            {
                follow.Seq = line.Seq;
                yield return line;
            }

            // The last lines may be committed shortly after the deployment's end.
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
            catch (Exception exception) when (SqlErrors.IsTransient(exception) && !stopping.IsCancellationRequested)
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

    // The state is read before the lines: once it shows the end, the lines include everything committed before the end.
    private Task<Page?> ReadPageAsync(Follow follow, CancellationToken cancellationToken)
    {
        var (deploymentId, ownerId, seq) = (follow.DeploymentId, follow.OwnerId, follow.Seq);
        var state = new Statement($"""
            SELECT d.status::text IN {DeploymentState.Finished}, d.completed_at
            FROM deployments d
            WHERE d.id = @deploymentId AND d.user_id = @ownerId AND NOT d.is_deleted
            """, P.Of(deploymentId), P.Of(ownerId));
        return db.ReadBatchAsync(
            async sets =>
            {
                var page = await sets.FindAsync(row => new Page(row.Flag(), row.TimeOrNull())).ConfigureAwait(false);
                var lines = await sets.ListAsync(DeploymentLogRepository.Read).ConfigureAwait(false);
                return page is null ? null : page with { Lines = lines };
            },
            [state, DeploymentLogRepository.Next(deploymentId, ownerId, seq, PageSize)],
            cancellationToken,
            nameof(FollowAsync));
    }

    private Joined Join(Follow follow)
    {
        lock (gate)
        {
            follows.Add(follow);
            if (!isPolling && !stopping.IsCancellationRequested)
            {
                isPolling = true;
                _ = Background.Run(PollAsync);
            }
        }

        return new Joined(this, follow);
    }

    // Runs while there are followers: wakes those that have new lines, whichever process wrote them.
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
                    isPolling = false;
                    return;
                }

                waiting = [.. follows.Where(follow => follow.IsWaiting)];
            }

            try
            {
                await WakeAsync(waiting).ConfigureAwait(false);
            }
#pragma warning disable CA1031 // Any failure: the next poll may succeed.
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

    [LoggerMessage(14, LogLevel.Warning, "Followed logs cannot be read; followers wait until the database is reachable again.")]
    private static partial void LogAway(ILogger logger, Exception exception);

    [LoggerMessage(15, LogLevel.Information, "Followed logs are read again.")]
    private static partial void LogBack(ILogger logger);

    private sealed record Page(bool IsFinished, DateTimeOffset? CompletedAt)
    {
        public IReadOnlyList<DeploymentLog> Lines { get; init; } = [];
    }

    private sealed class Follow(Guid deploymentId, Guid ownerId)
    {
        // Written by the follower, read by the poll: Volatile.
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
