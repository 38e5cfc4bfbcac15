using AutoStack.Data.Migrations.Internal;
using AutoStack.Data.Migrations.Tests.Support;
using Npgsql;

namespace AutoStack.Data.Migrations.Tests;

public sealed class DryRunTests : MigrationTests
{
    [Test]
    public async Task A_dry_run_lists_scripts_and_changes_nothing()
    {
        var up = await RunAsync("upgrade", "--dry-run");
        var made = await ExistsAsync("schema_versions");
        await Migrator().UpgradeAsync(MigrationTarget.Version(3), cancellationToken: Token);
        var before = await CatalogAsync();
        var down = await RunAsync("downgrade", "2", "--dry-run");
        var none = await RunAsync("upgrade", "3", "--dry-run");

        using (Assert.EnterMultipleScope())
        {
            Assert.That((up.Code, down.Code, none.Code), Is.EqualTo((0, 0, 0)));
            Assert.That(made, Is.False);
            Assert.That(up.Output,
                Does.StartWith("0001_initial_schema.sql\n").And.Contain($"0 → {Head}: {Head} scripts would run. Nothing was changed."));
            Assert.That(up.Output, Does.Match(@"0007_add_deployments_user_index\.sql +no transaction"));
            Assert.That(down.Output, Is.EqualTo($"0003_add_log_sequence.down.sql\n3 → 2: 1 script would run. Nothing was changed.\n"));
            Assert.That(down.Error, Does.Contain("deployment_logs.seq"));
            Assert.That(none.Output, Is.EqualTo("Already at version 3, nothing to do.\n"));
            Assert.That(await CatalogAsync(), Is.EqualTo(before));
        }
    }

    [Test]
    public async Task The_server_refuses_writes_in_the_session_of_a_plan()
    {
        await StartAtAsync(Head);
        await using var connection = await new MigrationServer(ConnectionString).ConnectReadOnlyAsync(TimeSpan.Zero, progress: null, Token);

        foreach (var sql in new[] { "CREATE TABLE public.visits (id int)", "DELETE FROM public.schema_versions" })
        {
            await using var command = new NpgsqlCommand(sql, connection);
            Assert.That(
                () => command.ExecuteNonQueryAsync(Token),
                Throws.InstanceOf<PostgresException>().With.Property(nameof(PostgresException.SqlState))
                    .EqualTo(PostgresErrorCodes.ReadOnlySqlTransaction));
        }
    }

    // Reading this journal calls a function that writes.
    [TestCase("upgrade", "--dry-run")]
    [TestCase("downgrade", "base", "--dry-run")]
    [TestCase("upgrade", "--sql")]
    [TestCase("history")]
    public async Task A_journal_that_runs_code_is_not_read(params string[] args)
    {
        await ExecuteAsync("""
            CREATE TABLE visits (id int);
            CREATE FUNCTION visit() RETURNS int LANGUAGE sql VOLATILE AS 'INSERT INTO visits VALUES (1) RETURNING 1';
            CREATE VIEW schema_versions AS
            SELECT visit() AS version, '0001_initial_schema' AS name, '' AS checksum, now() AS applied_at, 0::bigint AS duration_ms,
                '' AS applied_by, '' AS tool_version;
            """);

        var run = await RunAsync(args);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(run.Code, Is.EqualTo(1));
            Assert.That(run.Error, Does.Contain("schema_versions is not the plain table"));
            Assert.That(await ScalarAsync<long>("SELECT count(*) FROM visits"), Is.Zero);
        }
    }

    [TestCase("--dry-run")]
    [TestCase("--sql")]
    public async Task A_plan_takes_no_lock(string option)
    {
        await using var holder = await HoldAsync($"SELECT pg_advisory_lock({MigrationLock.Key})");

        var run = await RunAsync("upgrade", option, "--timeout", "0");

        Assert.That(run.Code, Is.Zero, run.Error);
    }

    [Test]
    public async Task Plans_as_JSON_have_the_documented_members()
    {
        var dry = (await RunAsync("upgrade", "5", "--dry-run", "--json")).Json;
        var sql = (await RunAsync("upgrade", "5", "--sql", "--json")).Json;

        using (Assert.EnterMultipleScope())
        {
            foreach (var plan in new[] { dry, sql })
            {
                Assert.That((plan.GetProperty("from").GetInt32(), plan.GetProperty("to").GetInt32()), Is.EqualTo((0, 5)));
                Assert.That(plan.GetProperty("plan").EnumerateArray().Select(s => s.GetProperty("version").GetInt32()),
                    Is.EqualTo(Enumerable.Range(1, 5)));
                Assert.That(plan.GetProperty("plan")[4].GetProperty("script").GetString(),
                    Is.EqualTo("0005_add_deployment_logs_seq_key.sql"));
                Assert.That(plan.GetProperty("plan").EnumerateArray().Select(s => s.GetProperty("transactional").GetBoolean()),
                    Is.EqualTo(new[] { true, true, true, false, false }));
            }

            Assert.That(dry.TryGetProperty("sql", out _), Is.False);
            Assert.That(sql.GetProperty("sql").GetString(),
                Is.EqualTo((await Migrator().PlanUpgradeAsync(MigrationTarget.Version(5), Token)).ToPsqlScript()));
        }
    }

    [TestCase("--sql and --dry-run", "upgrade", "--sql", "--dry-run")]
    [TestCase("--sql and --rehearse", "upgrade", "--rehearse", "--sql")]
    [TestCase("--dry-run and --rehearse", "downgrade", "base", "--rehearse", "--dry-run")]
    [TestCase("--sql and --dry-run and --rehearse", "downgrade", "-1", "--rehearse", "--dry-run", "--sql")]
    public async Task Two_preview_options_together_are_wrong_usage(string named, params string[] args)
    {
        var run = await RunAsync(args);

        Assert.That(run.Code, Is.EqualTo(2));
        Assert.That(run.Error, Does.Contain($"{named} exclude each other"));
    }

    [TestCase(2, "upgrade", "--dry-run")]
    [TestCase(2, "upgrade", "--rehearse")]
    [TestCase(0, "upgrade", "--sql")]
    [TestCase(0, "downgrade", "base", "--sql")]
    [TestCase(0, "downgrade", "-1", "--sql")]
    [TestCase(2, "upgrade", "9999", "--sql")]
    public async Task Only_the_option_sql_works_without_a_database(int code, params string[] args)
    {
        var run = await ConsoleRun.StartAsync(args, cancellationToken: Token);

        Assert.That(run.Code, Is.EqualTo(code), run.Error);
    }

    private Task<ConsoleRun> RunAsync(params string[] args) =>
        ConsoleRun.StartAsync(args, connection: ConnectionString, cancellationToken: Token);
}
