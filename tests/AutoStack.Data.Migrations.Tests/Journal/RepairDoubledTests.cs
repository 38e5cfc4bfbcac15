using AutoStack.Data.Migrations.Tests.Support;

namespace AutoStack.Data.Migrations.Tests.Journal;

/// <summary>The repair of a journal that has lost its keys, and of one that an older tool created.</summary>
public sealed class RepairDoubledTests : MigrationTests
{
    [Test]
    public async Task Doubled_rows_are_removed_and_the_keys_restored()
    {
        await StartAtAsync(3);
        await ExecuteAsync("""
            ALTER TABLE schema_versions DROP CONSTRAINT schema_versions_pkey, DROP CONSTRAINT schema_versions_version_key;
            INSERT INTO schema_versions SELECT * FROM schema_versions WHERE version = 2;
            INSERT INTO schema_versions
            SELECT version, name, repeat('0', 64), applied_at - interval '1 day', duration_ms, applied_by, tool_version, script_set
            FROM schema_versions WHERE version = 3;
            """);
        var stopped = (await RunAsync("current"), await RunAsync("check"), await RunAsync("history"));

        var run = await RunAsync("repair", "--yes");

        using (Assert.EnterMultipleScope())
        {
            foreach (var message in new[] { stopped.Item1, stopped.Item2, stopped.Item3 })
            {
                Assert.That((message.Code, message.Error), Is.EqualTo((1, message.Error)));
                Assert.That(message.Error, Does.Contain("2 times").And.Contain("Mend it: autostack-db repair."));
            }

            Assert.That(run.Code, Is.Zero, run.Error);
            Assert.That(run.Output, Does.Contain("3 faults mended."));
            Assert.That(await AppliedAsync(), Is.EqualTo(new[] { "1", "2", "3" }));
            Assert.That((await Migrator().ReadHistoryAsync(Token)).Versions.Take(3).Select(v => v.State),
                Is.All.EqualTo(VersionState.Applied));
            Assert.That(
                () => ExecuteAsync("INSERT INTO schema_versions SELECT * FROM schema_versions WHERE version = 2"), Throws.Exception);
            Assert.That((await Migrator().ReadJournalChangesAsync(Token)).Select(c => (c.Version, c.NewRow)), Is.EquivalentTo(
                new[] { (2, default(string)), (3, null) }));
        }
    }

    [Test]
    public async Task Doubled_rows_that_differ_are_left()
    {
        await StartAtAsync(3);
        await ExecuteAsync("""
            ALTER TABLE schema_versions DROP CONSTRAINT schema_versions_pkey, DROP CONSTRAINT schema_versions_version_key;
            INSERT INTO schema_versions SELECT * FROM schema_versions WHERE version = 2;
            UPDATE schema_versions SET checksum = md5(ctid::text) WHERE version = 2;
            """);

        var run = await RunAsync("repair", "--dry-run");

        Assert.That(run.Code, Is.EqualTo(4));
        Assert.That(run.Output, Does.Contain("The rows differ, and no row is that of a given script. Delete the wrong row in psql"));
    }

    [Test]
    public async Task The_journal_of_an_older_tool_gets_its_new_shape_with_the_repair()
    {
        await StartAtAsync(Head);
        await ExecuteAsync("""
            ALTER TABLE schema_versions DROP CONSTRAINT schema_versions_pkey, DROP CONSTRAINT schema_versions_version_key;
            INSERT INTO schema_versions SELECT * FROM schema_versions WHERE version = 2;
            UPDATE schema_versions SET checksum = repeat('0', 64) WHERE version = 3;
            ALTER TABLE schema_versions DROP script_set;
            """);

        var run = await RunAsync("repair", "--yes");

        Assert.That(run.Code, Is.Zero, run.Error);
        Assert.That(await ListAsync("SELECT DISTINCT script_set FROM schema_versions"), Is.EqualTo(new[] { "core" }));
        Assert.That((await Migrator().CheckAsync(Token)).IsClean, Is.True);
    }

    private Task<ConsoleRun> RunAsync(params string[] args) =>
        ConsoleRun.StartAsync(args, connection: ConnectionString, cancellationToken: Token);
}
