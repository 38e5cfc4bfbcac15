using AutoStack.Data.Postgres;
using AutoStack.Data.Values;

namespace AutoStack.Data.Analytics;

internal sealed class DashboardQueries(Db db, TimeProvider clock) : IDashboardQueries
{
    public async Task<DashboardStats> SummarizeAsync(Guid ownerId, CancellationToken cancellationToken)
    {
        var now = await ServerTime.ReadAsync(db, clock, cancellationToken).ConfigureAwait(false);
        var today = new DateTimeOffset(now.Date, TimeSpan.Zero);
        var (thisWeek, lastWeek) = Compare(now, today.AddDays(-(((int)today.DayOfWeek + 6) % 7)), start => start.AddDays(-7));
        var (thisMonth, lastMonth) = Compare(now, today.AddDays(1 - today.Day), start => start.AddMonths(-1));
        TimeRange[] ranges =
        [
            new(DateTimeOffset.MinValue, DateTimeOffset.MaxValue), new(today, End(now)), thisWeek, lastWeek, thisMonth, lastMonth,
        ];
        // First by project and status: a range of 100,000 deployments has few of these, and an index holds all of its columns. The start as
        // in Definitions.InRange.
        var summaries = await db.ListAsync(DeploymentSummary.Read, $"""
            SELECT s.deployments, s.succeeded, s.failed, s.cancelled, s.seconds, s.projects
            FROM unnest(@starts, @ends) WITH ORDINALITY r (since, until, ordinal)
            CROSS JOIN LATERAL (
                SELECT
                    coalesce(pg_catalog.sum(n.deployments), 0)::bigint AS deployments,
                    coalesce(pg_catalog.sum(n.deployments) FILTER (WHERE n.status = 'success'), 0)::bigint AS succeeded,
                    coalesce(pg_catalog.sum(n.deployments) FILTER (WHERE n.status = 'failed'), 0)::bigint AS failed,
                    coalesce(pg_catalog.sum(n.deployments) FILTER (WHERE n.status = 'cancelled'), 0)::bigint AS cancelled,
                    (pg_catalog.sum(n.seconds) FILTER (WHERE n.status = 'success')
                        / pg_catalog.sum(n.builds) FILTER (WHERE n.status = 'success' AND n.builds > 0))::float8 AS seconds,
                    pg_catalog.count(DISTINCT n.project_id) AS projects
                FROM (
                    SELECT
                        d.project_id, pg_catalog.lower(d.status::text) AS status, pg_catalog.count(d.id) AS deployments,
                        pg_catalog.sum(d.build_duration_seconds) AS seconds, pg_catalog.count(d.build_duration_seconds) AS builds
                    FROM deployments d
                    WHERE {Definitions.Owned} AND (d.created_at, d.id) >= (r.since, {Ids.Least}) AND d.created_at < r.until
                    GROUP BY d.project_id, d.status
                ) n
            ) s
            ORDER BY r.ordinal
            """,
            [
                P.Of(ownerId),
                P.Of(Array.ConvertAll(ranges, r => Time.ToColumn(r.From)), "starts"),
                P.Of(Array.ConvertAll(ranges, r => Time.ToColumn(r.To)), "ends"),
            ], cancellationToken).ConfigureAwait(false);
        return new DashboardStats
        {
            Total = summaries[0],
            Today = summaries[1],
            Week = new PeriodComparison
            {
                CurrentRange = thisWeek,
                Current = summaries[2],
                PreviousRange = lastWeek,
                Previous = summaries[3],
            },
            Month = new PeriodComparison
            {
                CurrentRange = thisMonth,
                Current = summaries[4],
                PreviousRange = lastMonth,
                Previous = summaries[5],
            },
        };
    }

    // The elapsed part of a period is compared with the same part of the period before: compared with a whole period, every Monday would
    // look like a collapse.
    private static (TimeRange Current, TimeRange Previous) Compare(
        DateTimeOffset now, DateTimeOffset start, Func<DateTimeOffset, DateTimeOffset> before)
    {
        var previous = before(start);
        var end = previous + (End(now) - start);
        return (new TimeRange(start, End(now)), new TimeRange(previous, end < start ? end : start));
    }

    // Deployments queued in the present microsecond count.
    private static DateTimeOffset End(DateTimeOffset now) => now.AddMicroseconds(1);
}
