using System.Collections.Concurrent;
using System.Diagnostics;
using AutoStack.Data.Analytics;
using AutoStack.Data.Postgres;
using Npgsql;
using NpgsqlTypes;

namespace AutoStack.Data.Tests.Analytics;

/// <summary>On a filled database, what is asked about one owner reads that owner's deployments through an index.</summary>
public sealed class AnalyticsPlans : AnalyticsTests
{
    private static readonly TimeRange Day = Range("2026-03-29", "2026-03-30");
    private static readonly TimeRange Month = Range("2026-03-01", "2026-04-01");
    private static readonly TimeRange Year = Range("2025-06-01", "2026-06-01");

    private const string Numbers = "Index Only Scan using deployments_user_id_created_at_id_numbers_idx";

    private Guid owner;
    private Guid heavy;

    [OneTimeSetUp]
    public async Task FillAsync()
    {
        await ExecuteAsync(
            """
            INSERT INTO users (id, name, email, email_verified, created_at, updated_at)
            SELECT gen_random_uuid(), 'Ada', 'ada' || n || '@example.com', FALSE, '2026-01-01', '2026-01-01' FROM generate_series(1, 200) n;
            INSERT INTO projects (id, user_id, name, repository, branch, build_command, output_dir, runtime, auto_deploy_enabled,
            created_at, updated_at)
            SELECT gen_random_uuid(), u.id, 'site', 'ada/site' || n, 'main', 'make', 'dist', 'static', FALSE, '2026-01-01', '2026-01-01'
            FROM users u, generate_series(1, 4) n;
            INSERT INTO projects (id, user_id, name, repository, branch, build_command, output_dir, runtime, auto_deploy_enabled,
            created_at, updated_at)
            SELECT gen_random_uuid(), u.id, 'heavy', 'ada/heavy' || n, 'main', 'make', 'dist', 'static', FALSE, '2026-01-01', '2026-01-01'
            FROM users u, generate_series(1, 4) n
            WHERE u.email = 'ada1@example.com';
            INSERT INTO deployments (id, project_id, user_id, status, creator_type, is_production, build_duration_seconds, created_at,
            is_deleted)
            SELECT gen_random_uuid(), p.id, p.user_id, (ARRAY['success', 'failed', 'cancelled', 'building'])[1 + n % 4], 'manual', FALSE, n,
                '2025-06-01'::timestamp + n * p.step + random() * p.step, n % 10 = 0
            FROM (
                SELECT
                    p.id, p.user_id, CASE p.name WHEN 'heavy' THEN 1500 ELSE 25 END AS deployments,
                    CASE p.name WHEN 'heavy' THEN interval '5 hours' ELSE interval '13 days' END AS step
                FROM projects p
            ) p, generate_series(1, p.deployments) n
            ORDER BY random();
            INSERT INTO deployment_stages (id, deployment_id, stage_name, status, created_at)
            SELECT gen_random_uuid(), d.id, s, 'completed', d.created_at FROM deployments d, unnest(ARRAY['queued', 'cloning',
            'building']) s;
            INSERT INTO deployment_health_checks (id, deployment_id, url, is_live, checked_at)
            SELECT gen_random_uuid(), d.id, 'http://localhost', TRUE, d.created_at + n * interval '1 hour' FROM deployments d,
            generate_series(1, 3) n;
            """);

        // A snapshot of the server's own autovacuum can keep pages from being marked as visible to all.
        do
        {
            await ExecuteAsync("VACUUM ANALYZE");
        }
        while (await ScalarAsync("SELECT relallvisible < relpages FROM pg_class WHERE oid = 'deployments'::regclass") is true);

        owner = (Guid)(await ScalarAsync("SELECT id FROM users WHERE email = 'ada2@example.com'"))!;
        heavy = (Guid)(await ScalarAsync("SELECT id FROM users WHERE email = 'ada1@example.com'"))!;
        Clock.SetUtcNow(Utc("2026-03-30T12:00:00Z"));
    }

    [Test]
    public async Task The_database_has_the_expected_number_of_rows() =>
        Assert.That(await ScalarAsync("SELECT count(*) FROM deployments"), Is.EqualTo(26_000));

    [TestCase("dashboard")]
    [TestCase("project")]
    [TestCase("days")]
    [TestCase("weeks")]
    [TestCase("durations")]
    [TestCase("statuses")]
    [TestCase("hours")]
    [TestCase("days of a project")]
    [TestCase("pipeline")]
    [TestCase("pipelines")]
    [TestCase("usage")]
    [TestCase("created")]
    [TestCase("active")]
    public async Task A_query_for_one_owner_uses_an_index(string question)
    {
        var text = await ExplainAsync(question, owner);
        Assert.That(text, Does.Not.Contain("Seq Scan on deployment"), text);
        Assert.That(text, Does.Match("Index (Only )?Scan (using|on) (idx_)?deployments_"), text);
    }

    [Test]
    public async Task The_numbers_of_the_platform_come_from_indexes_of_few_columns()
    {
        var text = await ExplainAsync("platform", owner);
        Assert.That(text, Does.Contain("Index Only Scan using idx_deployments_status"), text);
        Assert.That(text, Does.Contain("Index Only Scan using deployments_deleted_created_at_id_status_idx"), text);
        Assert.That(text, Does.Contain("idx_deployments_created_at").And.Not.Contain("Seq Scan on deployments"), text);
    }

