using AutoStack.Data.Migrations.Internal;
using AutoStack.Data.Migrations.Tests.Support;

namespace AutoStack.Data.Migrations.Tests;

public sealed class PsqlScriptTests : MigrationTests
{
    [TestCase(0, true)]
    [TestCase(0, false)]
    [TestCase(9, true)]
    public async Task A_psql_script_leaves_the_database_as_an_upgrade_does(int from, bool connected)
    {
        await StartAtAsync(Head);
        var expected = await CatalogAsync();
        await Migrator().DowngradeAsync(MigrationTarget.Base, cancellationToken: Token);
        if (from > 0)
        {
            await Migrator().UpgradeAsync(MigrationTarget.Version(from), cancellationToken: Token);
        }
        else
        {
            await ExecuteAsync("DROP TABLE schema_versions");
        }

        var run = await ConsoleRun.StartAsync(
            ["upgrade", "--sql"], connection: connected ? ConnectionString : null, cancellationToken: Token);
        var psql = await Psql.RunAsync(ConnectionString, run.Output, Token);

        var again = await Migrator().UpgradeAsync(cancellationToken: Token);
        var history = await Migrator().ReadHistoryAsync(Token);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(run.Code, Is.Zero);
            Assert.That(run.Error, connected ? Is.Empty : Does.Contain("version 0"));
            Assert.That(psql, Is.EqualTo((0, "")));
            Assert.That(await CatalogAsync(), Is.EqualTo(expected));
            Assert.That(again.Steps, Is.Empty);
            Assert.That(history.IsUpToDate, Is.True);
            Assert.That(history.Versions.Select(v => v.Name), Is.EqualTo(SchemaMigrator.Scripts.Select(s => s.Name)));
            Assert.That(history.Versions[^1].AppliedAt, Is.EqualTo(DateTimeOffset.UtcNow).Within(TimeSpan.FromMinutes(5)));
        }
    }

    [TestCase("base", true)]
    [TestCase("base", false)]
    [TestCase("2", true)]
    public async Task A_psql_script_downgrades(string target, bool connected)
    {
        await StartAtAsync(Head);
        await Migrator().DowngradeAsync(target == "base" ? MigrationTarget.Base : MigrationTarget.Version(2), cancellationToken: Token);
        var expected = (await CatalogAsync(), await AppliedAsync());
        await Migrator().UpgradeAsync(cancellationToken: Token);

        var run = await ConsoleRun.StartAsync(
            ["downgrade", target, "--sql"], connection: connected ? ConnectionString : null, cancellationToken: Token);
        var psql = await Psql.RunAsync(ConnectionString, run.Output, Token);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(run.Error, Does.Contain("loses all data in"));
            Assert.That(psql, Is.EqualTo((0, "")));
            Assert.That(await CatalogAsync(), Is.EqualTo(expected.Item1));
            Assert.That(await AppliedAsync(), Is.EqualTo(expected.Item2));
        }
    }

    [Test]
    public async Task A_psql_script_contains_each_script_unchanged_and_its_header_as_settings()
    {
        var plan = await Migrator().PlanUpgradeAsync(cancellationToken: Token);

        var text = plan.ToPsqlScript();
        using (Assert.EnterMultipleScope())
        {
            foreach (var step in plan.Scripts.Select(plan.StepOf))
            {
                Assert.That(text, Does.Contain(step.Sql));
                Assert.That(text, Does.Contain(
                    $"{step.FileName}\nSET lock_timeout = '{step.LockTimeout}';\nSET statement_timeout = '{step.StatementTimeout}';\n"));
            }

            Assert.That(text.Split("BEGIN;\n"), Has.Length.EqualTo(1 + plan.Scripts.Count(s => s.Up.Transactional)));
            Assert.That(text, Does.Not.Contain("\r"));
        }
    }

    [TestCase("CREATE TABLE t (id int)")]
    [TestCase("CREATE TABLE t (id int);")]
    [TestCase("CREATE TABLE t (id int);\n-- the end")]
    [TestCase("CREATE TABLE t (id int) -- the end;")]
    [TestCase("-- autostack: lock_timeout=1s statement_timeout=1min\nCREATE TABLE t (id int);\nCOMMENT ON TABLE t IS 'a \\d :name ''x'' " +
        "$$ ;';\n")]
    [TestCase("CREATE TABLE t (id int);\nCREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT 2; END;\n")]
    [TestCase("CREATE TABLE t (id int);\nDO $body$ BEGIN PERFORM '$2b$12$abc'; END $body$;\n")]
    public async Task Psql_runs_any_script_that_the_migrator_runs(string up)
    {
        var scripts = Scripts(up, "ALTER TABLE t ADD COLUMN name text");
        await Migrator(scripts).UpgradeAsync(cancellationToken: Token);
        var expected = await CatalogAsync();
        await ExecuteAsync("DROP SCHEMA public CASCADE; CREATE SCHEMA public");

        var psql = await Psql.RunAsync(
            ConnectionString, (await Migrator(scripts).PlanUpgradeAsync(cancellationToken: Token)).ToPsqlScript(), Token);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(psql, Is.EqualTo((0, "")));
            Assert.That(await CatalogAsync(), Is.EqualTo(expected));
            Assert.That((await Migrator(scripts).ReadHistoryAsync(Token)).IsUpToDate, Is.True);
        }
    }

    [Test]
    public async Task A_failing_script_in_psql_is_rolled_back_and_stops_the_run()
    {
        var scripts = Scripts("CREATE TABLE a ()", "CREATE TABLE b (); SELECT 1 / 0;", "CREATE TABLE c ()");

        // The script itself sets ON_ERROR_STOP.
        var psql = await Psql.RunAsync(
            ConnectionString, "\\unset ON_ERROR_STOP\n" +
                (await Migrator(scripts).PlanUpgradeAsync(cancellationToken: Token)).ToPsqlScript(), Token);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(psql.Code, Is.EqualTo(3));
            Assert.That(psql.Error, Does.Contain("division by zero"));
            Assert.That(await AppliedAsync(), Is.EqualTo(new[] { "1" }));
            Assert.That((await ExistsAsync("b"), await ExistsAsync("c")), Is.EqualTo((false, false)));
        }
    }

    [Test]
    public async Task An_invalid_index_is_dropped_and_rebuilt_by_psql()
    {
        const string Build = "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS t_id_key ON t (id)";
        await ExecuteAsync("CREATE TABLE t (id int); INSERT INTO t VALUES (1), (1)");
        Assert.ThrowsAsync<Npgsql.PostgresException>(() => ExecuteAsync(Build));
        await ExecuteAsync("DELETE FROM t WHERE ctid = '(0,1)'");
        var plan = await Migrator(Scripts("-- autostack: no-transaction\n" + Build)).PlanUpgradeAsync(cancellationToken: Token);

        var psql = await Psql.RunAsync(ConnectionString, plan.ToPsqlScript(), Token);

        Assert.That(psql, Is.EqualTo((0, "")));
        Assert.That(await CatalogAsync(), Has.Member("index t_id_key: CREATE UNIQUE INDEX t_id_key ON public.t USING btree (id)"));
    }

    [Test]
    public async Task Psql_gives_up_while_a_migrator_holds_the_lock()
    {
        var script = SchemaMigrator.PlanOffline(up: true, MigrationTarget.Head).ToPsqlScript();
        await using var holder = await HoldAsync($"SELECT pg_advisory_lock({MigrationLock.Key})");

        var psql = await Psql.RunAsync(ConnectionString, script, Token);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(psql.Code, Is.EqualTo(3));
            Assert.That(psql.Error, Does.Contain("Another migrator holds the lock"));
            Assert.That(await CatalogAsync(), Is.Empty);
            Assert.That(await ExistsAsync("schema_versions"), Is.False);
        }
    }

    [Test]
    public async Task A_migrator_waits_while_psql_holds_the_lock()
    {
        await using var obstacle = await HoldAsync("CREATE TABLE users ()");
        var psql = Psql.RunAsync(ConnectionString, SchemaMigrator.PlanOffline(up: true, MigrationTarget.Head).ToPsqlScript(), Token);
        await UntilAsync("SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'psql' " +
            "AND wait_event_type = 'Lock')");

        Assert.That(() => Migrator(new SchemaMigratorOptions { LockWait = TimeSpan.Zero }).UpgradeAsync(cancellationToken: Token),
            Throws.TypeOf<MigrationException>().With.Property(nameof(MigrationException.Error)).EqualTo(MigrationError.Locked));
        obstacle.Release();
        Assert.That((await psql).Code, Is.Zero);
    }

    [Test]
    public async Task A_psql_script_for_another_version_changes_nothing()
    {
        var offline = SchemaMigrator.PlanOffline(up: true, MigrationTarget.Head).ToPsqlScript();
        var downward = SchemaMigrator.PlanOffline(up: false, MigrationTarget.Base).ToPsqlScript();
        var onEmpty = await Psql.RunAsync(ConnectionString, downward, Token);
        var stillEmpty = !await ExistsAsync("schema_versions");
        await Migrator().UpgradeAsync(MigrationTarget.Version(2), cancellationToken: Token);
        var before = await CatalogAsync();

        var runs = new[] { onEmpty, await Psql.RunAsync(ConnectionString, offline, Token),
            await Psql.RunAsync(ConnectionString, downward, Token) };

        using (Assert.EnterMultipleScope())
        {
            Assert.That(stillEmpty, Is.True);
            Assert.That(runs.Select(run => run.Code), Is.All.EqualTo(3));
            Assert.That(runs[1].Error, Does.Contain("for a database at version 0, this one is at 2"));
            Assert.That(await CatalogAsync(), Is.EqualTo(before));
            Assert.That(await AppliedAsync(), Has.Count.EqualTo(2));
        }
    }

    [Test]
    public async Task A_psql_script_without_pending_versions_is_a_comment()
    {
        await StartAtAsync(Head);

        var run = await ConsoleRun.StartAsync(["upgrade", "--sql"], connection: ConnectionString, cancellationToken: Token);

        Assert.That(run.Output, Is.EqualTo($"-- Already at version {Head}, nothing to do.\n"));
    }
}
