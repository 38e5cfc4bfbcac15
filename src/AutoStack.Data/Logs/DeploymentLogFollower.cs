using System.Runtime.CompilerServices;
using AutoStack.Data.Postgres;
using AutoStack.Data.Status;
using Microsoft.Extensions.Logging;

namespace AutoStack.Data.Logs;

internal sealed partial class DeploymentLogFollower : IDeploymentLogFollower, IDisposable
{
    private static readonly Gauge Followers = Gauge.Sum("autostack.log_follower.followers", "{follower}", "Readers that follow a log.");
    private static readonly Gauge Behind = Gauge.Max(
        "autostack.log_follower.lag", "s", "Time for which the reader that is furthest behind has had lines to read.");

    private readonly Db db;
    private readonly FollowedPages pages;
    private readonly Notifications notifications;
    private readonly TimeSpan pollInterval;
    private readonly TimeProvider clock;
    private readonly Outage outage;
    private readonly SemaphoreSlim reads;
    private readonly IDisposable[] gauges;
    private readonly CancellationTokenSource stopping = new();
    private readonly Lock gate = new();

    // Guarded by gate.
    private readonly HashSet<FollowedLog> follows = [];
    private bool isPolling;

    /// <param name="db">The executor.</param>
    /// <param name="notifications">Wakes the followers.</param>
    /// <param name="pollInterval">The interval between polls for all waiting followers.</param>
    /// <param name="maxReads">
    /// The maximum number of concurrent reads, so that a thousand waking followers leave connections to others.
    /// </param>
    /// <param name="clock">The clock of the rows.</param>
    /// <param name="logger">Reports that the database is unreachable.</param>
    public DeploymentLogFollower(
        Db db, Notifications notifications, TimeSpan pollInterval, int maxReads, TimeProvider clock, ILogger logger)
    {
        (this.db, this.notifications, this.pollInterval, this.clock) = (db, notifications, pollInterval, clock);
        pages = new FollowedPages(db, clock);
        reads = new SemaphoreSlim(maxReads);
        outage = new Outage(exception => LogAway(logger, exception), () => LogBack(logger));
        gauges = [Followers.Add(() => Count), Behind.Add(() => Lag.TotalSeconds)];
    }

    /// <summary>Shows that the poll for all followers moves.</summary>
    public Pulse Pulse { get; } = new();

    /// <summary>The number of readers that follow a log.</summary>
    public int Count
    {
        get
        {
            lock (gate)
            {
                return follows.Count;
            }
        }
    }

    /// <summary>The time for which the reader that is furthest behind has had lines to read; zero when every reader waits.</summary>
    public TimeSpan Lag
    {
        get
        {
            lock (gate)
            {
                return follows.Count == 0 ? TimeSpan.Zero : follows.Max(follow => follow.Behind);
            }
        }
    }

    public IAsyncEnumerable<DeploymentLog> FollowAsync(
        Guid deploymentId, Guid ownerId, Cursor cursor, CancellationToken cancellationToken) =>
        LinesAsync(deploymentId, ownerId, cursor.ToSeq() ?? 0, new StrongBox<FirstRead?>(), cancellationToken);

    public Task<IAsyncEnumerable<DeploymentLog>?> FindAsync(
        Guid deploymentId, Guid ownerId, Cursor cursor, CancellationToken cancellationToken)
    {
        return ReadFirstAsync(cursor.ToSeq() ?? 0);

        async Task<IAsyncEnumerable<DeploymentLog>?> ReadFirstAsync(long seq)
        {
            var (looked, follow) = (clock.GetUtcNow(), new FollowedLog(deploymentId, ownerId) { Seq = seq });
            return await ReadAsync(follow, cancellationToken).ConfigureAwait(false) is { } page
                ? LinesAsync(deploymentId, ownerId, seq, new StrongBox<FirstRead?>(new FirstRead(follow, looked, page)), cancellationToken)
                : null;
        }
    }

    public void Dispose()
    {
        stopping.Cancel();
        foreach (var gauge in gauges)
        {
            gauge.Dispose();
        }

        lock (gate)
        {
            foreach (var follow in follows)
            {
                follow.Wakeup.Raise();
            }
        }
    }

