using System.Runtime.Versioning;
using AutoStack.Data.Migrations.Tests.Support;

namespace AutoStack.Data.Migrations.Tests;

/// <summary>The console in its own process, killed while a lock of the test blocks it.</summary>
[UnsupportedOSPlatform("windows")]
[Platform(Exclude = "Win")]
public sealed class KilledProcessTests : MigrationTests
{
    private const string Sessions = $"SELECT count(*) = 0 FROM pg_stat_activity WHERE datname = current_database() AND application_name " +
        $"= '{MigratorName}'";

    private IReadOnlyList<string> undisturbed = [];

    [OneTimeSetUp]
    public async Task MigrateUndisturbedAsync()
    {
        StartPatience();
        await StartAtAsync(Head);
        undisturbed = await CatalogAsync();
        await DropDatabaseAsync();
    }

    // 1: the first script has created tables before it waits. 2: the second script is applied and the third waits for its first lock. 3:
    // the twelfth waits for the writers of its table. 4: the journal is not created yet.
    [TestCase(0, "CREATE TABLE webhook_payloads ()", 0, TestName = "A_run_killed_within_a_script_is_completed_by_the_next")]
    [TestCase(1, "LOCK TABLE deployment_logs IN ACCESS SHARE MODE", 2,
        TestName = "A_run_killed_between_two_scripts_is_completed_by_the_next")]
    [TestCase(6, "INSERT INTO users (name, email) VALUES ('Ada', 'ada@example.com')", 11,
        TestName = "A_run_killed_in_a_concurrent_build_is_completed_by_the_next")]
    [TestCase(0, "CREATE TABLE schema_versions ()", 0, TestName = "A_run_killed_before_its_journal_is_completed_by_the_next")]
    public async Task Killed(int from, string inItsWay, int applied)
    {
        if (from > 0)
        {
            await StartAtAsync(from);
        }

        await using (var obstacle = await HoldAsync(inItsWay))
        {
            using var console = ConsoleProcess.Start(ConnectionString, "upgrade");
            if (from > 0)
            {
                // Earlier scripts may wait for a moment, too.
                await UntilAsync($"SELECT count(*) = {applied} FROM schema_versions");
            }

            await UntilMigratorWaitsForTableAsync();
            var killed = await console.KillAsync(Token);
            Assert.That(killed.Code, Is.Not.Zero);

            // The server detects the dead client during the wait: a waiting session checks its client every two seconds.
            await UntilAsync(Sessions);
            if (from > 0)
            {
                Assert.That(await AppliedAsync(), Has.Count.EqualTo(applied));
            }
        }

        using var next = ConsoleProcess.Start(ConnectionString, "upgrade", "--timeout", "0");
        var run = await next.ToEndAsync(Token);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(run.Code, Is.Zero, run.Error);
            Assert.That(run.Output, Does.Contain($"{applied} → {Head}: {Head - applied} scripts in"));
            Assert.That(await AppliedAsync(), Is.EqualTo(Enumerable.Range(1, Head).Select(version => $"{version}")));
            Assert.That(await CatalogAsync(), Is.EqualTo(undisturbed));
        }
    }

    [Test]
    public async Task A_run_started_directly_after_a_kill_completes_the_migration()
    {
        await using var obstacle = await HoldAsync("CREATE TABLE webhook_payloads ()");
        using var console = ConsoleProcess.Start(ConnectionString, "upgrade");
        await UntilMigratorWaitsForTableAsync();
        await console.KillAsync(Token);

        using var next = ConsoleProcess.Start(ConnectionString, "upgrade");
        await UntilMigratorWaitsForTableAsync();
        obstacle.Release();
        var run = await next.ToEndAsync(Token);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(run.Code, Is.Zero, run.Error);
            Assert.That(await AppliedAsync(), Has.Count.EqualTo(Head));
            Assert.That(await CatalogAsync(), Is.EqualTo(undisturbed));
        }
    }
}
