using AutoStack.Data.Postgres;

namespace AutoStack.Data.Analytics;

internal sealed class ProjectAnalyticsQueries(Db db) : IProjectAnalyticsQueries
{
    internal static readonly string?[] KnownStatuses = [.. DeploymentStatus.Known.Select(s => s.Value)];

    public async Task<ProjectAnalytics?> FindAsync(Guid projectId, Guid ownerId, TimeRange uptime, CancellationToken cancellationToken)
    {
        var range = TimeRange.Check(uptime);
        return await db.FindAsync(Read, $"""
            WITH own AS (
                SELECT d.id, d.status, d.build_duration_seconds, d.created_at
                FROM deployments d
                WHERE d.project_id = @projectId AND {Definitions.Owned}
            ),
            counts AS (
                SELECT
                    pg_catalog.count(d.id) AS deployments,
                    pg_catalog.count(d.id) FILTER (WHERE {Definitions.Succeeded}) AS succeeded,
                    pg_catalog.count(d.id) FILTER (WHERE {Definitions.Finished}) AS finished
                FROM own d
            ),
            statuses AS (
                SELECT coalesce(k.status, n.status) AS bucket, coalesce(n.deployments, 0) AS deployments, k.ordinal
                FROM pg_catalog.unnest(@known) WITH ORDINALITY k (status, ordinal)
                FULL JOIN (
                    SELECT pg_catalog.lower(d.status::text) AS status, pg_catalog.count(d.id) AS deployments
                    FROM own d
                    GROUP BY pg_catalog.lower(d.status::text)
                ) n ON n.status = k.status
                ORDER BY k.ordinal, bucket
                LIMIT 100
            ),
            durations AS (
                SELECT
                    {Definitions.Durations}
                FROM own d
                WHERE {Definitions.Built}
            ),
            uptime AS (
                SELECT pg_catalog.count(h.id) AS checks, pg_catalog.count(h.id) FILTER (WHERE h.is_live) AS live
                FROM own d
                JOIN deployment_health_checks h ON h.deployment_id = d.id
                WHERE h.checked_at >= @since AND h.checked_at < @until
            )
            SELECT
                c.deployments, c.succeeded, c.finished,
                ARRAY(SELECT s.bucket FROM statuses s ORDER BY s.ordinal, s.bucket),
                ARRAY(SELECT s.deployments FROM statuses s ORDER BY s.ordinal, s.bucket),
                b.builds, b.shortest, b.average, b.median, b.p95, b.longest,
                ARRAY(
                    SELECT d.build_duration_seconds
                    FROM own d
                    WHERE {Definitions.Built}
                    ORDER BY d.created_at DESC, d.id DESC
                    LIMIT 5),
                u.checks, u.live
            FROM projects p
            CROSS JOIN counts c
            CROSS JOIN durations b
            CROSS JOIN uptime u
            WHERE p.id = @projectId AND p.user_id = @ownerId
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
