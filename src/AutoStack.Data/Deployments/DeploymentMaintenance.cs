using AutoStack.Data.Postgres;
using AutoStack.Data.Status;
using AutoStack.Data.Values;

namespace AutoStack.Data.Deployments;

internal sealed class DeploymentMaintenance(Db db, DeploymentContext context) : IDeploymentMaintenance
{
    /// <summary>The condition for the deployments that a purge removes. Needs the row <c>d</c> and <c>@before</c>.</summary>
    internal const string Purgeable = """
        d.is_deleted AND d.created_at < @before AND coalesce(d.completed_at, d.created_at) < @before
          AND NOT EXISTS (SELECT FROM deployment_containers c WHERE c.deployment_id = d.id AND c.stopped_at IS NULL)
        """;

    // Needs @now and @idle.
    private const string QuietSince = $"{ServerTime.Present} - @idle";

    // A deployment without a recent step and without a lease. Needs the row d, @now and @idle.
    private const string Idle = $"""
        {DeploymentState.UnderWay}
          AND greatest(d.created_at, d.started_at) < {QuietSince}
          AND NOT EXISTS (
              SELECT
              FROM deployment_stages s
              WHERE s.deployment_id = d.id AND greatest(s.created_at, s.started_at, s.completed_at) >= {QuietSince}
          )
          AND NOT EXISTS (SELECT FROM deployment_leases l WHERE l.deployment_id = d.id AND {DeploymentLeases.Live})
        """;

    // The CTE stalled (id): those of the CTE idle (id) that have no recent line. Needs @now and @idle.
    private const string Stalled = $"""
        stalled AS MATERIALIZED (
            SELECT i.id
            FROM idle i
            WHERE coalesce((
                SELECT l.created_at
                FROM deployment_logs l
                WHERE l.deployment_id = i.id
                ORDER BY l.seq DESC
                LIMIT 1
            ) < {QuietSince}, TRUE)
        )
        """;

    private const string IsStalled = "d.id = ANY (ARRAY(SELECT s.id FROM stalled s))";

    private static readonly TimeSpan MaxIdle = TimeSpan.FromDays(3650);

    public async Task<int> AbandonAsync(IReadOnlyCollection<Guid> ids, string reason, CancellationToken cancellationToken)
    {
        db.Writes();
        ArgumentNullException.ThrowIfNull(ids);
        ArgumentException.ThrowIfNullOrWhiteSpace(reason);
        if (ids.Count > IDeploymentMaintenance.MaxBatchSize)
        {
            throw new ArgumentException(
                $"{ids.Count} deployments are too many at once; at most {IDeploymentMaintenance.MaxBatchSize}.", nameof(ids));
        }

        var masked = ids.Aggregate(
            reason, (text, id) => BuildText.Masked(context.Secrets, id, text, Deployment.MaxReasonLength, nameof(reason)));
        var reasonText = P.Text(masked, Deployment.MaxReasonLength, nameof(reason));
        if (ids.Count == 0)
        {
            return 0;
        }

        // What a repeated batch finds deleted was deleted by its first attempt.
        var all = (await db.ListAsync(row => row.Guid(), """
            SELECT d.id
            FROM deployments d
            WHERE d.id = ANY (@all) AND NOT d.is_deleted
            """, [P.Of([.. ids], "all")], cancellationToken).ConfigureAwait(false)).ToArray();
        if (all.Length == 0)
        {
            return 0;
        }

        // Locked in the order of ids, so that two calls with the same deployments cannot deadlock.
        var @lock = new Statement("""
            SELECT 1
            FROM deployments d
            WHERE d.id = ANY (@all) AND NOT d.is_deleted
            ORDER BY d.id
            FOR NO KEY UPDATE
            """, P.Of(all));
        var abandon = new Statement($"""
            WITH moved AS (
                UPDATE deployments d
                SET {DeploymentLifecycle.Deleted},
                    failed_reason = CASE
                        WHEN pg_catalog.lower(d.status::text) IN {DeploymentState.Finished} THEN d.failed_reason
                        ELSE @reason
                    END
                WHERE d.id = ANY (@all) AND NOT d.is_deleted
                RETURNING d.id, d.status, d.failed_reason
            ),
            {DeploymentLeases.FollowEnded}
            SELECT m.id
            FROM moved m
            """, [P.Of(all), reasonText, .. DeploymentStageRepository.FollowMovedParameters(context.Clock)]);
        return await db.WriteBatchAsync(
            async sets =>
            {
                await sets.SkipAsync().ConfigureAwait(false);
                var abandoned = await sets.ListAsync(row => row.Guid()).ConfigureAwait(false);
                return sets.IsRepeated ? all.Length : abandoned.Count;
            },
            [@lock, abandon], cancellationToken).ConfigureAwait(false);
    }

