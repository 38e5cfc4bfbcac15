using AutoStack.Data.Migrations.Tests.Support;

namespace AutoStack.Data.Migrations.Tests;

public sealed class CancellationTests : MigrationTests
{
    private const string Sleeping = $"""
        SELECT EXISTS (
            SELECT
            FROM pg_stat_activity
            WHERE datname = current_database() AND application_name = '{MigratorName}' AND wait_event = 'PgSleep')
        """;

    [Test]
    public async Task Cancelling_rolls_back_a_running_script()
    {
        var scripts = Scripts("CREATE TABLE kept ()", "CREATE TABLE lost ();\nSELECT pg_sleep(600)");

        await AssertCancelledAsync(scripts, UntilAsync(Sleeping));
    }

    [Test]
    public async Task Cancelling_rolls_back_a_script_that_waits_for_a_lock()
    {
        await ExecuteAsync("CREATE TABLE busy ()");
        await using var holder = await HoldAsync("LOCK TABLE busy");
        var scripts = Scripts("CREATE TABLE kept ()", "-- autostack: lock_timeout=10min\nCREATE TABLE lost ();\nDROP TABLE busy");

        await AssertCancelledAsync(scripts, UntilMigratorWaitsForTableAsync());
    }

    [Test]
    public async Task Cancelling_between_two_attempts_ends_the_migration()
    {
        await ExecuteAsync("CREATE TABLE busy ()");
        await using var holder = await HoldAsync("LOCK TABLE busy");
        using var cancelling = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var recorder = new Recorder(reported =>
        {
            if (reported is StepRetrying)
            {
                cancelling.Cancel();
            }
        });

        Assert.That(
            async () => await Migrator(Scripts("-- autostack: lock_timeout=50ms\nDROP TABLE busy"))
                .UpgradeAsync(progress: recorder, cancellationToken: cancelling.Token),
            Throws.InstanceOf<OperationCanceledException>());
        Assert.That(await AppliedAsync(), Is.Empty);
    }

    [Test]
    public async Task Cancelling_is_repeated_until_the_script_ends()
    {
        // The server ignores the first cancellation, as if it arrived before the statement.
        var scripts = Scripts("CREATE TABLE kept ()", """
            CREATE TABLE lost ();
            DO $$ BEGIN PERFORM pg_sleep(600); EXCEPTION WHEN query_canceled THEN NULL; END $$;
            SELECT pg_sleep(20);
            """);

        await AssertCancelledAsync(scripts, UntilAsync(Sleeping));
    }

    [Test]
    public async Task Cancelling_between_two_scripts_keeps_the_first()
    {
        using var cancelling = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var recorder = new Recorder(reported =>
        {
            if (reported is StepFinished)
            {
                cancelling.Cancel();
            }
        });

        Assert.That(
            async () => await Migrator(Scripts("CREATE TABLE kept ()", "CREATE TABLE lost ()"))
                .UpgradeAsync(progress: recorder, cancellationToken: cancelling.Token),
            Throws.InstanceOf<OperationCanceledException>());

        using (Assert.EnterMultipleScope())
        {
            Assert.That(await AppliedAsync(), Is.EqualTo(new[] { "1" }));
            Assert.That(await ExistsAsync("kept"), Is.True);
            Assert.That(await ExistsAsync("lost"), Is.False);
        }
    }

    [Test]
    public async Task Cancelling_a_concurrent_build_lets_the_next_run_build_it()
    {
        var scripts = Scripts(
            "-- autostack: no-transaction lock_timeout=10min\nCREATE INDEX CONCURRENTLY IF NOT EXISTS t_id_idx ON t (id)");
        await ExecuteAsync("CREATE TABLE t (id int)");
        await using (var writer = await HoldAsync("INSERT INTO t VALUES (1)"))
        {
            using var cancelling = CancellationTokenSource.CreateLinkedTokenSource(Token);
            var migration = Migrator(scripts).UpgradeAsync(cancellationToken: cancelling.Token);
            await UntilMigratorWaitsForTableAsync();
            await cancelling.CancelAsync();
            Assert.That(async () => await migration, Throws.InstanceOf<OperationCanceledException>());
        }

        Assert.That(await AppliedAsync(), Is.Empty);
        await Migrator(scripts).UpgradeAsync(cancellationToken: Token);
        Assert.That(await CatalogAsync(), Has.Member("index t_id_idx: CREATE INDEX t_id_idx ON public.t USING btree (id)"));
    }

    private async Task AssertCancelledAsync(IReadOnlyList<MigrationScript> scripts, Task underWay)
    {
        using var cancelling = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var migration = Migrator(scripts).UpgradeAsync(cancellationToken: cancelling.Token);
        await underWay;
        await cancelling.CancelAsync();

        Assert.That(async () => await migration, Throws.InstanceOf<OperationCanceledException>());
        using (Assert.EnterMultipleScope())
        {
            Assert.That(await AppliedAsync(), Is.EqualTo(new[] { "1" }));
            Assert.That(await ExistsAsync("kept"), Is.True);
            Assert.That(await ExistsAsync("lost"), Is.False);
        }

        var next = await Migrator(
            Scripts("CREATE TABLE kept ()", "CREATE TABLE next ()"), new SchemaMigratorOptions { LockWait = TimeSpan.Zero })
            .UpgradeAsync(cancellationToken: Token);
        Assert.That(next.ToVersion, Is.EqualTo(2));
    }
}
