using AutoStack.Data.Migrations.Tests.Support;

namespace AutoStack.Data.Migrations.Tests;

/// <summary>No run waits without a limit for a table that another program has locked.</summary>
public sealed class LockedTableTests : MigrationTests
{
    private static readonly SchemaMigratorOptions Short = new() { LockWait = TimeSpan.FromMilliseconds(200) };

    [TestCase("dry-run")]
    [TestCase("upgrade")]
    [TestCase("rehearsal")]
    [TestCase("copy")]
    public async Task A_plan_gives_up_and_names_the_table_and_the_session(string run)
    {
        await StartAtAsync(Head - 1);
        await ExecuteAsync("CREATE TABLE other_program (id int PRIMARY KEY, a int CHECK (a > 0), b int DEFAULT 3)");
        await using var other = await HoldAsync("LOCK TABLE other_program IN ACCESS EXCLUSIVE MODE");

        var failure = Assert.ThrowsAsync<MigrationException>(() => (run switch
        {
            "dry-run" => (Task)Migrator(Short).PlanUpgradeAsync(cancellationToken: Token),
            "upgrade" => Migrator(Short).UpgradeAsync(cancellationToken: Token),
            "rehearsal" => Migrator(Short).RehearseUpgradeAsync(cancellationToken: Token),
            _ => Migrator(Short).RehearseUpgradeOnCopyAsync(cancellationToken: Token),
        }).WaitAsync(Token))!;

        Assert.That(failure.Error, Is.EqualTo(MigrationError.Locked));
        Assert.That(failure.Message,
            Does.Contain("Locked: other_program by pid ").And.Contain("raw, role ").And.Contain("Nothing was changed."));
    }

    [Test]
    public async Task A_database_without_a_journal_is_planned_with_the_same_limit()
    {
        await StartAtAsync(2);
        await ExecuteAsync("DROP TABLE schema_versions; ALTER TABLE users ADD a int CHECK (a > 0)");
        await using var other = await HoldAsync("LOCK TABLE users IN ACCESS EXCLUSIVE MODE");

        var failure = Assert.ThrowsAsync<MigrationException>(
            () => Migrator(Short).PlanUpgradeAsync(cancellationToken: Token).WaitAsync(Token))!;

        Assert.That((failure.Error, failure.Message.Contains("Locked: users by pid ", StringComparison.Ordinal)),
            Is.EqualTo((MigrationError.Locked, true)));
    }

    [TestCase("stamp")]
    [TestCase("upgrade")]
    [TestCase("history")]
    public async Task A_locked_journal_is_waited_for_with_a_limit(string run)
    {
        await StartAtAsync(Head - 1);
        await using var other = await HoldAsync("LOCK TABLE schema_versions IN ACCESS EXCLUSIVE MODE");

        var failure = Assert.ThrowsAsync<MigrationException>(() => (run switch
        {
            "stamp" => (Task)Migrator(Short).StampAsync(MigrationTarget.Version(2), cancellationToken: Token),
            "upgrade" => Migrator(Short).UpgradeAsync(cancellationToken: Token),
            _ => Migrator(Short).ReadHistoryAsync(Token),
        }).WaitAsync(Token))!;

        Assert.That(failure.Error, Is.EqualTo(MigrationError.Locked));
        Assert.That(failure.Message, Does.Contain(run == "history" ? "55P03" : "Locked: schema_versions by pid "));
    }

    // A server before PostgreSQL 14 does not know the setting.
    [Test]
    public async Task A_setting_of_the_role_that_ends_idle_sessions_ends_no_run()
    {
        if (!await ScalarAsync<bool>("SELECT current_setting('idle_session_timeout', true) IS NOT NULL"))
        {
            Assert.Ignore("The server has no idle_session_timeout.");
        }

        // The sessions are idle for longer than the setting allows: they live, or the run has lost them.
        var slow = AfterEachStep(() => UntilAsync($"""
            SELECT NOT EXISTS (
                SELECT
                FROM pg_stat_activity a
                WHERE a.datname = current_database() AND a.application_name = '{MigratorName}'
                  AND clock_timestamp() < a.state_change + interval '600ms')
            """).GetAwaiter().GetResult());
        var migrator = new SchemaMigrator(ConnectionString + ";Options=-c idle_session_timeout=200", null, Scripts("SELECT 1", "SELECT 2"));

        Assert.That((await migrator.UpgradeAsync(progress: slow, cancellationToken: Token)).Steps, Has.Count.EqualTo(2));
    }
}
