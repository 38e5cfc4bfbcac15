using AutoStack.Data.Migrations.Internal;
using AutoStack.Data.Migrations.Tests.Support;
using Npgsql;

namespace AutoStack.Data.Migrations.Tests.Journal;

/// <summary>A migrator whose lock session ends during a script, and the one that comes after it.</summary>
public sealed class LostLockTests : MigrationTests
{
    // The session of the migration lock, not that of the working session.
    private static readonly string Holder = $"""
        SELECT l.pid
        FROM pg_locks l
        WHERE l.locktype = 'advisory' AND l.granted AND l.objid::bigint = {MigrationLock.Key & uint.MaxValue}
          AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
        """;

    private static readonly IReadOnlyList<MigrationScript> Two = Scripts("CREATE TABLE first ()", "CREATE TABLE second ()");

    [Test]
    public async Task The_script_is_cancelled_at_once_and_the_next_migrator_does_the_work()
    {
        await using var obstacle = await HoldAsync("CREATE TABLE second ()");
        var run = Migrator(Two).UpgradeAsync(cancellationToken: Token);
        await UntilMigratorWaitsForTableAsync();
        await TerminateHolderAsync();

        // The obstacle stays: without the cancellation the script would wait for it.
        var failure = Assert.ThrowsAsync<MigrationException>(() => run.WaitAsync(Token))!;
        var applied = await AppliedAsync();
        var next = Migrator(Two).UpgradeAsync(cancellationToken: Token);
        await UntilMigratorWaitsForTableAsync();
        obstacle.Release();

        using (Assert.EnterMultipleScope())
        {
            Assert.That(failure.Error, Is.EqualTo(MigrationError.LockLost));
            Assert.That(failure.Message, Does.StartWith("0002_run_test.sql: the session that holds the migration lock ended while this ")
                .And.Contain("cancelled and rolled back").And.Contain("Run the command again"));
            Assert.That(failure.Result!.Steps.Select(step => step.Version), Is.EqualTo(new[] { 1 }));
            Assert.That(applied, Is.EqualTo(new[] { "1" }));
            Assert.That((await next).Steps.Select(step => step.Version), Is.EqualTo(new[] { 2 }));
        }
    }

    [Test]
    public async Task A_concurrent_build_is_cancelled_and_completed_by_the_next_migrator()
    {
        await ExecuteAsync("CREATE TABLE busy (id int)");
        var scripts = Scripts("-- autostack: no-transaction\nCREATE INDEX CONCURRENTLY IF NOT EXISTS busy_id_idx ON busy (id)");
        await using var writer = await HoldAsync("INSERT INTO busy VALUES (1)");
        var run = Migrator(scripts).UpgradeAsync(cancellationToken: Token);
        await UntilMigratorWaitsForTableAsync();
        await TerminateHolderAsync();
        var failure = Assert.ThrowsAsync<MigrationException>(() => run.WaitAsync(Token))!;
        writer.Release();

        await Migrator(scripts).UpgradeAsync(cancellationToken: Token);

        Assert.That(failure.Error, Is.EqualTo(MigrationError.LockLost));
        Assert.That(failure.Message, Does.Contain("the next run drops an index that is not finished"));
        Assert.That(await ScalarAsync<bool>("SELECT indisvalid FROM pg_index WHERE indexrelid = 'busy_id_idx'::regclass"), Is.True);
    }

    [Test]
    public async Task The_console_exits_with_1_and_says_how_far_it_came()
    {
        await StartAtAsync(2);
        await using var obstacle = await HoldAsync("LOCK TABLE deployment_logs IN ROW EXCLUSIVE MODE");
        var run = ConsoleRun.StartAsync(["upgrade", "4", "--json"], connection: ConnectionString, cancellationToken: Token);
        await UntilMigratorWaitsForTableAsync();
        await TerminateHolderAsync();
        var result = await run.WaitAsync(Token);

        Assert.That((result.Code, result.Json.GetProperty("error").GetProperty("kind").GetString()), Is.EqualTo((1, "lockLost")));
        Assert.That(result.Error, Does.Contain("0 of 2 scripts done; the database is at version 2."));
    }

