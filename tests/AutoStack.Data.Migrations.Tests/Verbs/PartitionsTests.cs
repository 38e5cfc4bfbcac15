using System.Text.Json.Nodes;
using AutoStack.Data.Migrations.Tests.Support;

namespace AutoStack.Data.Migrations.Tests.Verbs;

/// <summary>The verbs <c>partitions status</c> and <c>partitions maintain</c>.</summary>
public sealed class PartitionsTests : MigrationTests
{
    [SetUp]
    public Task StartAtHeadAsync() => StartAtAsync(Head);

    [Test]
    public async Task Plain_tables_are_told_with_the_way_to_partition_them()
    {
        var status = await RunAsync("partitions", "status");
        var maintain = await RunAsync("partitions", "maintain", "--json");

        Assert.That((status.Code, status.Output.Trim()), Is.EqualTo(
            (0, "The tables of logs are not partitioned. Switch it on: autostack-db feature enable log-partitions")));
        Assert.That(maintain.Code, Is.Zero);
        Assert.That((bool)JsonNode.Parse(maintain.Output)!["enabled"]!, Is.False);
    }

    [Test]
    public async Task Partitions_are_listed_and_created_ahead()
    {
        await Migrator().UpgradeAsync(MigrationTarget.Head.In("log-partitions"), cancellationToken: Token);
        var first = JsonNode.Parse((await RunAsync("partitions", "status", "--json")).Output)!;
        await ExecuteAsync("UPDATE log_partition_settings SET ahead = ahead + 1");

        var maintain = await RunAsync("partitions", "maintain");
        var second = JsonNode.Parse((await RunAsync("partitions", "status", "--json")).Output)!;

        Assert.That(maintain.Code, Is.Zero, maintain.Error);
        Assert.That(maintain.Output, Does.Match(@"deployment_logs +deployment_logs_default").And.Contain("more days"));
        Assert.That(second["tables"]!.AsArray().Count, Is.EqualTo(3));
        foreach (var (before, after) in first["tables"]!.AsArray().Zip(second["tables"]!.AsArray()))
        {
            Assert.That(after!["partitions"]!.AsArray(), Has.Count.EqualTo(before!["partitions"]!.AsArray().Count + 1));
            Assert.That((double)after["daysAhead"]!, Is.GreaterThan((double)before["daysAhead"]!));
        }
    }

    [Test]
    public async Task A_table_without_partitions_is_an_error()
    {
        await Migrator().UpgradeAsync(MigrationTarget.Version(5).In("log-partitions"), cancellationToken: Token);

        var status = await RunAsync("partitions", "status");

        Assert.That(status.Code, Is.EqualTo(8));
        Assert.That(status.Output, Does.Contain("error partitions-ahead: deployment_logs has no partition for new rows.")
            .And.Contain("autostack-db partitions maintain;"));
    }