    // Each enumeration has a place of its own and begins at the cursor; the first one takes what FindAsync has read. That was read before
    // the subscription: a line that was committed in between is found by another read, without a wait.
    private async IAsyncEnumerable<DeploymentLog> LinesAsync(
        Guid deploymentId,
        Guid ownerId,
        long seq,
        StrongBox<FirstRead?> found,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var first = Interlocked.Exchange(ref found.Value, null);
        var follow = first?.Follow ?? new FollowedLog(deploymentId, ownerId) { Seq = seq };
        using var subscription = notifications.Subscribe(IDeploymentLogRepository.Channel, follow.DeploymentId.ToString(), follow.Wakeup);
        using var joined = Join(follow);
        DateTimeOffset? ended = null;
        while (true)
        {
            var looked = first?.Looked ?? clock.GetUtcNow();
            if ((first?.Page ?? await ReadAsync(follow, cancellationToken).ConfigureAwait(false)) is not { } page)
            {
                yield break;
            }

            var waits = first is null;
            first = null;
            foreach (var line in page.Lines)
            {
                if (follow.Deliver(new LogPlace(line.Seq, line.Id)))
                {
                    yield return line;
                }
            }

            // The last lines may be committed shortly after the deployment's end.
            ended = page.IsFinished ? ended ?? (looked - TimeSpan.FromSeconds(page.SecondsSinceEnd)) : null;
            var left = ended + pollInterval - looked;
            if (left <= TimeSpan.Zero && page.Lines.Count == 0)
            {
                yield break;
            }

            if (waits && page.Lines.Count < FollowedPages.PageSize && !(left <= TimeSpan.Zero))
            {
                follow.IsWaiting = true;
                await follow.Wakeup.WaitAsync(left ?? Timeout.InfiniteTimeSpan, clock, cancellationToken).ConfigureAwait(false);
                follow.IsWaiting = false;
            }
        }
    }

    private async Task<FollowedPage?> ReadAsync(FollowedLog follow, CancellationToken cancellationToken)
    {
        for (var failures = 0; ; failures++)
        {
            ObjectDisposedException.ThrowIf(stopping.IsCancellationRequested, typeof(IDeploymentLogFollower));
            cancellationToken.ThrowIfCancellationRequested();
            await reads.WaitAsync(cancellationToken).ConfigureAwait(false);
            try
            {
                var page = await pages.ReadAsync(follow, cancellationToken).ConfigureAwait(false);
                outage.Succeeded();
                return page;
            }
            catch (Exception exception) when (SqlErrors.IsTransient(exception) && !stopping.IsCancellationRequested)
            {
                outage.Failed(exception);
            }
            finally
            {
                reads.Release();
            }

            await Task.Delay(Backoff.Reconnect.Delay(failures), cancellationToken).ConfigureAwait(false);
        }
    }

    private Joined Join(FollowedLog follow)
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
            Pulse.Beat();
            await Task.Delay(pollInterval, clock, stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            List<FollowedLog> waiting;
            lock (gate)
            {
                if (follows.Count == 0 || stopping.IsCancellationRequested)
                {
                    isPolling = false;
                    Pulse.Rest();
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
                if (!stopping.IsCancellationRequested)
                {
                    outage.Failed(exception);
                }
            }
        }
    }

    private async Task WakeAsync(List<FollowedLog> waiting)
    {
        if (waiting.Count == 0)
        {
            return;
        }

        var deploymentIds = waiting.ConvertAll(follow => follow.DeploymentId);
        var seqs = waiting.ConvertAll(follow => follow.Seq);
        var news = await db.ListAsync(row => row.Int(), $"""
            WITH followed AS MATERIALIZED (
                SELECT f.id, f.ordinal,
                    (SELECT pg_catalog.max(l.seq) FROM deployment_logs l WHERE l.deployment_id = f.id) <> f.seq AS has_changed
                FROM ROWS FROM (
                    pg_catalog.unnest(@deploymentIds), pg_catalog.unnest(@seqs)
                ) WITH ORDINALITY AS f (id, seq, ordinal)
            )
            SELECT f.ordinal::int
            FROM followed f
            WHERE f.has_changed
               OR coalesce((
                    SELECT d.is_deleted OR pg_catalog.lower(d.status::text) IN {DeploymentState.Finished}
                    FROM deployments d
                    WHERE d.id = f.id
               ), TRUE)
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

    // A page that was read before the enumeration began.
    private sealed record FirstRead(FollowedLog Follow, DateTimeOffset Looked, FollowedPage Page);

    private sealed class Joined(DeploymentLogFollower follower, FollowedLog follow) : IDisposable
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