    // The rows of an owner lie among those of all others: each would be one page of the table.
    [TestCase("dashboard")]
    [TestCase("project")]
    [TestCase("days")]
    [TestCase("weeks")]
    [TestCase("durations")]
    [TestCase("statuses")]
    [TestCase("hours")]
    [TestCase("usage")]
    [TestCase("usage of a year")]
    [TestCase("created")]
    [TestCase("active")]
    public async Task The_numbers_of_an_owner_with_many_deployments_come_from_one_index(string question)
    {
        var text = await ExplainAsync(question, heavy);
        Assert.That(text, Does.Contain(Numbers), text);
        Assert.That(text, Does.Not.Contain("Scan on deployments").And.Not.Contain("idx_deployments_project_id"), text);
    }

    private async Task<string> ExplainAsync(string question, Guid owner)
    {
        var project = (Guid)(await ScalarAsync("SELECT id FROM projects WHERE user_id = $1 ORDER BY id LIMIT 1", owner))!;
        var deployment = (Guid)(await ScalarAsync("SELECT id FROM deployments WHERE project_id = $1 ORDER BY id LIMIT 1", project))!;
        var sql = await StatementAsync(() => AskAsync(question, owner, project, deployment));
        await using var connection = await Raw.OpenConnectionAsync(Token);
        await using var command = new NpgsqlCommand($"EXPLAIN {sql}", connection);
        var (now, always) = (new DateTime(2026, 3, 30, 12, 0, 0), new DateTime(1, 1, 2));
        var range = question.EndsWith("year", StringComparison.Ordinal) ? Year : question == "platform" ? Day : Month;
        var since = range.From.UtcDateTime;
        command.Parameters.AddRange(new NpgsqlParameter[]
        {
            new("ownerId", owner), new("deploymentId", deployment), new("limit", 50),
            new("projectId", NpgsqlDbType.Uuid) { Value = question.Contains("project", StringComparison.Ordinal) ? project : DBNull.Value },
            new("after", NpgsqlDbType.Uuid) { Value = DBNull.Value },
            new("since", NpgsqlDbType.Timestamp) { Value = Column(since) },
            new("until", NpgsqlDbType.Timestamp) { Value = Column(range.To.UtcDateTime) },
            new("usersSince", NpgsqlDbType.Timestamp) { Value = Column(since) },
            new("now", NpgsqlDbType.Timestamp) { Value = now },
            new("known", NpgsqlDbType.Array | NpgsqlDbType.Text) { Value = new[] { "queued", "success" } },
            new("starts", NpgsqlDbType.Array | NpgsqlDbType.Timestamp)
            {
                Value = new[] { always, now.Date, now.Date, now.Date.AddDays(-7), Column(since), Column(since.AddMonths(-1)) },
            },
            new("ends", NpgsqlDbType.Array | NpgsqlDbType.Timestamp)
            {
                Value = new[] { now, now, now, now.AddDays(-7), now, now.AddMonths(-1) },
            },
        }.Where(p => sql.Contains($"@{p.ParameterName}", StringComparison.Ordinal)).ToArray());
        var plan = new List<string>();
        await using var reader = await command.ExecuteReaderAsync(Token);
        while (await reader.ReadAsync(Token))
        {
            plan.Add(reader.GetString(0));
        }

        var text = string.Join('\n', plan);
        await TestContext.Out.WriteLineAsync(text);
        return text;

        static DateTime Column(DateTime time) => DateTime.SpecifyKind(time, DateTimeKind.Unspecified);
    }

    private Task AskAsync(string question, Guid owner, Guid project, Guid deployment)
    {
        var trends = Get<IDeploymentTrendQueries>();
        return question switch
        {
            "dashboard" => Get<IDashboardQueries>().SummarizeAsync(owner, Token),
            "platform" => Get<IMetricsQueries>().MeasureAsync(Token),
            "project" => Get<IProjectAnalyticsQueries>().FindAsync(project, owner, Month, Token),
            "days" => trends.ListPerDayAsync(owner, null, Month, Token),
            "weeks" => trends.ListSuccessPerWeekAsync(owner, null, Month, Token),
            "durations" => trends.ListDurationsPerWeekAsync(owner, null, Month, Token),
            "statuses" => trends.ListStatusesAsync(owner, null, Month, Token),
            "hours" => trends.ListPerHourAsync(owner, null, Month, Token),
            "days of a project" => trends.ListPerDayAsync(owner, project, Month, Token),
            "pipeline" => Get<IPipelineQueries>().FindAsync(deployment, owner, Token),
            "pipelines" => Get<IPipelineQueries>().ListLatestAsync(owner, 50, Token),
            "usage" => Get<IUsageQueries>().ListProjectUsageAsync(owner, Month, Cursor.Start, 50, Token),
            "usage of a year" => Get<IUsageQueries>().ListProjectUsageAsync(owner, Year, Cursor.Start, 50, Token),
            "created" => Get<IUsageQueries>().CountCreatedSinceAsync(owner, Month.From, Token),
            _ => Get<IUsageQueries>().CountActiveAsync(owner, Token),
        };
    }

    /// <summary>The one statement that a call sends, besides the look at the clock.</summary>
    private static async Task<string> StatementAsync(Func<Task> call)
    {
        var spans = new ConcurrentBag<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "AutoStack.Data",
            Sample = (ref _) => ActivitySamplingResult.AllData,
            ActivityStopped = spans.Add,
        };
        ActivitySource.AddActivityListener(listener);
        using var root = new Activity("plan").Start();
        await call();
        var sql = spans.Where(span => span.TraceId == root.TraceId).Select(span => (string)span.GetTagItem("db.query.text")!)
            .Single(text => text != $"SELECT {ServerTime.Present}");
        Assert.That(sql, Does.Not.Contain(";"));
        return sql;
    }
}