    [Test]
    public async Task The_next_migrator_waits_for_the_session_of_a_script_that_still_runs()
    {
        // A script that cannot be cancelled holds the lock of its working session.
        await using var first = await HoldAsync($"SELECT pg_advisory_lock({LockedSession.WorkKey})");
        var refused = Assert.ThrowsAsync<MigrationException>(
            () => Migrator(Two, new SchemaMigratorOptions { LockWait = TimeSpan.Zero }).UpgradeAsync(cancellationToken: Token))!;
        var recorder = new Recorder();
        var next = Migrator(Two).UpgradeAsync(progress: recorder, cancellationToken: Token);
        var waiting = await recorder.Waiting.WaitAsync(Token);
        var before = await ExistsAsync("first");
        await first.ExecuteAsync($"SELECT pg_advisory_unlock({LockedSession.WorkKey})", Token);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(refused.Error, Is.EqualTo(MigrationError.Locked));
            Assert.That(refused.Message,
                Does.StartWith("A script of another migrator, which has lost the lock of this database, still runs")
                .And.Contain(", raw, role "));
            Assert.That(waiting.Holder, Does.Contain(", raw, role "));
            Assert.That(before, Is.False);
            Assert.That((await next).ToVersion, Is.EqualTo(2));
        }
    }

    [TestCase("CREATE TABLE first ()", Description = "its table exists already")]
    [TestCase("SELECT", Description = "only its row exists")]
    public async Task A_script_that_another_migrator_applied_meanwhile_says_so(string half)
    {
        await Migrator(Two).StampAsync(MigrationTarget.Base, cancellationToken: Token);
        await using var connection = await Raw.OpenConnectionAsync(Token);
        await using var transaction = await connection.BeginTransactionAsync(Token);
        await using (var work = new NpgsqlCommand($"""
            {half};
            INSERT INTO schema_versions
            VALUES (1, '0001_run_test', '{Two[0].Checksum}', '2026-01-31 12:00:00+00', 1, 'ada', '1.0.0', 'core')
            """, connection))
        {
            await work.ExecuteNonQueryAsync(Token);
        }

        var run = Migrator(Two).UpgradeAsync(cancellationToken: Token);
        await UntilMigratorWaitsForTableAsync();
        await transaction.CommitAsync(Token);
        var failure = Assert.ThrowsAsync<MigrationException>(() => run.WaitAsync(Token))!;

        Assert.That((failure.Error, failure.Message), Is.EqualTo((MigrationError.Locked,
            "0001_run_test.sql: another migrator (role ada) applied this script at 2026-01-31 12:00:00 UTC, while this one ran it " +
            "without effect. Run the command again.")));
        Assert.That((await Migrator(Two).UpgradeAsync(cancellationToken: Token)).Steps, Has.Count.EqualTo(1));
    }

    [Test]
    public async Task A_down_script_whose_row_another_migrator_removed_is_rolled_back()
    {
        await Migrator(Two).UpgradeAsync(cancellationToken: Token);
        await using var connection = await Raw.OpenConnectionAsync(Token);
        await using var transaction = await connection.BeginTransactionAsync(Token);
        await using (var work = new NpgsqlCommand("DELETE FROM schema_versions WHERE version = 2", connection))
        {
            await work.ExecuteNonQueryAsync(Token);
        }

        var run = Migrator(Two).DowngradeAsync(MigrationTarget.Version(1), cancellationToken: Token);
        await UntilMigratorWaitsForTableAsync();
        await transaction.CommitAsync(Token);
        var failure = Assert.ThrowsAsync<MigrationException>(() => run.WaitAsync(Token))!;

        Assert.That(failure.Error, Is.EqualTo(MigrationError.Locked));
        Assert.That(failure.Message, Does.Contain("another migrator has removed this version from the journal"));
        Assert.That(await Migrator(Two).ReadJournalChangesAsync(Token), Is.Empty);
    }

    private async Task TerminateHolderAsync() => Assert.That(
        await ScalarAsync<bool>($"SELECT pg_terminate_backend(({Holder}))"), Is.True, "the holder of the lock was found");
}
