using AutoStack.Data.Postgres;
using AutoStack.Data.Status;

namespace AutoStack.Data.Analytics;

internal sealed class ProjectAnalyticsQueries(Db db) : IProjectAnalyticsQueries
{
    internal static readonly string?[] KnownStatuses = [.. DeploymentStatus.Known.Select(s => s.Value)];

    public async Task<ProjectAnalytics?> FindAsync(Guid projectId, Guid ownerId, TimeRange uptime, CancellationToken cancellationToken)
    {
        var range = TimeRange.Check(uptime);
        // The deployments of the owner are read from an index that holds all of these columns, and the project is chosen afterwards:
        // OFFSET 0 keeps the planner from reading each deployment of the project in the table. Statuses and durations are few, and are
        // counted once. The ids that the checks are looked up by come oldest first: those of the library are in order then, and the server
        // has nothing to sort.
        return await db.FindAsync(Read, $"""
            WITH own AS NOT MATERIALIZED (
                SELECT d.id, d.project_id, d.status, d.build_duration_seconds, d.created_at
                FROM deployments d
                WHERE {Definitions.Owned}
                ORDER BY d.created_at DESC, d.id DESC
                OFFSET 0
            ),
            oldest AS NOT MATERIALIZED (
                SELECT d.id, d.project_id
                FROM deployments d
                WHERE {Definitions.Owned}
                ORDER BY d.created_at, d.id
                OFFSET 0
            ),
            numbers AS MATERIALIZED (
                SELECT n.status, n.build_duration_seconds, n.deployments
                FROM (
                    SELECT d.project_id, d.status, d.build_duration_seconds, pg_catalog.count(d.id) AS deployments
                    FROM own d
                    GROUP BY d.project_id, d.status, d.build_duration_seconds
                    OFFSET 0
                ) n
                WHERE n.project_id = @projectId
            ),
            counts AS (
                SELECT
                    coalesce(pg_catalog.sum(d.deployments), 0)::bigint AS deployments,
                    coalesce(pg_catalog.sum(d.deployments) FILTER (WHERE {Definitions.Succeeded}), 0)::bigint AS succeeded,
                    coalesce(pg_catalog.sum(d.deployments) FILTER (WHERE {Definitions.Finished}), 0)::bigint AS finished
                FROM numbers d
            ),
            statuses AS (
                SELECT coalesce(k.status, n.status) AS bucket, coalesce(n.deployments, 0) AS deployments, k.ordinal
                FROM pg_catalog.unnest(@known) WITH ORDINALITY k (status, ordinal)
                FULL JOIN (
                    SELECT pg_catalog.lower(d.status::text) AS status, pg_catalog.sum(d.deployments)::bigint AS deployments
                    FROM numbers d
                    GROUP BY pg_catalog.lower(d.status::text)
                ) n ON n.status = k.status
                ORDER BY k.ordinal, bucket
                LIMIT 100
            ),
            durations AS (
                SELECT
                    {Definitions.Durations}
                FROM (
                    SELECT b.id, d.build_duration_seconds
                    FROM numbers d
                    CROSS JOIN LATERAL pg_catalog.generate_series(1, d.deployments) AS b (id)
                    WHERE {Definitions.Built}
                ) d
            ),
            uptime AS (
                SELECT pg_catalog.count(h.id) AS checks, pg_catalog.count(h.id) FILTER (WHERE h.is_live) AS live
                FROM deployment_health_checks h
                WHERE h.deployment_id = ANY (ARRAY(SELECT d.id FROM oldest d WHERE d.project_id = @projectId))
                  AND h.checked_at >= @since AND h.checked_at < @until
            )
            SELECT
                c.deployments, c.succeeded, c.finished,
                ARRAY(SELECT s.bucket FROM statuses s ORDER BY s.ordinal, s.bucket),
                ARRAY(SELECT s.deployments FROM statuses s ORDER BY s.ordinal, s.bucket),
                b.builds, b.shortest, b.average, b.median, b.p95, b.longest,
                ARRAY(
                    SELECT d.build_duration_seconds
                    FROM own d
                    WHERE d.project_id = @projectId AND {Definitions.Built}
                    ORDER BY d.created_at DESC, d.id DESC
                    LIMIT 5),
                u.checks, u.live
            FROM projects p
            CROSS JOIN counts c
            CROSS JOIN durations b
            CROSS JOIN uptime u
            WHERE p.id = @projectId AND p.user_id = @ownerId AND {AccountState.OwnerIsOpen}
            """,
            [P.Of(projectId), P.Of(ownerId), P.Of(KnownStatuses, "known"), P.Of(range.From, "since"), P.Of(range.To, "until")],
            cancellationToken).ConfigureAwait(false);
    }

    private static ProjectAnalytics Read(RowReader row) => new()
    {
        Deployments = row.Long(),
        Succeeded = row.Long(),
        Finished = row.Long(),
        Statuses =
        [
            .. row.Array<string>().Zip(row.Array<long>(), (status, count) => new StatusCount(DeploymentStatus.From(status), count)),
        ],
        Durations = BuildDurations.Read(row),
        NewestBuildSeconds = row.Array<int>(),
        Uptime = new ProjectUptime(row.Long(), row.Long()),
    };
}