    public Task<bool> ReportUnhealthyAsync(Guid id, string reason, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(reason);

        // The stored reason is cut so that both fit. The last row is for a repetition: the first attempt may have stored the report.
        var report = new Statement("""
            WITH moved AS (
                UPDATE deployments d
                SET status = 'failed',
                    failed_reason = CASE
                        WHEN coalesce(d.failed_reason, '') = '' THEN @reason
                        WHEN pg_catalog.strpos(d.failed_reason, @reason) > 0 THEN d.failed_reason
                        ELSE pg_catalog.left(d.failed_reason, greatest(@maxLength - 1 - pg_catalog.length(@reason), 0))
                            || pg_catalog.chr(10) || @reason
                    END
                WHERE d.id = @id AND pg_catalog.lower(d.status::text) = 'success' AND NOT d.is_deleted
                RETURNING TRUE AS is_new
            )
            SELECT m.is_new
            FROM moved m
            UNION ALL
            SELECT FALSE
            FROM deployments d
            WHERE d.id = @id AND d.status::text = 'failed' AND pg_catalog.strpos(d.failed_reason, @reason) > 0
            """,
            P.Of(id),
            DeploymentParameters.Reason(context.Secrets, id, reason),
            P.Of(Deployment.MaxReasonLength, "maxLength"));
        return db.WriteBatchAsync(
            async sets => (await sets.ListAsync(row => row.Flag()).ConfigureAwait(false)).Any(isNew => isNew || sets.IsRepeated),
            [report], cancellationToken);
    }

