using AutoStack.Data.Migrations.Internal;
using AutoStack.Data.Migrations.Tests.Sets;
using AutoStack.Data.Migrations.Tests.Support;

namespace AutoStack.Data.Migrations.Tests.Journal;

/// <summary>The working session holds its lock for as long as it works, whatever becomes of the process.</summary>
public sealed class WorkLockTests : MigrationTests
{
    private static readonly string Holds = $"""
        EXISTS (
            SELECT
            FROM pg_locks l
            WHERE l.locktype = 'advisory' AND l.granted AND l.pid = pg_backend_pid()
              AND l.objid::bigint = {LockedSession.WorkKey & uint.MaxValue})
        """;

    private static readonly string Look = $"DO $$ BEGIN ASSERT {Holds}; END $$";

    [Test]
    public async Task Every_script_runs_under_the_lock_of_the_working_session()
    {
        var scripts = Scripts(
            Look, "-- autostack: no-transaction\n" + Look, "SELECT pg_advisory_lock(471147)", Look,
            $"SELECT pg_advisory_unlock_all(); {Look}", "-- autostack: no-transaction\n" + Look);

        await Migrator(scripts).RehearseUpgradeAsync(cancellationToken: Token);
        await Migrator(scripts).UpgradeAsync(cancellationToken: Token);

        Assert.That(await AppliedAsync(), Has.Count.EqualTo(6));
        Assert.That(await ScalarAsync<long>("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = " +
            "(SELECT oid FROM pg_database WHERE datname = current_database())"), Is.Zero);
    }

    private static readonly string Held = $"""
        SELECT count(*)
        FROM pg_locks l
        JOIN pg_stat_activity a ON a.pid = l.pid AND a.application_name = '{MigratorName}'
        WHERE l.locktype = 'advisory' AND l.granted AND l.objid::bigint = {LockedSession.WorkKey & uint.MaxValue}
          AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
        """;

    [Test]
    public async Task A_lock_that_a_script_releases_is_taken_again_after_it()
    {
        var held = new List<long>();
        await Migrator(Scripts("-- autostack: no-transaction\nSELECT pg_advisory_unlock_all()")).UpgradeAsync(
            progress: AfterEachStep(() => held.Add(ScalarAsync<long>(Held).GetAwaiter().GetResult())), cancellationToken: Token);

        Assert.That(held, Is.EqualTo(new[] { 1 }));
        Assert.That(await ScalarAsync<long>(Held), Is.Zero);
    }

    [Test]
    public async Task A_lock_that_another_migrator_has_taken_meanwhile_is_reported_after_the_script()
    {
        var run = Migrator(Scripts("CREATE TABLE first ()", """
            -- autostack: no-transaction
            DO $$
            BEGIN
                PERFORM pg_advisory_unlock_all();
                CREATE TABLE released ();
                COMMIT;
                WHILE to_regclass('public.may_end') IS NULL LOOP
                    PERFORM pg_sleep(0.01);
                    COMMIT;
                END LOOP;
            END
            $$
            """)).UpgradeAsync(cancellationToken: Token);
        await UntilAsync("SELECT to_regclass('public.released') IS NOT NULL");
        await using var other = await HoldAsync($"SELECT pg_advisory_lock({LockedSession.WorkKey})");
        await ExecuteAsync("CREATE TABLE may_end ()");

        var failure = Assert.ThrowsAsync<MigrationException>(() => run.WaitAsync(Token))!;

        Assert.That(failure.Error, Is.EqualTo(MigrationError.LockLost));
        Assert.That(failure.Message, Does.StartWith("0002_run_test.sql: the script was completed and is recorded")
            .And.Contain("pg_advisory_unlock_all"));
        Assert.That(await AppliedAsync(), Is.EqualTo(new[] { "1", "2" }));
    }

    [Test]
    public async Task A_run_after_a_kill_waits_for_the_script_that_the_server_still_runs()
    {
        // The server does not look for its client, as with a script that spends its time in one long statement of an extension.
        using var folder = new Folder();
        folder.Pair("0001_create_work", "CREATE TABLE work (pid int);", "DROP TABLE work;");
        folder.Pair("0002_fill_work", """
            -- autostack: no-transaction
            DO $$
            BEGIN
                PERFORM set_config('client_connection_check_interval', '0', false);
                INSERT INTO work VALUES (pg_backend_pid());
                COMMIT;
                WHILE to_regclass('public.may_end') IS NULL LOOP
                    PERFORM pg_sleep(0.01);
                    COMMIT;
                END LOOP;
            END
            $$;
            """, "-- autostack: no-transaction\nDO $$ BEGIN NULL; END $$;");
        string[] upgrade = ["upgrade", "--set", "work", "--scripts", $"work={folder.Billing}"];
        using var console = ConsoleProcess.Start(ConnectionString, upgrade);
        await UntilAsync("SELECT to_regclass('public.work') IS NOT NULL");
        await UntilAsync("SELECT count(*) = 1 FROM work");
        await console.KillAsync(Token);

        var next = await ConsoleRun.StartAsync([.. upgrade, "--timeout", "0"], connection: ConnectionString, cancellationToken: Token);
        var during = await ScalarAsync<long>("SELECT count(*) FROM work");
        await ExecuteAsync("CREATE TABLE may_end ()");
        var last = await ConsoleRun.StartAsync(upgrade, connection: ConnectionString, cancellationToken: Token);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(next.Code, Is.EqualTo(5), next.Error);
            Assert.That(during, Is.EqualTo(1));
            Assert.That(last.Code, Is.Zero, last.Error);
        }
    }
}
