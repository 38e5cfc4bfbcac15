using System.Collections.Concurrent;
using System.Diagnostics;
using AutoStack.Data.Retention;
using AutoStack.Data.Tests.Support;

namespace AutoStack.Data.Tests.Retention;

/// <summary>
/// A run finds the rows that are due, whoever wrote them and in whatever order, and visits no deployment that has none. What is due is
/// asked of all rows here.
/// </summary>
public sealed class DueRowsTests : DatabaseTests
{
    private static readonly RetentionPolicy Policy = new()
    {
        DeploymentLogs = TimeSpan.FromDays(30),
        RuntimeLogs = TimeSpan.FromDays(30),
        HealthChecks = TimeSpan.FromDays(30),
        DeletedDeployments = null,
        PasswordResetTokens = null,
        EmailVerificationTokens = null,
        WebhookPayloads = null,
        ExpiredSessions = false,
        ExpiredSignInAttempts = false,
        ClosedAccounts = false,
        BatchSize = 300,
    };

    private IRetentionService Retention => Get<IRetentionService>();

    [SetUp]
    public Task EmptyAsync() => ExecuteAsync("TRUNCATE users CASCADE");

    // The times of a log are not those of its order, some are equal, and some are before .NET's first year. A log has up to 12 lines, many
    // have one. Ids are of version 4, as the Python services make them.
    [Test]
    public async Task A_run_and_a_count_find_what_a_look_at_all_rows_finds([Values(0.1, 0.7)] double seed)
    {
        await AddDeploymentsAsync(3000);
        await ExecuteAsync(
            $"""
            SELECT setseed({seed});
            CREATE TABLE made AS
            SELECT d.id AS deployment_id, n AS seq, CASE
                WHEN random() < 0.01 THEN '-infinity'::timestamp
                WHEN random() < 0.01 THEN '0500-01-01 BC'::timestamp
                WHEN random() < 0.3 THEN '2026-01-01'::timestamp
                ELSE '2026-03-29'::timestamp - (random() * random() * 60) * interval '1 day'
            END AS timestamp
            FROM (SELECT id, CASE WHEN random() < 0.4 THEN 1 ELSE 1 + 11 * random() END::int AS lines FROM deployments) d
            CROSS JOIN LATERAL generate_series(1, d.lines) n
            """);
        await ExecuteAsync(
            """
            INSERT INTO deployment_logs (id, deployment_id, timestamp, message, created_at, seq)
            SELECT gen_random_uuid(), m.deployment_id, m.timestamp, 'a', now(), m.seq FROM made m;
            INSERT INTO deployment_runtime_logs (id, deployment_id, source, timestamp, message, seq)
            SELECT gen_random_uuid(), m.deployment_id, 'docker', m.timestamp, 'a', m.seq FROM made m WHERE m.deployment_id > md5('1')::uuid;
            INSERT INTO deployment_health_checks (id, deployment_id, url, is_live, checked_at)
            SELECT gen_random_uuid(), m.deployment_id, 'http://a', TRUE, m.timestamp FROM made m WHERE m.seq > 2;
            DROP TABLE made;
            """);
        await ExecuteAsync("VACUUM (ANALYZE) deployment_logs, deployment_runtime_logs, deployment_health_checks");

        await AssertExactAsync(least: 1000);

        // Late lines, and lines after the only line of an old log.
        await ExecuteAsync(
            """
            INSERT INTO deployment_logs (deployment_id, timestamp, message)
            SELECT d.id, '2026-01-02', 'late' FROM (SELECT id FROM deployments ORDER BY md5(id::text) LIMIT 100) d;
            INSERT INTO deployment_runtime_logs (deployment_id, timestamp, message)
            SELECT d.id, now(), 'continued' FROM (SELECT id FROM deployments ORDER BY md5(id::text) LIMIT 100) d;
            """);
        await AssertExactAsync(least: 10);
    }

