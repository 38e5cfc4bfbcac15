using System.Globalization;
using AutoStack.Data.Analytics;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace AutoStack.Data.Tests.Analytics;

/// <summary>
/// Measures the CPU time of the server for every question of the analytics: a tenth of all deployments belong to one project of one owner,
/// the others to 19,999 owners, and each deployment has a health check. Times are printed, none decides. The server is on
/// this machine, Linux. AUTOSTACK_ANALYTICS_DEPLOYMENTS sets the number of deployments.
/// </summary>
[NonParallelizable]
[Explicit("measures times")]
public sealed class AnalyticsCostTests : AnalyticsTests
{
    private const int Rounds = 7;

    // One before the statement is prepared, and five that the server plans for their values before it compares.
    private const int FirstCalls = 6;
    private const int Batch = 100_000;

    private static readonly int Count =
        int.TryParse(Environment.GetEnvironmentVariable("AUTOSTACK_ANALYTICS_DEPLOYMENTS"), CultureInfo.InvariantCulture, out var count)
            ? count : 20_000;

    private static readonly DateTimeOffset Now = Utc("2026-12-01");
    private static readonly TimeRange Year = new(Now.AddDays(-365), Now);
    private static readonly TimeRange Month = new(Now.AddDays(-30), Now);
    private static readonly TimeRange Hours = new(Now.AddHours(-9), Now);

    [Test]
    public async Task Questions_about_the_owner_with_the_most_deployments()
    {
        await FillAsync();
        var (owner, project) = (await IdAsync("user0"), await IdAsync("project0"));
        var usual = await IdAsync("user1");
        Clock.SetUtcNow(Now);

        // One session, whose process is measured.
        await using var session = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(Database.ConnectionString)
        {
            MaxPoolSize = 1,
            MaxAutoPrepare = 50,
            AutoPrepareMinUsages = 2,
            NoResetOnClose = true,
            Options = "-c max_parallel_workers_per_gather=0",
        });
        await using var host = new ServiceCollection()
            .AddSingleton<TimeProvider>(Clock)
            .AddAutoStackData(session)
            .AddAutoStackDataWorkers()
            .BuildServiceProvider();
        await TestContext.Out.WriteLineAsync(
            $"{Count} deployments; the shortest of the first {FirstCalls} calls, the shortest and the median of {Rounds} further ones");
        foreach (var (question, ask) in Questions(host, owner, project, usual))
        {
            var (first, later) = (await TimesAsync(FirstCalls, ask), await TimesAsync(Rounds, ask));
            await TestContext.Out.WriteLineAsync(
                FormattableString.Invariant($"{question,-50} {first[0],8:F1} ms {later[0],8:F1} ms {later[Rounds / 2],8:F1} ms"));
        }

