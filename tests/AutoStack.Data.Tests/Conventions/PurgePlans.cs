using System.Globalization;
using System.Text.RegularExpressions;
using AutoStack.Data.Tests.Support;

namespace AutoStack.Data.Tests.Conventions;

/// <summary>
/// A purge locks the rows that it removes, not all rows that are old enough. It runs on filled tables, with custom and generic plans.
/// </summary>
public sealed partial class PurgePlans : DatabaseTests
{
    [OneTimeSetUp]
    public async Task FillAsync()
    {
        var project = await AddProjectAsync();
        await ExecuteAsync(
            """
            INSERT INTO deployments (id, project_id, user_id, status, creator_type, is_production, created_at, is_deleted)
            SELECT gen_random_uuid(), $1, $2, 'success', 'manual', FALSE, '2025-01-01'::timestamp + n * interval '1 s', FALSE
            FROM generate_series(1, 20000) n
            """, project.Id, project.UserId);
        await ExecuteAsync(
            """
            INSERT INTO deployment_health_checks (id, deployment_id, url, is_live, checked_at)
            SELECT gen_random_uuid(), d.id, 'http://a', TRUE, d.created_at + n * interval '1 s'
            FROM (SELECT id, created_at FROM deployments ORDER BY id LIMIT 300) d, generate_series(1, 100) n
            """);
        await ExecuteAsync(
            """
            INSERT INTO deployment_logs (id, deployment_id, timestamp, message, created_at, seq)
            SELECT gen_random_uuid(), d.id, d.created_at, 'a', d.created_at, n
            FROM (SELECT id, created_at FROM deployments ORDER BY id LIMIT 300) d, generate_series(1, 100) n
            """);
        await ExecuteAsync(
            """
            INSERT INTO deployment_runtime_logs (id, deployment_id, source, timestamp, message, seq)
            SELECT gen_random_uuid(), l.deployment_id, 'docker', l.timestamp, l.message, l.seq FROM deployment_logs l
            """);
        await ExecuteAsync("ANALYZE deployments, deployment_health_checks, deployment_logs, deployment_runtime_logs");
    }

    [Test]
    public async Task A_purge_locks_only_the_rows_it_removes(
        [Values("deployment_health_checks h", "deployment_logs l", "deployment_runtime_logs l")] string table, [Values] bool generic)
    {
        var due = await ScalarAsync("SELECT array_agg(d.id)::text FROM (SELECT id FROM deployments ORDER BY id LIMIT 2000) d");
        (string Name, string Type, string Value)[] parameters =
        [
            ("ids", "uuid[]", $"'{due}'"), ("before", "timestamp", "'2026-01-01'"), ("limit", "int", "250"),
        ];
        await using var connection = await Raw.OpenConnectionAsync(Token);
        await using var transaction = await connection.BeginTransactionAsync(Token);
        var plan = await ShippedPlan.ExplainAsync(
            connection, ShippedPlan.Statement($"DELETE FROM {table}\n", "@before"), generic, parameters,
            "ANALYZE, TIMING OFF, SUMMARY OFF, COSTS OFF");

        var locked = LockRows().Matches(plan).Sum(node => Number(node.Groups[1]) * Number(node.Groups[2]));
        Assert.That(locked, Is.InRange(3, 260), plan);
        Assert.That(plan, Does.Match($@"Delete on {table}(_\d)? \(actual rows=250(\.00)? "));
        Assert.That(plan, Does.Not.Contain("rows=30000"), "The purge reads the whole table.");
        Assert.That(plan, Does.Not.Contain("rows=20000"), "The purge reads all deployments, not those that are due.");

        static double Number(Group group) => double.Parse(group.Value, CultureInfo.InvariantCulture);
    }

    [Test]
    public async Task A_window_of_due_deployments_reads_only_what_leads_to_them(
        [Values("deployment_health_checks", "deployment_logs", "deployment_runtime_logs")] string table, [Values] bool generic)
    {
        var (find, index, most) = table switch
        {
            "deployment_logs" => (ShippedPlan.Statement("WITH line AS", "@afterTime"), "idx_deployment_logs_timestamp", 2000),
            "deployment_runtime_logs" => (
                ShippedPlan.Statement("visited AS", "FROM deployment_runtime_logs r"),
                "deployment_runtime_logs_deployment_id_seq_key", 300),
            _ => (
                ShippedPlan.Statement("visited AS", "FROM deployment_health_checks h"),
                "deployment_health_checks_deployment_id_checked_at_id_idx", 300),
        };
        await using var connection = await Raw.OpenConnectionAsync(Token);
        var plan = await ShippedPlan.ExplainAsync(
            connection, find, generic,
            [
                ("afterTime", "timestamp", "'-infinity'"), ("afterId", "uuid", "'00000000-0000-0000-0000-000000000000'"),
                ("before", "timestamp", "'2026-01-01'"),
            ],
            "ANALYZE, TIMING OFF, SUMMARY OFF, COSTS OFF");

        Assert.That(plan, Does.Contain(index).And.Not.Contain("Seq Scan").And.Not.Contain("Bitmap").And.Not.Contain("Hash"), plan);
        Assert.That(Rows().Matches(plan).Select(node => double.Parse(node.Groups[1].Value, CultureInfo.InvariantCulture)),
            Is.All.LessThanOrEqualTo(most + 100), plan);
    }

    [GeneratedRegex(@"actual rows=([\d.]+) ")]
    private static partial Regex Rows();

    [GeneratedRegex(@"LockRows \(actual rows=([\d.]+) loops=(\d+)\)")]
    private static partial Regex LockRows();
}
