using AutoStack.Data.Logs;
using AutoStack.Data.Postgres;
using AutoStack.Data.Status;
using AutoStack.Data.Values;

namespace AutoStack.Data.HealthChecks;

internal sealed class DeploymentHealthCheckRepository(Db db, TimeProvider clock)
    : IDeploymentHealthCheckRepository, IPlatformDeploymentHealthCheckRepository
{
    internal const string Columns = "h.id, h.deployment_id, h.url, h.http_status, h.latency_ms, h.is_live, h.checked_at";

    // Other writers may store longer addresses.
    private const string ListColumns =
        "h.id, h.deployment_id, pg_catalog.left(h.url, 2048), h.http_status, h.latency_ms, h.is_live, h.checked_at";

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

    internal static Statement Latest(Guid deploymentId, Guid ownerId, int limit) => new($"""
        SELECT {ListColumns}
        FROM deployment_health_checks h
        WHERE h.deployment_id = @deploymentId AND {DeploymentState.Owned}
        ORDER BY h.checked_at DESC, h.id DESC
        LIMIT @limit
        """, P.Of(deploymentId), P.Of(ownerId), P.Of(limit));

    /// <summary>Removes rows of the deployments in <see cref="Chosen"/>, whatever their age.</summary>
    internal static Statement PurgeChosen(int limit) => new(
        $"{LogPurge.OfChosen} deployment_health_checks {LogPurge.UpToLimit} deployment_health_checks {LogPurge.Joined}", P.Of(limit));

    public async Task<DeploymentHealthCheck?> FindLatestAsync(Guid deploymentId, Guid ownerId, CancellationToken cancellationToken)
    {
        var latest = await db.ListAsync(Read, Latest(deploymentId, ownerId, 1), cancellationToken).ConfigureAwait(false);
        return latest.Count == 0 ? null : latest[0];
    }

    public Task<Uptime?> FindUptimeAsync(
        Guid deploymentId, Guid ownerId, DateTimeOffset start, DateTimeOffset end, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(end, start);
        return db.FindAsync(row => new Uptime(row.Long(), row.Long()), $"""
            SELECT w.checks, w.live
            FROM (
                SELECT pg_catalog.count(h.id) AS checks, pg_catalog.count(h.id) FILTER (WHERE h.is_live) AS live
                FROM deployment_health_checks h
                WHERE h.deployment_id = @deploymentId AND h.checked_at >= @start AND h.checked_at < @end
            ) w
            WHERE {DeploymentState.Owned}
            """, [P.Of(deploymentId), P.Of(ownerId), P.Of(start), P.Of(end)], cancellationToken);
    }

    public Task<IReadOnlyList<DeploymentHealthCheck>> ListLatestAsync(
        Guid deploymentId, Guid ownerId, int limit, CancellationToken cancellationToken)
    {
        Limit.Check(limit, IDeploymentHealthCheckRepository.MaxListSize);
        return db.ListAsync(Read, Latest(deploymentId, ownerId, limit), cancellationToken);
    }

    public Task<IReadOnlyList<HealthBucket>> ListHistoryAsync(
        Guid deploymentId, Guid ownerId, DateTimeOffset start, DateTimeOffset end, TimeSpan bucket, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(end, start);
        if (bucket < TimeSpan.FromSeconds(1) || bucket.TotalSeconds > int.MaxValue || bucket.Ticks % TimeSpan.TicksPerSecond != 0)
        {
            throw new ArgumentException("bucket is a whole number of seconds, at least one.", nameof(bucket));
        }

        // Truncated as they are sent, so that the number of buckets is the one that the server counts.
        var first = Time.Truncate(start);

        // The driver sends MinValue as -infinity, from which no bucket can be counted.
        ArgumentOutOfRangeException.ThrowIfEqual(first, DateTimeOffset.MinValue, nameof(start));
        var buckets = ((Time.Truncate(end) - first).Ticks + bucket.Ticks - 1) / bucket.Ticks;
        if (buckets > IDeploymentHealthCheckRepository.MaxBuckets)
        {
            throw new ArgumentException(
                $"bucket divides the range into {buckets} buckets; at most {IDeploymentHealthCheckRepository.MaxBuckets}.", nameof(bucket));
        }

        return db.ListAsync(row => new HealthBucket(first + (bucket * row.Int()), row.Long(), row.Long(), row.IntOrNull()), $"""
            SELECT b.ordinal, coalesce(w.checks, 0), coalesce(w.live, 0), w.latency
            FROM pg_catalog.generate_series(0, @buckets - 1) AS b (ordinal)
            LEFT JOIN (
                SELECT pg_catalog.floor(extract(epoch FROM h.checked_at - @start) / @seconds::numeric)::int AS ordinal,
                    pg_catalog.count(h.id) AS checks, pg_catalog.count(h.id) FILTER (WHERE h.is_live) AS live,
                    pg_catalog.round(pg_catalog.avg(h.latency_ms))::int AS latency
                FROM deployment_health_checks h
                WHERE h.deployment_id = @deploymentId AND h.checked_at >= @start AND h.checked_at < @end
                GROUP BY 1
            ) w ON w.ordinal = b.ordinal
            WHERE {DeploymentState.Owned}
            ORDER BY b.ordinal
            """,
            [
                P.Of(deploymentId),
                P.Of(ownerId),
                P.Of(start),
                P.Of(end),
                P.Of((int)buckets, nameof(buckets)),
                P.Of((int)bucket.TotalSeconds, "seconds"),
            ],
            cancellationToken);
    }

    public async Task<Page<UnhealthyDeployment>> ListUnhealthyAsync(
        int threshold, Cursor cursor, int limit, CancellationToken cancellationToken)
    {
        Limit.Check(threshold, IPlatformDeploymentHealthCheckRepository.MaxThreshold);
        Limit.Check(limit, IPlatformDeploymentHealthCheckRepository.MaxListSize);
        var rows = await db.ListAsync(row => new UnhealthyDeployment(row.Guid(), row.Guid(), row.Guid(), row.Time()), """
            WITH running AS MATERIALIZED (
                SELECT d.id, d.project_id, d.user_id, r.since
                FROM deployments d
                JOIN (
                    SELECT c.deployment_id, pg_catalog.max(c.created_at) AS since
                    FROM deployment_containers c
                    WHERE c.status::text = 'running' AND c.stopped_at IS NULL
                    GROUP BY c.deployment_id
                ) r ON r.deployment_id = d.id
                WHERE d.status::text = 'success' AND NOT d.is_deleted AND d.id > @afterId
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

    public async Task<int> CountConsecutiveFailuresAsync(Guid deploymentId, CancellationToken cancellationToken) =>
        await db.FindValueAsync(row => row.Int(), """
            WITH live AS (
                SELECT l.checked_at, l.id
                FROM deployment_health_checks l
                WHERE l.deployment_id = @deploymentId AND l.is_live
                ORDER BY l.checked_at DESC, l.id DESC
                LIMIT 1
            )
            SELECT pg_catalog.count(h.id)::int
            FROM deployment_health_checks h
            WHERE h.deployment_id = @deploymentId
              AND (h.checked_at, h.id) > (
                  coalesce((SELECT v.checked_at FROM live v), '-infinity'::timestamp),
                  coalesce((SELECT v.id FROM live v), '00000000-0000-0000-0000-000000000000'::uuid))
            """, [P.Of(deploymentId)], cancellationToken).ConfigureAwait(false) ?? 0;

    public async Task<DeploymentHealthCheck> AddAsync(NewDeploymentHealthCheck check, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(check);
        ArgumentException.ThrowIfNullOrWhiteSpace(check.Url);
        return await db.WriteAsync(Read, $"""
            INSERT INTO deployment_health_checks AS h (id, deployment_id, url, http_status, latency_ms, is_live, checked_at)
            VALUES (@id, @deploymentId, @url, @httpStatus, @latencyMs, @isLive, least(@checkedAt, {ServerTime.Present}))
            ON CONFLICT (id) DO UPDATE
            SET url = h.url
            WHERE h.deployment_id = excluded.deployment_id
            RETURNING {Columns}
            """,
            [
                P.Of(check.Id ?? Ids.New(), "id"),
                P.Of(check.DeploymentId),
                P.Text(check.Url, IPlatformDeploymentHealthCheckRepository.MaxUrlLength),
                P.Of(check.HttpStatus),
                P.Of(check.LatencyMs),
                P.Of(check.IsLive),
                P.Of(check.CheckedAt),
                ServerTime.Now(clock),
            ], cancellationToken).ConfigureAwait(false)
            ?? throw DuplicateException.OfId("deployment_health_checks_pkey");
    }

    public async Task<int> AddManyAsync(IReadOnlyCollection<NewDeploymentHealthCheck> checks, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(checks);
        if (checks.Count > IPlatformDeploymentHealthCheckRepository.MaxBatchSize)
        {
            throw new ArgumentException(
                $"{checks.Count} checks are too many at once; at most {IPlatformDeploymentHealthCheckRepository.MaxBatchSize}.",
                nameof(checks));
        }

        if (checks.Count == 0)
        {
            return 0;
        }

        // Each deployment is locked, so that none is removed between the join and the insert.
        var counts = await db.WriteAsync(row => new Stored(row.Int(), row.Int()), $"""
            WITH sent AS MATERIALIZED (
                SELECT k.id, k.deployment_id, k.url, k.http_status, k.latency_ms, k.is_live, k.checked_at
                FROM (
                    SELECT n.id, n.deployment_id, n.url, n.http_status, n.latency_ms, n.is_live,
                        least(n.checked_at, {ServerTime.Present}) AS checked_at
                    FROM {HealthCheckBatch.Rows}
                    JOIN deployments d ON d.id = n.deployment_id
                    ORDER BY n.id
                    FOR KEY SHARE OF d
                ) k
            ),
            stored AS (
                INSERT INTO deployment_health_checks AS h (id, deployment_id, url, http_status, latency_ms, is_live, checked_at)
                SELECT n.id, n.deployment_id, n.url, n.http_status, n.latency_ms, n.is_live, n.checked_at
                FROM sent n
                ON CONFLICT (id) DO UPDATE
                SET id = excluded.id
                WHERE h.deployment_id = excluded.deployment_id
                RETURNING h.id
            )
            SELECT (SELECT pg_catalog.count(n.id)::int FROM sent n), (SELECT pg_catalog.count(t.id)::int FROM stored t)
            """,
            [.. HealthCheckBatch.Parameters(checks), ServerTime.Now(clock)],
            cancellationToken).ConfigureAwait(false);
        return counts!.Kept == counts.Sent ? counts.Kept : throw DuplicateException.OfId("deployment_health_checks_pkey");
    }

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

    private sealed record Stored(int Sent, int Kept);
}
