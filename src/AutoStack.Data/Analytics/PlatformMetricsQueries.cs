using AutoStack.Data.Postgres;
using AutoStack.Data.Values;

namespace AutoStack.Data.Analytics;

internal sealed class PlatformMetricsQueries(Db db, TimeProvider clock) : IPlatformMetricsQueries
{
    public async Task<PlatformMetrics> MeasureAsync(CancellationToken cancellationToken)
    {
        // Rows of the present microsecond count.
        var until = clock.Now().AddMicroseconds(1);
        return (await db.FindAsync(Read, $"""
            SELECT c.deployments, c.succeeded, c.failed, c.recent, n.users, n.recent
            FROM (
                SELECT
                    pg_catalog.count(d.id) AS deployments, pg_catalog.count(d.id) FILTER (WHERE {Definitions.Succeeded}) AS succeeded,
                    pg_catalog.count(d.id) FILTER (WHERE pg_catalog.lower(d.status::text) = 'failed') AS failed,
                    pg_catalog.count(d.id) FILTER (WHERE {Definitions.InRange}) AS recent
                FROM deployments d
                WHERE NOT d.is_deleted
            ) c
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
