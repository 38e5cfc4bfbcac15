using AutoStack.Data.Migrations.Tests.Support;

namespace AutoStack.Data.Migrations.Tests.Rehearsals;

/// <summary>A rehearsal says whom it stops, asks, and has a limit.</summary>
public sealed class RehearsalConsoleTests : MigrationTests
{
    [TestCase("y\n", 0)]
    [TestCase("n\n", 1)]
    [TestCase("\n", 1)]
    public async Task A_rehearsal_says_whom_it_stops_and_asks(string answer, int code)
    {
        await StartAtAsync(2);
        await ExecuteAsync("INSERT INTO users (name, email) VALUES ('Ada', 'ada@example.com'); ANALYZE");
        var run = await ConsoleRun.StartAsync(["upgrade", "12", "--rehearse"], connection: ConnectionString, answer: answer,
            cancellationToken: Token);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(run.Code, Is.EqualTo(code), run.Error);
            Assert.That(run.Error, Does.Contain("runs 10 scripts in one transaction and rolls it back. Until then, at most 60 s, it stops")
                .And.Match(@"readers and writers of deployment_logs \([\d.]+ kB\), deployment_runtime_logs \([\d.]+ kB\)")
                .And.Match(@"  writers of +[^\n]*users \([\d.]+ kB\)")
                .And.Match(@"take as much room again until a VACUUM:\r?\n +deployment_logs").And.Contain("Continue? [y/N]"));
            Assert.That(run.Error.Contains("Not confirmed. Nothing was changed.", StringComparison.Ordinal), Is.EqualTo(code == 1));
            Assert.That(run.Output.Contains("Readers of deployment_logs were stopped for up to ", StringComparison.Ordinal),
                Is.EqualTo(code == 0));
        }
    }

    [Test]
    public async Task A_rehearsal_of_code_that_makes_its_statements_does_not_say_that_it_stops_nobody()
    {
        await StartAtAsync(13);

        var run = await ConsoleRun.StartAsync(["upgrade", "14", "--rehearse"], connection: ConnectionString, answer: "n\n",
            cancellationToken: Token);
        var plan = await ConsoleRun.StartAsync(["upgrade", "--dry-run", "--json"], connection: ConnectionString, cancellationToken: Token);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(run.Error, Does.Contain("at most 60 s, it may stop readers and writers.").And.Not.Contain("nobody")
                .And.Contain("Code in 0014_add_required_checks.sql decides while it runs which tables it locks; they cannot be foreseen."));
            Assert.That(plan.Json.GetProperty("unforeseen").GetRawText(), Is.EqualTo("""["0014_add_required_checks.sql"]"""));
        }
    }

    [TestCase("upgrade")]
    [TestCase("downgrade", "base")]
    public async Task Without_a_terminal_and_without_yes_a_rehearsal_is_refused(params string[] args)
    {
        await StartAtAsync(2);
        var before = await CatalogAsync();

        var run = await ConsoleRun.StartAsync([.. args, "--rehearse", "--json"], connection: ConnectionString, cancellationToken: Token);

        Assert.That((run.Code, run.Json.GetProperty("error").GetProperty("kind").GetString()), Is.EqualTo((2, "usage")));
        Assert.That(run.Error, Does.Contain("add --yes").And.Contain("--on-copy"));
        Assert.That(await CatalogAsync(), Is.EqualTo(before));
    }

    [Test]
    public async Task Nothing_to_rehearse_asks_nothing()
    {
        await StartAtAsync(2);
        var run = await ConsoleRun.StartAsync(["upgrade", "2", "--rehearse"], connection: ConnectionString, answer: "",
            cancellationToken: Token);

        Assert.That((run.Code, run.Output), Is.EqualTo((0, "Already at version 2, nothing to rehearse.\n")), run.Error);
        Assert.That(run.Error, Does.Not.Contain("Continue?").And.Not.Contain("The rehearsal runs"));
    }

    [Test]
    public async Task A_rehearsal_that_takes_too_long_is_rolled_back_and_says_so()
    {
        await ExecuteAsync("CREATE TABLE t (id int)");
        var before = await CatalogAsync();
        var options = new SchemaMigratorOptions { RehearsalLimit = TimeSpan.FromMilliseconds(200) };

        var failure = Assert.ThrowsAsync<MigrationException>(() =>
            Migrator(Scripts("ALTER TABLE t ADD COLUMN x int", "SELECT pg_sleep(600)"), options)
                .RehearseUpgradeAsync(cancellationToken: Token))!;

        using (Assert.EnterMultipleScope())
        {
            Assert.That(failure.Error, Is.EqualTo(MigrationError.TimeLimit));
            Assert.That(failure.Message,
                Does.Contain("longer than its limit of 0.2 s; everything was rolled back").And.Contain("--on-copy"));
            Assert.That(await CatalogAsync(), Is.EqualTo(before));
        }

        // The table is free at once.
        await ExecuteAsync("SET lock_timeout = '10s'; ALTER TABLE t ADD COLUMN y int");
    }

    [TestCase("2147483647")]
    [TestCase("4294968")]
    [TestCase("0")]
    public async Task A_limit_that_no_timer_takes_is_no_limit(string seconds)
    {
        await StartAtAsync(Head - 1);

        var run = await ConsoleRun.StartAsync(
            ["upgrade", "--rehearse", "--yes", "--rehearse-limit", seconds], connection: ConnectionString, cancellationToken: Token);

        Assert.That(run.Code, Is.Zero, run.Error);
    }

    [Test]
    public async Task A_rehearsal_reports_which_tables_it_kept_from_whom()
    {
        await ExecuteAsync("""
            CREATE TABLE locked (id int CONSTRAINT locked_pkey PRIMARY KEY);
            CREATE TABLE indexed (id int);
            CREATE TABLE written (id int);
            """);
        var report = await Migrator(Scripts(
            "ALTER TABLE locked ADD COLUMN x int", "-- autostack: no-transaction\nCREATE INDEX CONCURRENTLY indexed_idx ON indexed (id)",
            "INSERT INTO written VALUES (1)", "CREATE TABLE own (); ALTER TABLE own ADD COLUMN x int"))
            .RehearseUpgradeAsync(cancellationToken: Token);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(report.Stops.Select(stop => (stop.Table, stop.Readers > TimeSpan.Zero, stop.Writers > TimeSpan.Zero)),
                Is.EqualTo(new[] { ("locked", true, true), ("indexed", false, true) }));
            Assert.That(report.EndedEarly, Is.Null);
        }
    }

    [Test]
    public async Task A_plan_names_the_locks_of_the_run_and_those_of_a_rehearsal()
    {
        await ExecuteAsync("""
            CREATE TABLE parent (id int CONSTRAINT parent_pkey PRIMARY KEY);
            CREATE TABLE child (id int, parent int);
            CREATE TABLE log (id int, kind text);
            CREATE INDEX log_idx ON log (id);
            """);
        var plan = await Migrator(Scripts(
            "CREATE TABLE own (id int); ALTER TABLE own ADD COLUMN x int",
            "ALTER TABLE child ADD CONSTRAINT child_parent_fkey FOREIGN KEY (parent) REFERENCES parent",
            "ALTER TABLE log ALTER COLUMN kind TYPE varchar(9)",
            "-- autostack: no-transaction\nDROP INDEX CONCURRENTLY IF EXISTS log_idx",
            "-- autostack: no-transaction\nCREATE INDEX CONCURRENTLY child_idx ON child (id)")).PlanUpgradeAsync(cancellationToken: Token);

        using (Assert.EnterMultipleScope())
        {
            var locks = plan.Locks.Select(l => (l.Table, l.Mode, l.Rewrites, l.Bytes > 0 || l.Table != "log", l.Script));
            Assert.That(locks, Is.EquivalentTo(new[]
            {
                ("log", TableLockMode.AccessExclusive, true, true, "0003_run_test.sql"),
                ("parent", TableLockMode.ShareRowExclusive, false, true, "0002_run_test.sql"),
                ("child", TableLockMode.ShareRowExclusive, false, true, "0002_run_test.sql"),
            }));
            Assert.That(plan.Locks[0].Table, Is.EqualTo("log"), "the strongest first");
            Assert.That(plan.RehearsalLocks.Select(l => (l.Table, l.StopsReaders, l.StopsWriters)), Is.EquivalentTo(new[]
            {
                ("log", true, true), ("parent", false, true), ("child", false, true),
            }));
        }
    }

    [TestCase("DO $$ BEGIN EXECUTE 'ALTER TABLE ' || (SELECT 'log'::regclass) || ' ADD x int'; END $$", true)]
    [TestCase("DO $$ DECLARE s text := 'LOCK TABLE log'; BEGIN EXECUTE s; END $$", true)]
    [TestCase("DO $$ BEGIN EXECUTE format('LOCK TABLE %I', 'log'); END $$", true)]
    [TestCase("CALL tidy()", true)]
    [TestCase("SELECT grow()", true)]
    [TestCase("DO $$ BEGIN PERFORM grow(); END $$", true)]
    [TestCase("CREATE FUNCTION own() RETURNS void LANGUAGE sql AS 'LOCK TABLE log'; SELECT own()", true)]
    [TestCase("SET LOCAL search_path = other; LOCK TABLE log", true)]
    [TestCase("CREATE FUNCTION own() RETURNS void LANGUAGE sql AS 'LOCK TABLE log'", false)]
    [TestCase("SELECT look(), now(), count(*), setval('s', 5) FROM (VALUES (1)) grow (n)", false)]
    [TestCase("DO $$ BEGIN EXECUTE format('DELETE FROM %I', 'log'); PERFORM pg_sleep(0); END $$", false)]
    [TestCase("ALTER TABLE log ADD x int", false)]
    public async Task A_plan_names_the_scripts_whose_locks_only_their_run_shows(string statement, bool unforeseen)
    {
        await ExecuteAsync("""
            CREATE TABLE log (id int);
            CREATE SCHEMA other;
            CREATE TABLE other.log (id int);
            CREATE SEQUENCE s;
            CREATE PROCEDURE tidy() LANGUAGE sql AS 'LOCK TABLE log';
            CREATE FUNCTION grow() RETURNS void LANGUAGE sql AS 'LOCK TABLE log';
            CREATE FUNCTION look() RETURNS int STABLE LANGUAGE sql AS 'SELECT 1';
            """);

        var plan = await Migrator(Scripts("CREATE TABLE first ()", statement)).PlanUpgradeAsync(cancellationToken: Token);
        await Migrator(Scripts("CREATE TABLE first ()", statement)).UpgradeAsync(cancellationToken: Token);

        Assert.That(plan.Unforeseen, Is.EqualTo(unforeseen ? new[] { "0002_run_test.sql" } : []));
    }

    [TestCase("DO $$ BEGIN IF TRUE THEN ALTER TABLE log ADD x int; END IF; END $$", TableLockMode.AccessExclusive)]
    [TestCase("DO $$ BEGIN EXECUTE 'ALTER TABLE log ' || 'ADD x int'; END $$", TableLockMode.AccessExclusive)]
    [TestCase("LOCK TABLE log", TableLockMode.AccessExclusive)]
    [TestCase("LOCK log IN SHARE ROW EXCLUSIVE MODE NOWAIT", TableLockMode.ShareRowExclusive)]
    [TestCase("REINDEX INDEX log_idx", TableLockMode.AccessExclusive)]
    [TestCase("REINDEX (VERBOSE) TABLE log", TableLockMode.AccessExclusive)]
    [TestCase("CREATE RULE r AS ON DELETE TO log DO INSTEAD NOTHING", TableLockMode.AccessExclusive)]
    public async Task A_plan_names_the_locks_of_every_statement(string statement, TableLockMode mode)
    {
        await ExecuteAsync("CREATE TABLE log (id int); CREATE INDEX log_idx ON log (id)");

        var plan = await Migrator(Scripts(statement)).PlanUpgradeAsync(cancellationToken: Token);
        var rehearsed = await Migrator(Scripts(statement)).RehearseUpgradeAsync(cancellationToken: Token);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(plan.Locks.Select(l => (l.Table, l.Mode)), Is.EqualTo(new[] { ("log", mode) }));
            Assert.That(plan.Unforeseen, Is.Empty);
            Assert.That(rehearsed.Stops.Select(stop => stop.Table), Does.Contain("log"), "the server agrees");
        }
    }

    [Test]
    public async Task A_table_that_another_session_locks_has_no_size_and_the_plan_does_not_wait()
    {
        await ExecuteAsync("CREATE TABLE t (id int)");
        await using var holder = await HoldAsync("LOCK TABLE t IN ACCESS EXCLUSIVE MODE");

        var plan = await Migrator(Scripts("ALTER TABLE t ADD COLUMN x int")).PlanUpgradeAsync(cancellationToken: Token);

        Assert.That(plan.Locks.Select(l => (l.Table, l.Bytes)), Is.EqualTo(new[] { ("t", (long?)null) }));
    }

    [TestCase("--on-copy needs --rehearse", "upgrade", "--on-copy")]
    [TestCase("--rehearse-limit needs --rehearse", "upgrade", "--rehearse-limit", "5")]
    [TestCase("add --disposable, if it may be", "upgrade", "--rehearse", "--copy", "other")]
    [TestCase("--disposable needs --copy", "upgrade", "--rehearse", "--disposable")]
    [TestCase("--on-copy and --copy exclude each other", "upgrade", "--rehearse", "--on-copy", "--copy", "x", "--disposable")]
    [TestCase("omit --rehearse-limit", "downgrade", "base", "--rehearse", "--on-copy", "--rehearse-limit", "5")]
    [TestCase("--rehearse-limit is a whole number of seconds", "upgrade", "--rehearse", "--rehearse-limit", "-1")]
    public async Task Options_of_a_rehearsal_that_do_not_fit_are_wrong_usage(string message, params string[] args)
    {
        var run = await ConsoleRun.StartAsync([.. args, "--yes"], connection: "Host=nowhere.invalid", cancellationToken: Token);

        Assert.That((run.Code, run.Error.Contains(message, StringComparison.Ordinal)), Is.EqualTo((2, true)), run.Error);
    }
}
