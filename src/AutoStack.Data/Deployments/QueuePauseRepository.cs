using AutoStack.Data.Postgres;
using AutoStack.Data.Values;

namespace AutoStack.Data.Deployments;

internal sealed class QueuePauseRepository(Db db, DeploymentContext context) : IQueuePauseRepository
{
    internal const string Columns = "z.project_id, z.paused_by, z.reason, z.paused_at";

    /// <summary>The id of the pause of the whole queue; that of a project's pause is the project's.</summary>
    internal const string WholeQueue = "'00000000-0000-0000-0000-000000000000'::uuid";

    // The start of a scheduled deployment. Needs the row q.
    private const string Start = $"""
        CASE WHEN {DeploymentQueue.IsScheduled}
            THEN timestamp 'epoch'
                + pg_catalog.make_interval(secs => (q.queue_place - {ScheduledDeployments.FirstPlace})::float8 / 1000::float8) END
        """;

    internal static QueuePause Read(RowReader row) => new()
    {
        ProjectId = row.GuidOrNull(),
        PausedBy = row.Text(),
        Reason = row.TextOrNull(),
        PausedAt = row.Time(),
    };

    public Task<QueueCounts> CountAsync(CancellationToken cancellationToken) =>
        db.ReadBatchAsync(
            async sets =>
            {
                var counts = (await sets.FindAsync(row => new QueueCounts
                {
                    Waiting = row.Int(),
                    Paused = row.Int(),
                    Scheduled = row.Int(),
                    NextStart = row.TimeOrNull(),
                    Pause = null,
                }).ConfigureAwait(false))!;
                return counts with { Pause = await sets.FindAsync(Read).ConfigureAwait(false) };
            },
            [
                new Statement($"""
                    SELECT
                        (SELECT pg_catalog.count(c.id)::int FROM (
                            SELECT q.id
                            FROM deployments q
                            WHERE {DeploymentQueue.Waiting} AND {DeploymentQueue.IsDue} AND {DeploymentQueue.IsClaimable}
                            LIMIT @limit) c),
                        (SELECT pg_catalog.count(c.id)::int FROM (
                            SELECT q.id
                            FROM queue_pauses z
                            JOIN deployments q ON q.project_id = z.project_id
                            WHERE {DeploymentQueue.Waiting} AND {DeploymentQueue.IsDue}
                            LIMIT @limit) c),
                        (SELECT pg_catalog.count(c.id)::int FROM (
                            SELECT q.id
                            FROM deployments q
                            WHERE {DeploymentQueue.Waiting} AND {DeploymentQueue.IsScheduled}
                            LIMIT @limit) c),
                        (SELECT {Start}
                        FROM deployments q
                        WHERE {DeploymentQueue.Waiting} AND {DeploymentQueue.IsScheduled}
                        ORDER BY q.queue_place, q.id
                        LIMIT 1)
                    """, P.Of(QueueCounts.MaxCount, "limit")),
                new Statement($"""
                    SELECT {Columns}
                    FROM queue_pauses z
                    WHERE z.id = {WholeQueue}
                    """),
            ],
            cancellationToken);

    public async Task<QueuePosition?> FindPositionAsync(Guid deploymentId, CancellationToken cancellationToken) =>
        await db.ReadBatchAsync(
            async sets =>
            {
                var position = await sets.FindAsync(row => new QueuePosition
                {
                    Ahead = row.IntOrNull(),
                    StartAt = row.TimeOrNull(),
                    Pause = null,
                }).ConfigureAwait(false);
                var pause = await sets.FindAsync(Read).ConfigureAwait(false);
                return position is null ? null : position with { Pause = pause };
            },
            [
                new Statement($"""
                    SELECT
                        CASE WHEN {DeploymentQueue.IsDue} THEN (
                            SELECT pg_catalog.count(c.id)::int FROM (
                                SELECT q.id
                                FROM deployments q
                                WHERE {DeploymentQueue.Waiting} AND {DeploymentQueue.IsClaimable}
                                  AND (q.queue_place, q.id) < (m.queue_place, m.id)
                                LIMIT @limit) c) END,
                        {Start}
                    FROM deployments m
                    CROSS JOIN LATERAL (
                        SELECT m.queue_place, m.status, m.is_deleted, m.started_at) q
                    WHERE m.id = @deploymentId AND {DeploymentQueue.Waiting}
                    """, P.Of(deploymentId), P.Of(QueuePosition.MaxAhead, "limit")),
                new Statement($"""
                    SELECT {Columns}
                    FROM queue_pauses z
                    WHERE z.id = {WholeQueue} OR z.project_id = (SELECT d.project_id FROM deployments d WHERE d.id = @deploymentId)
                    ORDER BY z.id
                    LIMIT 1
                    """, P.Of(deploymentId)),
            ],
            cancellationToken).ConfigureAwait(false);