        async Task<List<double>> TimesAsync(int calls, Func<Task> ask)
        {
            var times = new List<double>();
            for (var call = 0; call < calls; call++)
            {
                var before = await ServerTimeAsync(session);
                await ask();
                times.Add((await ServerTimeAsync(session) - before) / 1e6);
            }

            times.Sort();
            return times;
        }
    }

    private static async Task<long> ServerTimeAsync(NpgsqlDataSource session)
    {
        await using var command = session.CreateCommand(
            "SELECT split_part(pg_read_file('/proc/self/schedstat', 0, 100), ' ', 1)::bigint");
        return (long)(await command.ExecuteScalarAsync(Token))!;
    }

    private static IEnumerable<(string Question, Func<Task> Ask)> Questions(
        ServiceProvider host, Guid owner, Guid project, Guid usual)
    {
        var (trends, usage) = (host.GetRequiredService<IDeploymentTrendQueries>(), host.GetRequiredService<IUsageQueries>());
        var analytics = host.GetRequiredService<IProjectAnalyticsQueries>();
        var dashboard = host.GetRequiredService<IDashboardQueries>();
        yield return ("project, checks of a year", () => analytics.FindAsync(project, owner, Year, Token));
        yield return ("project, checks of a month", () => analytics.FindAsync(project, owner, Month, Token));
        yield return ("project, checks of 9 hours", () => analytics.FindAsync(project, owner, Hours, Token));
        yield return ("dashboard", () => dashboard.SummarizeAsync(owner, Token));
        yield return ("dashboard of an owner of 45", () => dashboard.SummarizeAsync(usual, Token));
        yield return ("days of a year", () => trends.ListPerDayAsync(owner, null, Year, Token));
        yield return ("success per week of a year", () => trends.ListSuccessPerWeekAsync(owner, null, Year, Token));
        yield return ("durations per week of a year", () => trends.ListDurationsPerWeekAsync(owner, null, Year, Token));
        yield return ("statuses of a year", () => trends.ListStatusesAsync(owner, null, Year, Token));
        yield return ("hours of the day of a year", () => trends.ListPerHourAsync(owner, null, Year, Token));
        yield return ("usage of a month", () => usage.ListProjectUsageAsync(owner, Month, Cursor.Start, 50, Token));
        yield return ("usage of a year", () => usage.ListProjectUsageAsync(owner, Year, Cursor.Start, 50, Token));
        yield return ("created within a month", () => usage.CountCreatedSinceAsync(owner, Month.From, Token));
        yield return ("active", () => usage.CountActiveAsync(owner, Token));
        yield return ("pipelines", () => host.GetRequiredService<IPipelineQueries>().ListLatestAsync(owner, 50, Token));
        yield return ("the platform", () => host.GetRequiredService<IMetricsQueries>().MeasureAsync(Token));
    }

    private async Task<Guid> IdAsync(string name) => (Guid)(await ScalarAsync("SELECT md5($1)::uuid", name))!;

    // Ids of version 7, as the library makes them.
    private async Task FillAsync()
    {
        await ExecuteAsync("""
            INSERT INTO users (id, name, email, email_verified, created_at, updated_at)
            SELECT md5('user' || n)::uuid, 'Ada', 'ada' || n || '@example.com', FALSE, '2025-01-01', '2025-01-01'
            FROM generate_series(0, 19999) n;
            INSERT INTO projects (id, user_id, name, repository, branch, build_command, output_dir, runtime, auto_deploy_enabled,
                created_at, updated_at)
            SELECT md5('project' || n)::uuid, md5('user' || n)::uuid, 'site', 'ada/site' || n, 'main', 'make', 'dist', 'static', FALSE,
                '2025-01-01', '2025-01-01'
            FROM generate_series(0, 19999) n;
            """);
        for (var from = 0; from < Count; from += Batch)
        {
            await ExecuteAsync($$"""
                INSERT INTO deployments (id, project_id, user_id, status, creator_type, is_production, build_duration_seconds, created_at,
                    is_deleted)
                SELECT
                    (lpad(to_hex(floor(extract(epoch FROM c.at) * 1000)::bigint), 12, '0') || '7' || substr(md5(n::text), 14))::uuid,
                    md5('project' || c.owner)::uuid, md5('user' || c.owner)::uuid,
                    (ARRAY['success', 'success', 'success', 'failed', 'cancelled'])[1 + n / 10 % 5], 'manual', FALSE, 20 + n / 10 % 400,
                    c.at, n / 10 % 50 = 0
                FROM generate_series({{from}}, {{Math.Min(from + Batch, Count) - 1}}) n
                CROSS JOIN LATERAL (
                    SELECT CASE WHEN n % 10 = 0 THEN 0 ELSE 1 + n * 7919::bigint % 19999 END AS owner,
                        '2025-12-01'::timestamp + n * interval '1 year' / {{Count}} AS at
                ) c;
                INSERT INTO deployment_health_checks (id, deployment_id, url, http_status, latency_ms, is_live, checked_at)
                SELECT gen_random_uuid(), d.id, 'http://localhost', 200, 20, d.build_duration_seconds % 100 <> 0, d.created_at
                FROM deployments d
                WHERE d.created_at >= '2025-12-01'::timestamp + {{from}} * interval '1 year' / {{Count}};
                """);
        }

        // Outside of the transaction of the rows.
        await ExecuteAsync("VACUUM (ANALYZE) users, projects, deployments, deployment_health_checks");
    }
}
