using AutoStack.Data.Postgres;
using AutoStack.Data.Values;

namespace AutoStack.Data.HealthChecks;

/// <summary>
/// Stores checks. The unique rule of the table is another one in each layout, so that no statement names it: a statement first looks for
/// the ids that the caller has given, <c>@looks</c>. An id that the library has made is looked for only when the call is repeated.
/// </summary>
internal sealed partial class DeploymentHealthCheckRepository
{
    public async Task<DeploymentHealthCheck> AddAsync(NewDeploymentHealthCheck check, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(check);
        ArgumentException.ThrowIfNullOrWhiteSpace(check.Url);
        var id = Ids.Of(check.Id, "check.Id");
        Ids.Check(check.DeploymentId, "check.DeploymentId");
        return await StoreAsync(looks: check.Id is not null).ConfigureAwait(false) ?? await StoreAsync(looks: true).ConfigureAwait(false)
            ?? throw DuplicateException.OfId("deployment_health_checks_pkey");

        // No row when a concurrent call stores the same id: the next statement sees it.
        Task<DeploymentHealthCheck?> StoreAsync(bool looks) => db.WriteAsync(
            sets => sets.FindAsync(Read), Storing(looks), Storing(looks: true), cancellationToken, nameof(AddAsync));

        Statement Storing(bool looks) => new($"""
            WITH found AS (
                SELECT {Columns}
                FROM deployment_health_checks h
                WHERE @looks AND h.id = @id
            ),
            stored AS (
                INSERT INTO deployment_health_checks AS h (id, deployment_id, url, http_status, latency_ms, is_live, checked_at)
                SELECT @id, @deploymentId, @url, @httpStatus::int, @latencyMs::int, @isLive::boolean,
                    least(@checkedAt, {ServerTime.Present})
                WHERE NOT EXISTS (SELECT 1 FROM found f)
                ON CONFLICT DO NOTHING
                RETURNING {Columns}
            )
            SELECT {Columns}
            FROM stored h
            UNION ALL
            SELECT {Columns}
            FROM found h
            WHERE h.deployment_id = @deploymentId
            """,
            P.Of(id),
            P.Of(check.DeploymentId),
            P.Text(check.Url, DeploymentHealthCheck.MaxUrlLength),
            P.Of(check.HttpStatus),
            P.Of(check.LatencyMs),
            P.Of(check.IsLive),
            P.Of(check.CheckedAt),
            P.Of(looks),
            ServerTime.Now(clock));
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

        var rows = HealthCheckBatch.Parameters(checks);
        var counts = await StoreAsync(looks: checks.Any(check => check.Id is not null)).ConfigureAwait(false);
        if (counts.Kept < counts.Sent)
        {
            counts = await StoreAsync(looks: true).ConfigureAwait(false);
        }

        return counts.Kept == counts.Sent ? counts.Kept : throw DuplicateException.OfId("deployment_health_checks_pkey");

        // As with one check.
        async Task<Stored> StoreAsync(bool looks) => (await db.WriteAsync(
            sets => sets.FindAsync(row => new Stored(row.Int(), row.Int() + row.Int())),
            Storing(looks), Storing(looks: true), cancellationToken, nameof(AddManyAsync)).ConfigureAwait(false))!;

        // Each deployment is locked, so that none is removed between the join and the insert.
        Statement Storing(bool looks) => new($"""
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
            found AS (
                SELECT h.id, h.deployment_id
                FROM deployment_health_checks h
                WHERE @looks AND h.id = ANY (@ids)
            ),
            stored AS (
                INSERT INTO deployment_health_checks AS h (id, deployment_id, url, http_status, latency_ms, is_live, checked_at)
                SELECT n.id, n.deployment_id, n.url, n.http_status, n.latency_ms, n.is_live, n.checked_at
                FROM sent n
                WHERE NOT EXISTS (SELECT 1 FROM found f WHERE f.id = n.id)
                ON CONFLICT DO NOTHING
                RETURNING h.id
            )
            SELECT
                (SELECT pg_catalog.count(n.id)::int FROM sent n),
                (SELECT pg_catalog.count(t.id)::int FROM stored t),
                (SELECT pg_catalog.count(n.id)::int FROM sent n JOIN found f ON f.id = n.id AND f.deployment_id = n.deployment_id)
            """,
            [.. rows.Select(row => row.Clone()), P.Of(looks), ServerTime.Now(clock)]);
    }

    private sealed record Stored(int Sent, int Kept);
}