    [TestCase("", "month 2, week 3, week 3")]
    [TestCase("--keep 90d", "month 2, month 2, month 2")]
    [TestCase("--keep 8w", "week 3, week 3, week 3")]
    [TestCase("--keep 57d --keep deployment_health_checks=10d", "month 2, month 2, day 10")]
    [TestCase("--keep 9d --period week --period deployment_logs=month", "month 2, week 3, week 3")]
    [TestCase("--keep 9d --period deployment_runtime_logs=week", "day 10, week 3, day 10")]
    public async Task Periods_are_chosen_when_the_feature_is_enabled(string options, string expected)
    {
        var run = await RunAsync(["feature", "enable", "log-partitions", .. options.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);

        Assert.That((run.Code, run.Error), Is.EqualTo((0, run.Error)));
        Assert.That(
            await ScalarAsync<string>("""
                SELECT string_agg(period || ' ' || ahead, ', ' ORDER BY array_position(
                    ARRAY['deployment_logs', 'deployment_runtime_logs', 'deployment_health_checks'], table_name::text))
                FROM log_partition_settings
                """),
            Is.EqualTo(expected));
        Assert.That((await RunAsync("partitions", "status")).Code, Is.Zero, "there are partitions for more than a week");
    }

    [Test]
    public async Task Options_of_a_feature_that_is_enabled_already_are_told_to_change_nothing()
    {
        await Migrator().UpgradeAsync(MigrationTarget.Version(3).In("log-partitions"), cancellationToken: Token);

        var rest = await RunAsync("feature", "enable", "log-partitions", "--period", "day");
        var again = await RunAsync("feature", "enable", "log-partitions", "--keep", "30d", "--period", "day");

        const string unread = "an earlier run has read this. Change it in the table of settings: docs/log-partitions.md.";
        Assert.That((rest.Code, again.Code), Is.EqualTo((0, 0)));
        Assert.That(rest.Error, Does.Contain($"--period: {unread}"));
        Assert.That(again.Error.ReplaceLineEndings(" "), Does.Contain($"--period and --keep: {unread}"));
        Assert.That(await ScalarAsync<long>("SELECT count(*) FROM log_partition_settings WHERE period = 'day'"), Is.Zero);
    }

    [TestCase("--period", "year", "--period is day, week or month")]
    [TestCase("--period", "users=week", "the tables are deployment_logs, deployment_runtime_logs, deployment_health_checks")]
    [TestCase("--keep", "90", "--keep is a number of days or weeks, such as 90d")]
    [TestCase("--keep", "0d", "--keep is a number of days or weeks")]
    public async Task Wrong_options_of_the_feature_are_named(string option, string value, string message)
    {
        var run = await RunAsync("feature", "enable", "log-partitions", option, value);
        var twice = await RunAsync("feature", "enable", "log-partitions", "--keep", "9d", "--keep", "10d");

        Assert.That((run.Code, twice.Code), Is.EqualTo((2, 2)));
        Assert.That(run.Error, Does.Contain(message));
        Assert.That(twice.Error, Does.Contain("--keep is given twice for the same tables."));
    }

    [Test]
    public async Task Deployments_with_other_ids_are_counted()
    {
        await Migrator().UpgradeAsync(MigrationTarget.Head.In("log-partitions"), cancellationToken: Token);
        await ExecuteAsync("""
            INSERT INTO users (id, name, email, created_at, updated_at) VALUES (gen_random_uuid(), 'Ada', 'ada@example.com', now(), now());
            INSERT INTO projects (id, user_id, name, repository, created_at, updated_at)
            SELECT gen_random_uuid(), id, 'Site', 'ada/site', now(), now() FROM users;
            INSERT INTO deployments (id, project_id, user_id, status, created_at)
            SELECT i.id::uuid, p.id, p.user_id, 'success', now()
            FROM projects p, (VALUES ('019a0000-0000-7000-8000-000000000001'), ('5d2f3d8e-9d8b-4c53-8f7f-b1f1d4f0a001')) i (id)
            """);

        var status = await RunAsync("partitions", "status");
        var json = JsonNode.Parse((await RunAsync("partitions", "status", "--json")).Output)!;

        Assert.That(
            status.Output,
            Does.Contain("1 of the newest 2 deployments have ids that are not of version 7: their logs go into the default."));
        Assert.That(((int)json["newestDeployments"]!["read"]!, (int)json["newestDeployments"]!["otherIds"]!), Is.EqualTo((2, 1)));
    }

    [Test]
    public async Task The_doctor_reports_partitions()
    {
        await Migrator().UpgradeAsync(MigrationTarget.Version(5).In("log-partitions"), cancellationToken: Token);
        await ExecuteAsync("SELECT reserve_log_partitions('deployment_logs', (now() AT TIME ZONE 'UTC') - interval '2 days')");

        var run = await RunAsync("doctor", "--json");
        var ignored = await RunAsync("doctor", "--json", "--ignore", "partitions-ahead");

        Assert.That(Rules(run), Is.SupersetOf(new[] { "partitions-ahead", "partitions-reserved" }));
        Assert.That(Rules(ignored), Does.Not.Contain("partitions-ahead"));

        static IEnumerable<string> Rules(ConsoleRun run) =>
            JsonNode.Parse(run.Output)!["findings"]!.AsArray().Select(finding => (string)finding!["rule"]!);
    }

    private Task<ConsoleRun> RunAsync(params string[] args) =>
        ConsoleRun.StartAsync(args, connection: ConnectionString, cancellationToken: Token);
}
