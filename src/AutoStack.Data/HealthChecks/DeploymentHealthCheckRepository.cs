using System.Runtime.CompilerServices;
using AutoStack.Data.Logs;
using AutoStack.Data.Postgres;
using AutoStack.Data.Status;
using AutoStack.Data.Values;

namespace AutoStack.Data.HealthChecks;

internal sealed partial class DeploymentHealthCheckRepository(Db db, TimeProvider clock, HealthCheckHours hours)
    : IDeploymentHealthCheckRepository, IPlatformDeploymentHealthCheckRepository
{
    internal const string Columns = "h.id, h.deployment_id, h.url, h.http_status, h.latency_ms, h.is_live, h.checked_at";

    // Other writers may store longer addresses.
    private const string ListColumns =
        "h.id, h.deployment_id, pg_catalog.left(h.url, 2048), h.http_status, h.latency_ms, h.is_live, h.checked_at";

    private static readonly TimeSpan Recent = TimeSpan.FromDays(1);

    internal static DeploymentHealthCheck Read(RowReader row) => new()
    {
        Id = row.Guid(),
        DeploymentId = row.Guid(),
        Url = row.Text(),
        HttpStatus = row.IntOrNull(),
        LatencyMs = row.IntOrNull(),
        IsLive = row.Flag(),
        CheckedAt = row.Time(),
    };

    // The deployment and the limit stand in subqueries, so that the server keeps one plan: some deployments have thousands of checks, and a
    // plan for the values of others looks cheaper to it.
    internal static Statement Latest(Guid deploymentId, Guid ownerId, int limit) => new($"""
        SELECT {ListColumns}
        FROM deployment_health_checks h
        WHERE h.deployment_id = (SELECT @deploymentId::uuid) AND {DeploymentState.Owned}
        ORDER BY h.checked_at DESC, h.id DESC
        LIMIT (SELECT @limit::int)
        """, P.Of(deploymentId), P.Of(ownerId), P.Of(limit));

    // The server plans the chunks of the period only.
    private static Statement LatestSince(DateTimeOffset since, Guid deploymentId, Guid ownerId, int limit) => new($"""
        SELECT {ListColumns}
        FROM deployment_health_checks h
        WHERE h.deployment_id = @deploymentId AND h.checked_at >= @since AND {DeploymentState.Owned}
        ORDER BY h.checked_at DESC, h.id DESC
        LIMIT @limit
        """, P.Of(since), P.Of(deploymentId), P.Of(ownerId), P.Of(limit));

    /// <summary>Removes rows of the deployments in <see cref="Chosen"/>, whatever their age.</summary>
    internal static Statement PurgeChosen(int limit) => new(
        $"{LogPurge.OfChosen} deployment_health_checks {LogPurge.UpToLimit} deployment_health_checks {LogPurge.Joined}", P.Of(limit));

    /// <summary>
    /// Removes all rows of the deployments in <see cref="Chosen"/>; returns no row. A hypertable finds compressed checks by their
    /// deployment only, and removes them without reading them as long as none is returned.
    /// </summary>
    internal static Statement PurgeAllOfChosen() =>
        new($"""
            WITH gone AS (
                DELETE FROM deployment_health_checks h
                WHERE h.deployment_id = ANY ({Chosen.Ids})
            )
            SELECT NULL::uuid
            WHERE FALSE
            """);

    public async Task<DeploymentHealthCheck?> FindLatestAsync(Guid deploymentId, Guid ownerId, CancellationToken cancellationToken)
    {
        var latest = await ReadLatestAsync(deploymentId, ownerId, 1, cancellationToken).ConfigureAwait(false);
        return latest.Count == 0 ? null : latest[0];
    }

    public Task<IReadOnlyList<DeploymentHealthCheck>> ListLatestAsync(
        Guid deploymentId, Guid ownerId, int limit, CancellationToken cancellationToken)
    {
        Limit.Check(limit, IDeploymentHealthCheckRepository.MaxListSize);
        return ReadLatestAsync(deploymentId, ownerId, limit, cancellationToken);
    }

    private async Task<IReadOnlyList<DeploymentHealthCheck>> ReadLatestAsync(
        Guid deploymentId, Guid ownerId, int limit, CancellationToken cancellationToken, [CallerMemberName] string operation = "")
    {
        // Most deployments that are looked at are checked every few minutes.
        if (await hours.AreThereAsync(db, cancellationToken).ConfigureAwait(false))
        {
            var recent = LatestSince(ServerTime.About(clock) - Recent, deploymentId, ownerId, limit);
            var latest = await db.ListAsync(Read, recent, cancellationToken, operation).ConfigureAwait(false);
            if (latest.Count == limit)
            {
                return latest;
            }
        }

        return await db.ListAsync(Read, Latest(deploymentId, ownerId, limit), cancellationToken, operation).ConfigureAwait(false);
    }

    public async Task<Page<UnhealthyDeployment>> ListUnhealthyAsync(
        int threshold, Cursor cursor, int limit, CancellationToken cancellationToken)
    {
        Limit.Check(threshold, IPlatformDeploymentHealthCheckRepository.MaxThreshold);
        Limit.Check(limit, IPlatformDeploymentHealthCheckRepository.MaxListSize);
        var rows = await db.ListAsync(row => new UnhealthyDeployment(row.Guid(), row.Guid(), row.Guid(), row.Time()), $"""
            WITH running AS MATERIALIZED (
                SELECT d.id, d.project_id, d.user_id, r.since
                FROM deployments d
                JOIN (
                    SELECT c.deployment_id, pg_catalog.max(c.created_at) AS since
                    FROM deployment_containers c
                    WHERE c.status::text = 'running' AND c.stopped_at IS NULL
                    GROUP BY c.deployment_id
                ) r ON r.deployment_id = d.id
                WHERE d.status::text = 'success' AND NOT d.is_deleted
                  AND d.id >= coalesce(@afterId, {Ids.Least}) AND d.id IS DISTINCT FROM @afterId
            )
            SELECT d.id, d.project_id, d.user_id, w.last
            FROM running d
            CROSS JOIN LATERAL (
                SELECT pg_catalog.count(k.id) AS checks, pg_catalog.bool_or(k.is_live) AS live, pg_catalog.max(k.checked_at) AS last
                FROM (
                    SELECT h.id, h.is_live, h.checked_at
                    FROM deployment_health_checks h
                    WHERE h.deployment_id = d.id AND h.checked_at >= d.since
                    ORDER BY h.checked_at DESC, h.id DESC
                    LIMIT @threshold
                ) k
            ) w
            WHERE w.checks = @threshold AND NOT w.live
            ORDER BY d.id
            LIMIT @limit
            """, [P.Of(threshold), P.Of(limit + 1, "limit"), P.Of(cursor.ToId(), "afterId")], cancellationToken).ConfigureAwait(false);
        return Page<UnhealthyDeployment>.Of(rows, limit, row => Cursor.After(row.DeploymentId));
    }

    // The deployment stands in subqueries as above.
    public async Task<int> CountConsecutiveFailuresAsync(Guid deploymentId, CancellationToken cancellationToken) =>
        await db.FindValueAsync(row => row.Int(), $"""
            WITH live AS (
                SELECT l.checked_at, l.id
                FROM deployment_health_checks l
                WHERE l.deployment_id = (SELECT @deploymentId::uuid) AND l.is_live
                ORDER BY l.checked_at DESC, l.id DESC
                LIMIT 1
            )
            SELECT pg_catalog.count(h.id)::int
            FROM deployment_health_checks h
            WHERE h.deployment_id = (SELECT @deploymentId::uuid)
              AND (h.checked_at, h.id) > (
                  coalesce((SELECT v.checked_at FROM live v), '-infinity'::timestamp),
                  coalesce((SELECT v.id FROM live v), {Ids.Least}))
            """, [P.Of(deploymentId)], cancellationToken).ConfigureAwait(false) ?? 0;

    public Task<int> PurgeAsync(DateTimeOffset before, int limit, CancellationToken cancellationToken) =>
        PurgeAsync(before, limit, new PurgeWindow.Place(), cancellationToken);

    // No plan sorts above a locking clause: deployments and checks are locked one by one until the limit is reached. A deployment that is
    // being removed with its checks is skipped.
    internal Task<int> PurgeAsync(DateTimeOffset before, int limit, PurgeWindow.Place place, CancellationToken cancellationToken) =>
        PurgeWindow.PurgeAsync(db, DueHealthChecks.Next, $"""
            WITH {PurgeWindow.Due},
            begun AS MATERIALIZED (
                SELECT v.id
                FROM due v
                CROSS JOIN LATERAL (
                    SELECT k.id
                    FROM deployment_health_checks k
                    WHERE k.deployment_id = v.id AND k.checked_at < @before
                    ORDER BY k.checked_at, k.id
                    LIMIT 1
                ) f
            ),
            held AS (
                SELECT b.id
                FROM begun b
                CROSS JOIN LATERAL (SELECT d.id FROM deployments d WHERE d.id = b.id FOR KEY SHARE SKIP LOCKED) d
            ),
            victim AS MATERIALIZED (
                SELECT o.id
                FROM held b
                CROSS JOIN LATERAL (
                    SELECT k.id
                    FROM deployment_health_checks k
                    WHERE k.deployment_id = b.id AND k.checked_at < @before
                    ORDER BY k.checked_at, k.id
                    LIMIT @limit
                    FOR UPDATE SKIP LOCKED
                ) o
                LIMIT @limit
            ),
            gone AS (
                DELETE FROM deployment_health_checks h
                WHERE h.id = ANY (ARRAY(SELECT v.id FROM victim v))
                RETURNING h.id
            )
            {PurgeWindow.Result}
            """, before, Limit.Check(limit, IPlatformDeploymentHealthCheckRepository.MaxPurgeSize), place, cancellationToken);
}
