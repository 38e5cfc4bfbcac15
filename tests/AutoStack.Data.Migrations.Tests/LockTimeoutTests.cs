using AutoStack.Data.Migrations.Tests.Support;

namespace AutoStack.Data.Migrations.Tests;

public sealed class LockTimeoutTests : MigrationTests
{
    private static readonly IReadOnlyList<MigrationScript> AddColumn = Scripts(
        "-- autostack: lock_timeout=1s\nCREATE TABLE beside ();\nALTER TABLE busy ADD COLUMN extra int");

    [SetUp]
    public Task CreateTableAsync() => ExecuteAsync("CREATE TABLE busy (id int)");

    [Test]
    public async Task A_script_that_does_not_get_its_lock_is_retried()
    {
        await using var holder = await HoldAsync("LOCK TABLE busy IN ACCESS SHARE MODE");
        var recorder = new Recorder(reported =>
        {
            if (reported is StepRetrying { Attempt: 2 })
            {
                holder.Release();
            }
        });

        var report = await Migrator(AddColumn).UpgradeAsync(progress: recorder, cancellationToken: Token);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(report.ToVersion, Is.EqualTo(1));
            Assert.That(recorder.Events.OfType<StepRetrying>().Select(retry => (retry.FileName, retry.Attempt)),
                Is.EqualTo(new[] { ("0001_run_test.sql", 1), ("0001_run_test.sql", 2) }));
            Assert.That(recorder.Events.OfType<StepRetrying>().Select(retry => retry.Delay), Is.All.GreaterThan(TimeSpan.Zero));
            Assert.That(recorder.Events.OfType<StepFinished>().Count(), Is.EqualTo(1));
            Assert.That(await CatalogAsync(), Has.Member("column busy.extra at 2 integer").And.Member("table beside"));
        }
    }

    [Test]
    public async Task A_script_that_never_gets_its_lock_fails_after_its_attempts()
    {
        await using var holder = await HoldAsync("LOCK TABLE busy IN ACCESS SHARE MODE");
        var before = await CatalogAsync();
        var recorder = new Recorder();

        var failure = Assert.ThrowsAsync<MigrationException>(() => Migrator(AddColumn, new SchemaMigratorOptions { Attempts = 2 })
            .UpgradeAsync(progress: recorder, cancellationToken: Token))!;

        using (Assert.EnterMultipleScope())
        {
            Assert.That(failure.Error, Is.EqualTo(MigrationError.Locked));
            Assert.That(failure.Message, Does.StartWith("0001_run_test.sql").And.Contain("55P03").And.Contain("Gave up after 2 attempts.")
                .And.Contain("Blocked by: pid "));
            Assert.That(recorder.Events.OfType<StepRetrying>().Select(retry => retry.Attempt), Is.EqualTo(new[] { 1 }));
            Assert.That(await CatalogAsync(), Is.EqualTo(before));
            Assert.That(await AppliedAsync(), Is.Empty);
        }
    }

    [TestCase("0")]
    [TestCase("101")]
    [TestCase("many")]
    public async Task The_console_refuses_a_wrong_number_of_attempts(string attempts)
    {
        var run = await ConsoleRun.StartAsync(["upgrade", "--lock-attempts", attempts], cancellationToken: Token);

        Assert.That((run.Code, run.Error.Trim()), Is.EqualTo((2, "--lock-attempts is a whole number from 1 to 100.")));
        Assert.That(() => Migrator(new SchemaMigratorOptions { Attempts = attempts == "101" ? 101 : 0 }),
            Throws.TypeOf<ArgumentOutOfRangeException>().With.Property("ParamName").EqualTo("Attempts"));
    }

    [Test]
    public async Task The_console_exits_with_5_after_the_given_attempts()
    {
        await ExecuteAsync("DROP TABLE busy");
        await Migrator().UpgradeAsync(MigrationTarget.Version(2), cancellationToken: Token);
        await using var holder = await HoldAsync("LOCK TABLE deployment_logs IN ACCESS SHARE MODE");

        var run = await ConsoleRun.StartAsync(
            ["upgrade", "3", "--lock-attempts", "1", "--json"], connection: ConnectionString, cancellationToken: Token);

        Assert.That((run.Code, run.Json.GetProperty("error").GetProperty("kind").GetString()), Is.EqualTo((5, "locked")));
        Assert.That(run.Error, Does.Contain("Gave up after 1 attempt. Blocked by: pid ").And.Contain("raw, role "));
    }

    [Test]
    public async Task An_index_build_waits_for_a_long_transaction_without_giving_up()
    {
        var scripts = Scripts("-- autostack: no-transaction\nCREATE INDEX CONCURRENTLY IF NOT EXISTS busy_id_idx ON busy (id)");
        Assert.That(scripts[0].Up.LockTimeout, Is.EqualTo("0"));
        await using var writer = await HoldAsync("INSERT INTO busy VALUES (1)");
        var recorder = new Recorder();

        var upgrade = Migrator(scripts).UpgradeAsync(progress: recorder, cancellationToken: Token);
        await UntilMigratorWaitsForTableAsync();
        await ExecuteAsync("SET lock_timeout = '5s'; INSERT INTO busy VALUES (2)");
        writer.Release();
        await upgrade;

        Assert.That(recorder.Events.OfType<StepRetrying>(), Is.Empty);
    }

    [Test]
    public async Task A_script_that_loses_a_deadlock_is_retried()
    {
        await ExecuteAsync("CREATE TABLE other (id int)");
        var scripts = Scripts(
            "-- autostack: lock_timeout=30s\nALTER TABLE other ADD COLUMN extra int;\nALTER TABLE busy ADD COLUMN extra int;");
        await using var application = await HoldAsync("LOCK TABLE busy IN ACCESS SHARE MODE");
        var recorder = new Recorder();

        // The application waits for the script before the script checks for a deadlock, and checks much later itself: the script is the
        // victim.
        var migrator = new SchemaMigrator(ConnectionString + ";Options=-c deadlock_timeout=3s", null, scripts);
        var upgrade = migrator.UpgradeAsync(progress: recorder, cancellationToken: Token);
        await UntilMigratorWaitsForTableAsync();
        await application.ExecuteAsync("SET LOCAL deadlock_timeout = '100s'; SELECT count(*) FROM other", Token);
        application.Release();

        Assert.That((await upgrade).ToVersion, Is.EqualTo(1));
        Assert.That(recorder.Events.OfType<StepRetrying>().Count(), Is.GreaterThanOrEqualTo(1));
    }

    [Test]
    public async Task An_index_build_that_did_not_get_its_lock_is_repeated()
    {
        var scripts = Scripts(
            "-- autostack: no-transaction lock_timeout=50ms\nCREATE INDEX CONCURRENTLY IF NOT EXISTS busy_id_idx ON busy (id)");

        // The build adds the index to the catalog before it waits for running writers.
        await using var writer = await HoldAsync("INSERT INTO busy VALUES (1)");
        string[] leftOver = [];
        var recorder = new Recorder(reported =>
        {
            if (reported is StepRetrying { Attempt: 1 })
            {
                leftOver = [.. ListAsync("SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid").GetAwaiter().GetResult()];
                writer.Release();
            }
        });

        await Migrator(scripts).UpgradeAsync(progress: recorder, cancellationToken: Token);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(leftOver, Is.EqualTo(new[] { "busy_id_idx" }));
            Assert.That(await CatalogAsync(), Has.Member("index busy_id_idx: CREATE INDEX busy_id_idx ON public.busy USING btree (id)"));
            Assert.That(await AppliedAsync(), Is.EqualTo(new[] { "1" }));
        }
    }

    [Test]
    public async Task Timeouts_set_for_the_database_do_not_end_a_script()
    {
        foreach (var name in await ListAsync(
            "SELECT name FROM pg_settings WHERE name IN ('statement_timeout', 'idle_in_transaction_session_timeout', " +
            "'transaction_timeout')"))
        {
            await ExecuteAsync($"ALTER DATABASE {Database.Name} SET {name} = '30s'");
        }

        await Migrator(Scripts("""
            DO $$
            BEGIN
                ASSERT (SELECT count(*) > 0 AND bool_and(setting = '0')
                        FROM pg_settings
                        WHERE name IN ('statement_timeout', 'idle_in_transaction_session_timeout', 'transaction_timeout'));
            END
            $$
            """)).UpgradeAsync(cancellationToken: Token);

        Assert.That(await AppliedAsync(), Has.Count.EqualTo(1));
    }
}