    public async Task<Page<QueuePause>> ListAsync(Cursor cursor, int limit, CancellationToken cancellationToken)
    {
        Limit.Check(limit, IQueuePauseRepository.MaxListSize);
        var rows = await db.ListAsync(Read, $"""
            SELECT {Columns}
            FROM queue_pauses z
            WHERE z.id >= coalesce(@afterId, {Ids.Least}) AND z.id IS DISTINCT FROM @afterId
            ORDER BY z.id
            LIMIT @limit
            """, [P.Of(cursor.ToId(), "afterId"), P.Of(limit + 1, "limit")], cancellationToken).ConfigureAwait(false);
        return Page<QueuePause>.Of(rows, limit, row => Cursor.After(row.ProjectId ?? Guid.Empty));
    }

    public async Task<PauseOutcome> PauseAsync(
        Guid? projectId, string pausedBy, string? reason, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(pausedBy);

        // A repetition recognises the pause of its first attempt by name and reason.
        var add = new Statement($"""
            INSERT INTO queue_pauses AS z (id, project_id, paused_by, reason, paused_at)
            SELECT coalesce(@projectId, {WholeQueue}), @projectId, @pausedBy, @reason, {ServerTime.Present}
            WHERE @projectId IS NULL OR EXISTS (SELECT FROM projects p WHERE p.id = @projectId)
            ON CONFLICT (id) DO NOTHING
            RETURNING z.id
            """,
            P.Of(projectId),
            P.Text(pausedBy, QueuePause.MaxNameLength),
            P.TextOrNull(reason, QueuePause.MaxReasonLength),
            ServerTime.Now(context.Clock));
        var stored = new Statement($"""
            SELECT z.paused_by::text = @pausedBy AND z.reason IS NOT DISTINCT FROM @reason
            FROM queue_pauses z
            WHERE z.id = coalesce(@projectId, {WholeQueue})
            """,
            P.Of(projectId),
            P.Text(pausedBy, QueuePause.MaxNameLength),
            P.TextOrNull(reason, QueuePause.MaxReasonLength));
        var outcome = await db.WriteBatchAsync(
            async sets =>
            {
                var isNew = await sets.AnyAsync().ConfigureAwait(false);
                var found = await sets.ListAsync(row => row.Flag()).ConfigureAwait(false);
                return found.Count == 0 ? PauseOutcome.NotFound
                    : isNew || (sets.IsRepeated && found[0]) ? PauseOutcome.Paused
                    : PauseOutcome.AlreadyPaused;
            },
            [add, stored], cancellationToken).ConfigureAwait(false);
        context.Schedule.Expire();
        return outcome;
    }

    public async Task<bool> ResumeAsync(Guid? projectId, CancellationToken cancellationToken)
    {
        var resuming = db.WriteOnceAsync($"""
            DELETE FROM queue_pauses z
            WHERE z.id = coalesce(@projectId, {WholeQueue})
            """, [P.Of(projectId)], cancellationToken);
        var isResumed = await context.WakeAfterAsync(db, resuming, removed => removed).ConfigureAwait(false);
        context.Schedule.Expire();
        return isResumed;
    }
}