    public async Task<IReadOnlyList<Guid>> FailStalledAsync(TimeSpan idle, string reason, int limit, CancellationToken cancellationToken)
    {
        db.Writes();
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(idle, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(idle, MaxIdle);
        ArgumentException.ThrowIfNullOrWhiteSpace(reason);
        var reasonText = P.Text(reason, Deployment.MaxReasonLength);

        // The lock ends with this statement, outside a unit of work: it only skips deployments that another holds. What a repeated
        // batch finds failed among these deployments, with this reason, was failed by its first attempt.
        var chosen = (await db.ListAsync(row => row.Guid(), $"""
            WITH idle AS MATERIALIZED (
                SELECT d.id
                FROM deployments d
                WHERE {Idle}
            ),
            {Stalled}
            SELECT d.id
            FROM deployments d
            WHERE {IsStalled}
            ORDER BY d.created_at, d.id
            LIMIT @limit
            FOR UPDATE SKIP LOCKED
            """,
            [
                P.Of(idle),
                ServerTime.Now(context.Clock),
                P.Of(Limit.Check(limit, IDeploymentMaintenance.MaxBatchSize), nameof(limit)),
            ], cancellationToken).ConfigureAwait(false)).ToArray();
        if (chosen.Length == 0)
        {
            return [];
        }

        // FOR UPDATE conflicts with the lock of a log line that is being stored. The second statement starts when the rows are locked, and
        // sees a step or line that was committed too late for the first one.
        var check = new Statement($"""
            WITH idle AS MATERIALIZED (
                SELECT d.id
                FROM deployments d
                WHERE d.id = ANY ({Chosen.Ids}) AND {Idle}
            ),
            {Stalled}
            SELECT {Chosen.Keep}
            FROM (SELECT d.id FROM deployments d WHERE {IsStalled}) c
            """, P.Of(idle), ServerTime.Now(context.Clock));
        var fail = new Statement($"""
            WITH moved AS (
                UPDATE deployments d
                SET status = 'failed', failed_reason = @reason, completed_at = {DeploymentLifecycle.Completed},
                    build_duration_seconds = {DeploymentLifecycle.Duration}
                WHERE d.id = ANY ({Chosen.Ids})
                RETURNING d.id, d.status, d.failed_reason
            ),
            {DeploymentLeases.FollowEnded}
            SELECT m.id, TRUE
            FROM moved m
            UNION ALL
            SELECT d.id, FALSE
            FROM deployments d
            WHERE d.id = ANY (@chosen) AND d.status::text = 'failed' AND d.failed_reason = @reason
            """, [reasonText, P.Of(chosen), .. DeploymentStageRepository.FollowMovedParameters(context.Clock)]);
        return await db.WriteBatchAsync(
            async sets =>
            {
                await sets.SkipAsync().ConfigureAwait(false);
                await sets.SkipAsync().ConfigureAwait(false);
                var failed = await sets.ListAsync(row => (Id: row.Guid(), IsNew: row.Flag())).ConfigureAwait(false);
                return (IReadOnlyList<Guid>)[.. failed.Where(f => f.IsNew || sets.IsRepeated).Select(f => f.Id).Order()];
            },
            [ChosenDeployments.Lock(chosen), check, fail], cancellationToken).ConfigureAwait(false);
    }

    public Task<RequeueResult> RequeueExpiredAsync(int maxAttempts, int limit, CancellationToken cancellationToken)
    {
        db.Writes();
        ArgumentOutOfRangeException.ThrowIfLessThan(maxAttempts, 1);
        Limit.Check(limit, IDeploymentMaintenance.MaxBatchSize);
        return new ExpiredLeases(db, context).RequeueAsync(maxAttempts, limit, cancellationToken);
    }

    public async Task<int> PurgeDeletedAsync(DateTimeOffset before, int limit, CancellationToken cancellationToken)
    {
        db.Writes();
        Limit.Check(limit, IDeploymentMaintenance.MaxBatchSize);
        while (true)
        {
            var (removed, left) = await PurgeSomeAsync(before, limit, cancellationToken).ConfigureAwait(false);
            if (removed > 0 || !left)
            {
                return removed;
            }
        }
    }

    // The number of deployments removed, and whether one is left that has more rows than one batch removes.
    private async Task<(int Removed, bool Left)> PurgeSomeAsync(DateTimeOffset before, int limit, CancellationToken cancellationToken)
    {
        // What a repeated batch does not find of these was removed by its first attempt.
        var chosen = (await db.ListAsync(row => row.Guid(), $"""
            SELECT d.id
            FROM deployments d
            WHERE {Purgeable}
            ORDER BY d.created_at, d.id
            LIMIT @limit
            FOR UPDATE SKIP LOCKED
            """, [P.Of(before), P.Of(limit)], cancellationToken, nameof(PurgeDeletedAsync)).ConfigureAwait(false)).ToArray();
        if (chosen.Length == 0)
        {
            return (0, false);
        }

        // Starts when the rows are locked, and sees a container that was reserved just before: its deployment stays.
        var check = new Statement($"""
            SELECT {Chosen.Keep}
            FROM (
                SELECT d.id
                FROM deployments d
                WHERE d.id = ANY ({Chosen.Ids}) AND {Purgeable}
                ORDER BY d.created_at, d.id
            ) c
            """, P.Of(before));

        var rest = new Statement($"""
            SELECT d.id
            FROM deployments d
            WHERE d.id = ANY ({Chosen.Ids})
            LIMIT 1
            """);
        var gone = new Statement("""
            SELECT u.id
            FROM pg_catalog.unnest(@chosen) AS u (id)
            WHERE NOT EXISTS (SELECT FROM deployments d WHERE d.id = u.id)
            """, P.Of(chosen));
        var hasChunks = await context.HealthCheckHours.AreThereAsync(db, cancellationToken).ConfigureAwait(false);
        return await db.WriteBatchAsync(
            async sets =>
            {
                await sets.CountAsync(5).ConfigureAwait(false);
                var removed = (await sets.ListAsync(row => row.Guid()).ConfigureAwait(false)).Count;
                var isLeft = await sets.AnyAsync().ConfigureAwait(false);
                var all = (await sets.ListAsync(row => row.Guid()).ConfigureAwait(false)).Count;
                return (sets.IsRepeated ? all : removed, isLeft);
            },
            [
                ChosenDeployments.Lock(chosen),
                check,
                .. ChosenDeployments.Remove(IDeploymentMaintenance.MaxBatchSize, hasChunks),
                rest,
                gone,
            ], cancellationToken, nameof(PurgeDeletedAsync)).ConfigureAwait(false);
    }
}