    [Test]
    public async Task A_run_visits_the_logs_that_have_old_lines_and_no_others()
    {
        await AddDeploymentsAsync(5000);

        // The only line of 4,100 logs is old and stays; 900 logs are young.
        foreach (var (columns, values) in new[]
        {
            ("deployment_logs (id, deployment_id, timestamp, seq, message, created_at)", "'x', '2020-01-01'"),
            ("deployment_runtime_logs (id, deployment_id, timestamp, seq, message, source)", "'x', 'docker'"),
        })
        {
            await ExecuteAsync(
                $"""
                INSERT INTO {columns}
                SELECT gen_random_uuid(), d.id, CASE WHEN d.n <= 4100 THEN '2026-01-01'::timestamp ELSE '2026-03-28' END, k, {values}
                FROM (SELECT id, row_number() OVER (ORDER BY md5(id::text)) AS n FROM deployments) d,
                    LATERAL generate_series(1, CASE WHEN d.n <= 4100 THEN 1 ELSE 3 END) k
                """);
        }

        var statements = await CountStatementsAsync();

        // The look for partitions, the windows of 2,000, and the end. Of lines: 4,100 are old. Of deployments with a log: 5,000. No checks.
        Assert.That(statements, Is.EqualTo(1 + (1 + 3 + 1) + (1 + 3 + 1) + (1 + 1)));
        Assert.That(await ScalarAsync("SELECT count(*) FROM deployment_logs"), Is.EqualTo(4100 + (900 * 3)));

        await ExecuteAsync("DELETE FROM deployment_logs WHERE timestamp < '2026-03-01'");
        await ExecuteAsync("TRUNCATE deployment_runtime_logs");
        Assert.That(await CountStatementsAsync(), Is.EqualTo(1 + (3 * 2)), "however many deployments there are");
    }

    private async Task<int> CountStatementsAsync()
    {
        var statements = new ConcurrentQueue<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "AutoStack.Data",
            Sample = (ref _) => ActivitySamplingResult.AllData,
            ActivityStopped = statements.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
        using var root = new Activity("test").Start();
        Assert.That((await Retention.RunAsync(Policy, null, Token)).Select(result => result.Rows), Is.All.Zero);
        return statements.Count(statement => statement.TraceId == root.TraceId);
    }

    private async Task AssertExactAsync(long least)
    {
        var due = new List<long>();
        foreach (var sql in new[] { OldLines("deployment_logs"), OldLines("deployment_runtime_logs"), OldChecks })
        {
            due.Add((long)(await ScalarAsync($"SELECT count(*) {sql}"))!);
        }

        Assert.That(due.Sum(), Is.GreaterThanOrEqualTo(least));
        Assert.That((await Retention.CountAsync(Policy, Token)).Select(count => count.Rows), Is.EqualTo(due));
        Assert.That((await Retention.RunAsync(Policy, null, Token)).Select(result => result.Rows), Is.EqualTo(due));
        Assert.That((await Retention.CountAsync(Policy, Token)).Select(count => count.Rows), Is.All.Zero);
        foreach (var sql in new[] { OldLines("deployment_logs"), OldLines("deployment_runtime_logs"), OldChecks })
        {
            Assert.That(await ScalarAsync($"SELECT count(*) {sql}"), Is.Zero);
        }
    }

    // At 2026-03-29 00:59:59 the policy keeps what is younger than 2026-02-27 00:59:59.
    private const string OldChecks = "FROM deployment_health_checks h WHERE h.checked_at < '2026-02-27 00:59:59'";

    private static string OldLines(string table) => $"""
        FROM {table} l
        WHERE EXISTS (SELECT FROM {table} n WHERE n.deployment_id = l.deployment_id AND n.seq > l.seq)
          AND NOT EXISTS (
              SELECT FROM {table} y
              WHERE y.deployment_id = l.deployment_id AND y.seq <= l.seq AND y.timestamp >= '2026-02-27 00:59:59')
        """;

    private async Task AddDeploymentsAsync(int count)
    {
        var project = await AddProjectAsync();
        await ExecuteAsync(
            $"""
            INSERT INTO deployments (id, project_id, user_id, status, creator_type, is_production, created_at, is_deleted)
            SELECT gen_random_uuid(), $1, $2, 'success', 'manual', FALSE, '2025-01-01'::timestamp + n * interval '1 minute', FALSE
            FROM generate_series(1, {count}) n
            """, project.Id, project.UserId);
    }
}
