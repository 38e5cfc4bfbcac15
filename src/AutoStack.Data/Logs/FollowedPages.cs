using AutoStack.Data.Postgres;
using AutoStack.Data.Status;

namespace AutoStack.Data.Logs;

/// <summary>Reads the next lines for a reader that follows a log, also when the log was set back.</summary>
/// <remarks>
/// A failover may lose lines that were delivered: where commits do not wait for a standby, and where the primary dies between a commit and
/// the answer of the standby. Later lines get their numbers. A reader that only asked for higher numbers would miss them.
/// </remarks>
internal sealed class FollowedPages(Db db, TimeProvider clock)
{
    public const int PageSize = 200;

    // No poll interval is longer.
    private static readonly double MaxSeconds = TimeSpan.FromDays(2).TotalSeconds;

    /// <summary>Reads the lines after the reader's place, which goes back first when its line is not stored.</summary>
    /// <returns>The lines; null when the deployment does not exist, is deleted, or belongs to another user.</returns>
    public async Task<FollowedPage?> ReadAsync(FollowedLog follow, CancellationToken cancellationToken)
    {
        while (true)
        {
            var page = await ReadPageAsync(follow, cancellationToken).ConfigureAwait(false);
            if (page is null || follow.IsAt(page.Last))
            {
                return page;
            }

            follow.GoBack(page.Last, await ReadPlacesAsync(follow, page.Last, cancellationToken).ConfigureAwait(false));
        }
    }

    // Lines from a number to a number, the last one first.
    private static Statement Places(Guid deploymentId, Guid ownerId, long firstSeq, long lastSeq, int limit) => new($"""
        SELECT l.seq, l.id
        FROM deployment_logs l
        WHERE l.deployment_id = @deploymentId AND l.seq BETWEEN @firstSeq AND @lastSeq AND {DeploymentState.Owned}
        ORDER BY l.seq DESC
        LIMIT (SELECT @limit::int)
        """, P.Of(deploymentId), P.Of(ownerId), P.Of(firstSeq), P.Of(lastSeq), P.Of(limit));

    private static LogPlace Read(RowReader row) => new(row.Long(), row.Guid());

    private static FollowedPage ReadState(RowReader row) => new(row.Flag(), Math.Clamp(row.DoubleOrNull() ?? 0, 0, MaxSeconds));

    // The state is read before the lines: once it shows the end, the lines include everything committed before the end.
    private Task<FollowedPage?> ReadPageAsync(FollowedLog follow, CancellationToken cancellationToken)
    {
        var (deploymentId, ownerId, seq) = (follow.DeploymentId, follow.OwnerId, follow.Seq);
        var state = new Statement($"""
            SELECT
                pg_catalog.lower(d.status::text) IN {DeploymentState.Finished},
                CASE WHEN pg_catalog.isfinite(d.completed_at)
                    THEN extract(epoch FROM {ServerTime.Present} - d.completed_at)::float8 END
            FROM deployments d
            WHERE d.id = @deploymentId AND d.user_id = @ownerId AND NOT d.is_deleted AND {AccountState.OwnerIsOpen}
            """, P.Of(deploymentId), P.Of(ownerId), ServerTime.Now(clock));
        return db.ReadBatchAsync(
            async sets =>
            {
                var page = await sets.FindAsync(ReadState).ConfigureAwait(false);
                var last = await sets.ListAsync(Read).ConfigureAwait(false);
                var lines = await sets.ListAsync(DeploymentLogRepository.Read).ConfigureAwait(false);
                return page is null ? null : page with { Last = last.Count == 0 ? null : last[0], Lines = lines };
            },
            [
                state,
                Places(deploymentId, ownerId, firstSeq: 0, lastSeq: seq, limit: 1),
                DeploymentLogRepository.Next(deploymentId, ownerId, seq, PageSize),
            ],
            cancellationToken,
            nameof(IDeploymentLogFollower.FollowAsync));
    }

    private async Task<IReadOnlyList<LogPlace>> ReadPlacesAsync(FollowedLog follow, LogPlace? last, CancellationToken cancellationToken) =>
        last is { } line && follow.Oldest is { } oldest
            ? await db.ReadBatchAsync(
                sets => sets.ListAsync(Read),
                [Places(follow.DeploymentId, follow.OwnerId, oldest.Seq, line.Seq, FollowedLog.MaxRemembered)],
                cancellationToken,
                nameof(IDeploymentLogFollower.FollowAsync)).ConfigureAwait(false)
            : [];
}

/// <summary>The next lines of a log.</summary>
/// <param name="IsFinished">Whether the deployment has ended.</param>
/// <param name="SecondsSinceEnd">The time since its end, by the clock of the database; 0 where the end is not stored.</param>
internal sealed record FollowedPage(bool IsFinished, double SecondsSinceEnd)
{
    /// <summary>The last stored line up to the reader's place; null for none.</summary>
    public LogPlace? Last { get; init; }

    /// <summary>The lines after the place.</summary>
    public IReadOnlyList<DeploymentLog> Lines { get; init; } = [];
}
