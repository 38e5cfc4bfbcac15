using AutoStack.Data.Postgres;
using AutoStack.Data.Status;

namespace AutoStack.Data.Deployments;

/// <summary>Takes deployments back from workers whose leases have expired.</summary>
internal sealed class ExpiredLeases(Db db, DeploymentContext context)
{
    // The chosen deployments whose lease is still expired, and that are still running. Needs @now.
    private const string Lost = $"""
        d.id = ANY ({Chosen.Ids}) AND l.deployment_id = d.id AND {DeploymentLeases.Expired} AND {DeploymentState.UnderWay}
        """;

    public async Task<RequeueResult> RequeueAsync(int maxAttempts, int limit, CancellationToken cancellationToken)
    {
        // The lock ends with this statement, outside a unit of work: it only skips deployments that another transaction holds.
        var expired = await db.ListAsync(row => (Id: row.Guid(), Key: row.Guid()), $"""
            SELECT d.id, l.claim_key
            FROM deployment_leases l
            JOIN deployments d ON d.id = l.deployment_id
            WHERE {DeploymentLeases.Expired}
            ORDER BY l.expires_at, d.id
            LIMIT @limit
            FOR UPDATE OF d SKIP LOCKED
            """, [ServerTime.Now(context.Clock), P.Of(limit)], cancellationToken, nameof(IDeploymentMaintenance.RequeueExpiredAsync))
            .ConfigureAwait(false);
        if (expired.Count == 0)
        {
            return RequeueResult.Nothing;
        }

        // Each statement starts when the deployments are locked, and sees a heartbeat that was committed too late for the search.
        var requeue = new Statement($"""
            WITH released AS (
                UPDATE deployment_leases l
                SET released_at = {ServerTime.Present}
                FROM deployments d
                WHERE {Lost} AND l.attempt < @maxAttempts
                RETURNING l.deployment_id AS id
            ),
            {DeploymentLeases.FollowReleased}
            SELECT m.id
            FROM moved m
            """, P.Of(maxAttempts), ServerTime.Now(context.Clock));
        var fail = new Statement($"""
            WITH moved AS (
                UPDATE deployments d
                SET status = 'failed', failed_reason = @reason, completed_at = {DeploymentLifecycle.Completed},
                    build_duration_seconds = {DeploymentLifecycle.Duration}
                FROM deployment_leases l
                WHERE {Lost} AND l.attempt >= @maxAttempts
                RETURNING d.id, d.status, d.failed_reason
            ),
            {DeploymentLeases.FollowEnded}
            SELECT m.id
            FROM moved m
            """,
            [
                P.Of(maxAttempts),
                P.Text(Reason(maxAttempts), name: "reason"),
                .. DeploymentStageRepository.FollowMovedParameters(context.Clock),
            ]);

        // Another program, which does not know leases, has ended these or returned them to the queue.
        var forget = new Statement($"""
            DELETE FROM deployment_leases l
            USING deployments d
            WHERE d.id = ANY ({Chosen.Ids}) AND l.deployment_id = d.id AND {DeploymentLeases.Expired}
              AND NOT ({DeploymentState.UnderWay})
            RETURNING d.id
            """, ServerTime.Now(context.Clock));

        // For a repetition: what its first attempt did to the same leases.
        Guid[] chosen = [.. expired.Select(lease => lease.Id)];
        var done = new Statement("""
            SELECT d.id, d.status::text = 'failed'
            FROM ROWS FROM (pg_catalog.unnest(@chosen), pg_catalog.unnest(@keys)) AS e (id, key)
            JOIN deployments d ON d.id = e.id
            LEFT JOIN deployment_leases l ON l.deployment_id = d.id
            WHERE d.status::text = 'failed' AND d.failed_reason = @reason OR l.claim_key <> e.key OR l.released_at IS NOT NULL
            """, P.Of(chosen), P.Of([.. expired.Select(lease => lease.Key)], "keys"), P.Text(Reason(maxAttempts), name: "reason"));
        var requeueing = db.WriteBatchAsync(
            async sets =>
            {
                await sets.SkipAsync().ConfigureAwait(false);
                var requeued = await sets.ListAsync(row => row.Guid()).ConfigureAwait(false);
                var failed = await sets.ListAsync(row => row.Guid()).ConfigureAwait(false);
                await sets.SkipAsync().ConfigureAwait(false);
                var all = await sets.ListAsync(row => (Id: row.Guid(), IsFailed: row.Flag())).ConfigureAwait(false);
                return sets.IsRepeated
                    ? new RequeueResult(
                        [.. all.Where(lease => !lease.IsFailed).Select(lease => lease.Id)],
                        [.. all.Where(lease => lease.IsFailed).Select(lease => lease.Id)])
                    : new RequeueResult(requeued, failed);
            },
            [ChosenDeployments.Lock(chosen), requeue, fail, forget, done],
            cancellationToken,
            nameof(IDeploymentMaintenance.RequeueExpiredAsync));
        return await context.WakeAfterAsync(db, requeueing, result => result.Requeued.Count > 0).ConfigureAwait(false);
    }

    private static string Reason(int maxAttempts) => maxAttempts == 1
        ? "The worker that built the deployment stopped answering."
        : $"The deployment was given up after {maxAttempts} attempts: each time the worker stopped answering.";
}
