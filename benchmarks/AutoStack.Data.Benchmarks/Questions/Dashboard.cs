using AutoStack.Data.Analytics;
using AutoStack.Data.Benchmarks.Driver;
using BenchmarkDotNet.Attributes;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using NpgsqlTypes;

namespace AutoStack.Data.Benchmarks.Questions;

/// <summary>The dashboard of a user who has many deployments: six ranges of time, each with its outcomes.</summary>
public class Dashboard : CallQuestion
{
    private const string Sql = """
        SELECT s.deployments, s.succeeded, s.failed, s.cancelled, s.seconds, s.projects
        FROM unnest($2, $3) WITH ORDINALITY r (since, until, ordinal)
        CROSS JOIN LATERAL (
            SELECT
                coalesce(sum(n.deployments), 0)::bigint AS deployments,
                coalesce(sum(n.deployments) FILTER (WHERE n.status = 'success'), 0)::bigint AS succeeded,
                coalesce(sum(n.deployments) FILTER (WHERE n.status = 'failed'), 0)::bigint AS failed,
                coalesce(sum(n.deployments) FILTER (WHERE n.status = 'cancelled'), 0)::bigint AS cancelled,
                (sum(n.seconds) FILTER (WHERE n.status = 'success')
                    / sum(n.builds) FILTER (WHERE n.status = 'success' AND n.builds > 0))::float8 AS seconds,
                count(DISTINCT n.project_id) AS projects
            FROM (
                SELECT
                    d.project_id, lower(d.status::text) AS status, count(d.id) AS deployments,
                    sum(d.build_duration_seconds) AS seconds, count(d.build_duration_seconds) AS builds
                FROM deployments d
                WHERE d.user_id = $1 AND NOT d.is_deleted AND d.created_at >= r.since AND d.created_at < r.until
                  AND NOT EXISTS (SELECT FROM users c WHERE c.id = $1 AND c.closed_at IS NOT NULL)
                GROUP BY d.project_id, d.status
            ) n
        ) s
        ORDER BY r.ordinal
        """;

    private IDashboardQueries dashboard = null!;
    private DateTime[] starts = null!;
    private DateTime[] ends = null!;

    public override async Task SetUpAsync()
    {
        await base.SetUpAsync();
        dashboard = Subjects.Get<IDashboardQueries>();
        var now = DateTime.SpecifyKind(DateTime.UtcNow, DateTimeKind.Unspecified);
        var monday = now.Date.AddDays(-(((int)now.DayOfWeek + 6) % 7));
        var first = now.Date.AddDays(1 - now.Day);
        starts = [DateTime.MinValue, now.Date, monday, monday.AddDays(-7), first, first.AddMonths(-1)];
        ends = [DateTime.MaxValue, now, now, now.AddDays(-7), now, now.AddMonths(-1)];
    }

    private protected override async Task<int> DriverAsync(NpgsqlDataSource source) => (await Raw.ListAsync(
        source, Sql,
        static reader => (
            reader.GetInt64(0), reader.GetInt64(1), reader.GetInt64(2), reader.GetInt64(3),
            reader.IsDBNull(4) ? (double?)null : reader.GetDouble(4), reader.GetInt64(5)),
        Raw.Uuid(Fixtures.HeavyUserId),
        Raw.Array(starts, NpgsqlDbType.Timestamp),
        Raw.Array(ends, NpgsqlDbType.Timestamp))).Count;

    [Benchmark(Description = Subjects.Library)]
    public async Task<int> Library()
    {
        var stats = await dashboard.SummarizeAsync(Fixtures.HeavyUserId, CancellationToken.None);
        DeploymentSummary[] read =
            [stats.Total, stats.Today, stats.Week.Current, stats.Week.Previous, stats.Month.Current, stats.Month.Previous];
        return read.Length;
    }

    [Benchmark(Description = Subjects.EfCore)]
    public async Task<int> EfCore()
    {
        await using var context = Subjects.CreateContext();
        var ranges = 0;
        for (var range = 0; range < starts.Length; range++)
        {
            var (since, until) = (starts[range], ends[range]);
            await context.Deployments
                .Where(d => d.UserId == Fixtures.HeavyUserId && !d.IsDeleted && d.CreatedAt >= since && d.CreatedAt < until)
                .GroupBy(d => 1)
                .Select(g => new
                {
                    Deployments = g.Count(),
                    Succeeded = g.Count(d => d.Status == "success"),
                    Failed = g.Count(d => d.Status == "failed"),
                    Cancelled = g.Count(d => d.Status == "cancelled"),
                    Seconds = g.Where(d => d.Status == "success").Average(d => d.BuildDurationSeconds),
                    Projects = g.Select(d => d.ProjectId).Distinct().Count(),
                })
                .ToListAsync();
            ranges++;
        }

        return ranges;
    }
}
