using AutoStack.Data.Analytics;
using AutoStack.Data.Benchmarks.Driver;
using BenchmarkDotNet.Attributes;
using Npgsql;

namespace AutoStack.Data.Benchmarks.Questions;

/// <summary>The numbers of the whole platform: all deployments by outcome, and the users.</summary>
public class PlatformNumbers : CallQuestion
{
    private const string Sql = """
        SELECT c.deployments, c.succeeded, c.failed, r.deployments, n.users, n.recent
        FROM (
            SELECT
                coalesce(sum(d.deployments), 0)::bigint AS deployments,
                coalesce(sum(d.deployments) FILTER (WHERE lower(d.status::text) = 'success'), 0)::bigint AS succeeded,
                coalesce(sum(d.deployments) FILTER (WHERE lower(d.status::text) = 'failed'), 0)::bigint AS failed
            FROM (
                SELECT d.status, count(*) AS deployments
                FROM deployments d
                GROUP BY d.status
                UNION ALL
                SELECT d.status, -count(*)
                FROM deployments d
                WHERE d.is_deleted
                GROUP BY d.status
            ) d
        ) c
        CROSS JOIN (
            SELECT count(d.id) AS deployments
            FROM deployments d
            WHERE NOT d.is_deleted AND d.created_at >= $1 AND d.created_at < $3
        ) r
        CROSS JOIN (
            SELECT count(u.id) AS users, count(u.id) FILTER (WHERE u.created_at >= $2 AND u.created_at < $3) AS recent
            FROM users u
        ) n
        """;

    private IMetricsQueries platform = null!;
    private DateTime until;

    public override async Task SetUpAsync()
    {
        await base.SetUpAsync();
        platform = Subjects.Get<IMetricsQueries>();
        until = DateTime.SpecifyKind(DateTime.UtcNow, DateTimeKind.Unspecified);
    }

    private protected override async Task<int> DriverAsync(NpgsqlDataSource source) => (await Raw.ListAsync(
        source, Sql,
        static reader => new PlatformMetrics
        {
            Deployments = reader.GetInt64(0),
            Succeeded = reader.GetInt64(1),
            Failed = reader.GetInt64(2),
            DeploymentsLast24Hours = reader.GetInt64(3),
            Users = reader.GetInt64(4),
            UsersLast30Days = reader.GetInt64(5),
        },
        Raw.Timestamp(until.AddHours(-24)), Raw.Timestamp(until.AddDays(-30)), Raw.Timestamp(until))).Count;

    [Benchmark(Description = Subjects.Library)]
    public async Task<int> Library()
    {
        PlatformMetrics[] read = [await platform.MeasureAsync(CancellationToken.None)];
        return read.Length;
    }
}
