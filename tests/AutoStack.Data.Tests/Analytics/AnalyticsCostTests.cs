using System.Diagnostics;
using System.Globalization;
using AutoStack.Data.Analytics;

namespace AutoStack.Data.Tests.Analytics;

/// <summary>
/// Measures every question of the analytics: a tenth of all deployments belong to one project of one owner, the others to 19,999 owners, and
/// each deployment has a health check. Times are printed, none decides. AUTOSTACK_ANALYTICS_DEPLOYMENTS sets the number of deployments.
/// </summary>
[NonParallelizable]
[Explicit("measures times")]
public sealed class AnalyticsCostTests : AnalyticsTests
{
    private const int Rounds = 15;

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
        await TestContext.Out.WriteLineAsync($"{Count} deployments; best and median of {Rounds} calls");
        foreach (var (question, ask) in Questions(owner, project, usual))
        {
            var times = new List<double>();
            for (var round = 0; round < Rounds; round++)
            {
                var started = Stopwatch.GetTimestamp();
                await ask();
                times.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
            }

            times.Sort();
            await TestContext.Out.WriteLineAsync(
                FormattableString.Invariant($"{question,-70} {times[0],8:F1} ms {times[Rounds / 2],8:F1} ms"));
        }
    }

    private IEnumerable<(string Question, Func<Task> Ask)> Questions(Guid owner, Guid project, Guid usual)
    {
        var (trends, usage) = (Get<IDeploymentTrendQueries>(), Get<IUsageQueries>());
        yield return ("project, checks of a year", () => Get<IProjectAnalyticsQueries>().FindAsync(project, owner, Year, Token));
        yield return ("project, checks of a month", () => Get<IProjectAnalyticsQueries>().FindAsync(project, owner, Month, Token));
        yield return ("project, checks of 9 hours", () => Get<IProjectAnalyticsQueries>().FindAsync(project, owner, Hours, Token));
        yield return ("dashboard", () => Get<IDashboardQueries>().SummarizeAsync(owner, Token));
        yield return ("dashboard of an owner of 45", () => Get<IDashboardQueries>().SummarizeAsync(usual, Token));
        yield return ("days of a year", () => trends.ListPerDayAsync(owner, null, Year, Token));
        yield return ("success per week of a year", () => trends.ListSuccessPerWeekAsync(owner, null, Year, Token));
        yield return ("durations per week of a year", () => trends.ListDurationsPerWeekAsync(owner, null, Year, Token));
        yield return ("statuses of a year", () => trends.ListStatusesAsync(owner, null, Year, Token));
        yield return ("hours of the day of a year", () => trends.ListPerHourAsync(owner, null, Year, Token));
        yield return ("usage of a month", () => usage.ListProjectUsageAsync(owner, Month, Cursor.Start, 50, Token));
        yield return ("usage of a year", () => usage.ListProjectUsageAsync(owner, Year, Cursor.Start, 50, Token));
        yield return ("created within a month", () => usage.CountCreatedSinceAsync(owner, Month.From, Token));
        yield return ("active", () => usage.CountActiveAsync(owner, Token));
        yield return ("pipelines", () => Get<IPipelineQueries>().ListLatestAsync(owner, 50, Token));
        yield return ("the platform", () => Get<IPlatformMetricsQueries>().MeasureAsync(Token));
    }

    private async Task<Guid> IdAsync(string name) => (Guid)(await ScalarAsync("SELECT md5($1)::uuid", name))!;

    // Ids of version 7, as the library makes them.
    private async Task FillAsync()
    {
        await ExecuteAsync($$"""
            INSERT INTO users (id, name, email, email_verified, created_at, updated_at)
            SELECT md5('user' || n)::uuid, 'Ada', 'ada' || n || '@example.com', FALSE, '2025-01-01', '2025-01-01'
            FROM generate_series(0, 19999) n;
            INSERT INTO projects (id, user_id, name, repository, branch, build_command, output_dir, runtime, auto_deploy_enabled,
                created_at, updated_at)
            SELECT md5('project' || n)::uuid, md5('user' || n)::uuid, 'site', 'ada/site' || n, 'main', 'make', 'dist', 'static', FALSE,
                '2025-01-01', '2025-01-01'
            FROM generate_series(0, 19999) n;
            INSERT INTO deployments (id, project_id, user_id, status, creator_type, is_production, build_duration_seconds, created_at,
                is_deleted)
            SELECT
                (lpad(to_hex(floor(extract(epoch FROM c.at) * 1000)::bigint), 12, '0') || '7' || substr(md5(n::text), 14))::uuid,
                md5('project' || c.owner)::uuid, md5('user' || c.owner)::uuid,
                (ARRAY['success', 'success', 'success', 'failed', 'cancelled'])[1 + n / 10 % 5], 'manual', FALSE, 20 + n / 10 % 400, c.at,
                n / 10 % 50 = 0
            FROM generate_series(0, {{Count}} - 1) n
            CROSS JOIN LATERAL (
                SELECT CASE WHEN n % 10 = 0 THEN 0 ELSE 1 + n * 7919::bigint % 19999 END AS owner,
                    '2025-12-01'::timestamp + n * interval '1 year' / {{Count}} AS at
            ) c;
            INSERT INTO deployment_health_checks (id, deployment_id, url, http_status, latency_ms, is_live, checked_at)
            SELECT gen_random_uuid(), d.id, 'http://localhost', 200, 20, d.build_duration_seconds % 100 <> 0, d.created_at
            FROM deployments d;
            """);

        // Outside of the transaction of the rows.
        await ExecuteAsync("VACUUM (ANALYZE) users, projects, deployments, deployment_health_checks");
    }
}
