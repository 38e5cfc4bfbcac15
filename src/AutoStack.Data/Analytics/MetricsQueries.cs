using AutoStack.Data.Postgres;

namespace AutoStack.Data.Analytics;

internal sealed class MetricsQueries(Db db, TimeProvider clock) : IMetricsQueries
{
    public async Task<PlatformMetrics> MeasureAsync(CancellationToken cancellationToken)
    {
        // Counted by status, from an index that holds nothing else, and without the deleted ones, which have an index of their own: no row
        // of the table is read for a count. Rows of the present microsecond count.
        var until = (await ServerTime.ReadAsync(db, clock, cancellationToken).ConfigureAwait(false)).AddMicroseconds(1);
        return (await db.FindAsync(Read, $"""
            SELECT c.deployments, c.succeeded, c.failed, r.deployments, n.users, n.recent
            FROM (
                SELECT
                    coalesce(pg_catalog.sum(d.deployments), 0)::bigint AS deployments,
                    coalesce(pg_catalog.sum(d.deployments) FILTER (WHERE {Definitions.Succeeded}), 0)::bigint AS succeeded,
                    coalesce(pg_catalog.sum(d.deployments) FILTER (WHERE pg_catalog.lower(d.status::text) = 'failed'), 0)::bigint AS failed
                FROM (
                    SELECT d.status, pg_catalog.count(*) AS deployments
                    FROM deployments d
                    GROUP BY d.status
                    UNION ALL
                    SELECT d.status, -pg_catalog.count(*)
                    FROM deployments d
                    WHERE d.is_deleted
                    GROUP BY d.status
                ) d
            ) c
            CROSS JOIN (
                SELECT pg_catalog.count(d.id) AS deployments
                FROM deployments d
                WHERE NOT d.is_deleted AND {Definitions.InRange}
            ) r
            CROSS JOIN (
                SELECT
                    pg_catalog.count(u.id) AS users,
                    pg_catalog.count(u.id) FILTER (WHERE u.created_at >= @usersSince AND u.created_at < @until) AS recent
                FROM users u
                WHERE u.closed_at IS NULL
            ) n
            """,
            [P.Of(until.AddHours(-24), "since"), P.Of(until.AddDays(-30), "usersSince"), P.Of(until)],
            cancellationToken).ConfigureAwait(false))!;
    }

    private static PlatformMetrics Read(RowReader row) => new()
    {
        Deployments = row.Long(),
        Succeeded = row.Long(),
        Failed = row.Long(),
        DeploymentsLast24Hours = row.Long(),
        Users = row.Long(),
        UsersLast30Days = row.Long(),
    };
}
