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
        var told = (await RunAsync("current"), await RunAsync("check"), await RunAsync("history"));
        List<ConsoleRun> stopped = [await RunAsync("upgrade"), await RunAsync("stamp", "3", "--yes"), await RunAsync("check", "--fix")];

        var run = await RunAsync("repair", "--yes");

        using (Assert.EnterMultipleScope())
        {
            Assert.That((told.Item1.Code, told.Item2.Code, told.Item3.Code), Is.EqualTo((0, 4, 0)));
            foreach (var message in new[] { told.Item1, told.Item2, told.Item3 })
            {
                Assert.That(message.Output, Does.Contain("The journal has 0002_runtime_models several times; one row is of ")
                    .And.Contain("The journal has 0003_add_log_sequence several times; one row is of ")
                    .And.Contain("The journal public.schema_versions has lost a unique key").And.Contain("\n  autostack-db repair\n"));
            }

            foreach (var refused in stopped)
            {
                Assert.That(refused.Code, Is.EqualTo(1), refused.Output);
                Assert.That(refused.Error, Does.Contain("2 times").And.Contain("Mend it: autostack-db repair."));
            }

            Assert.That(run.Code, Is.Zero, run.Error);
            Assert.That(run.Output, Does.Contain("3 faults mended."));
            Assert.That(await AppliedAsync(), Is.EqualTo(new[] { "1", "2", "3" }));
            Assert.That((await Migrator().ReadHistoryAsync(Token)).Versions.Take(3).Select(v => v.State),
                Is.All.EqualTo(VersionState.Applied));
            Assert.That(
                () => ExecuteAsync("INSERT INTO schema_versions SELECT * FROM schema_versions WHERE version = 2"), Throws.Exception);
            Assert.That((await Migrator().ReadJournalChangesAsync(Token)).Select(c => (c.Version, c.Name, c.OldRow is null, c.NewRow)),
                Is.EquivalentTo(new[]
                {
                    (2, "0002_runtime_models", false, default(string)), (3, "0003_add_log_sequence", false, null),
                    (0, "schema_versions", true, null),
                }));
        }
    }

    [TestCase("schema_versions_pkey")]
    [TestCase("schema_versions_version_key")]
    public async Task A_lost_key_is_told_by_every_reader_and_its_repair_leaves_a_trace(string key)
    {
        await StartAtAsync(Head);
        await ExecuteAsync($"ALTER TABLE schema_versions DROP CONSTRAINT {key}");

        foreach (var verb in new[] { "current", "history", "check" })
        {
            var text = await RunAsync(verb);
            var json = await RunAsync(verb, "--json");
            Assert.That(text.Code, Is.EqualTo(verb == "check" ? 4 : 0), verb);
            Assert.That(text.Output, Does.Contain("has lost a unique key").And.Contain("\n  autostack-db repair\n"), verb);
            Assert.That(json.Json.GetProperty("findings")[0].GetProperty("fault").GetString(), Is.EqualTo("lostKeys"), verb);
        }

        var github = await RunAsync("check", "--format", "github");
        Assert.That(github.Output, Does.Contain("has lost a unique key"), github.Error);
        var run = await RunAsync("repair", "--yes", "--reason", "restored from a dump");
        var changes = await RunAsync("history", "--changes");
        Assert.That(run.Code, Is.Zero, run.Error);
        Assert.That(changes.Output, Does.Match("repaired +keys +schema_versions +restored from a dump"));
        Assert.That((await RunAsync("check")).Code, Is.Zero);
    }

    [Test]
    public async Task Doubled_rows_of_a_set_that_was_not_given_are_told()
    {
        await StartAtAsync(Head);
        await ExecuteAsync("""
            ALTER TABLE schema_versions DROP CONSTRAINT schema_versions_pkey, DROP CONSTRAINT schema_versions_version_key;
            INSERT INTO schema_versions
            SELECT 1, '0001_create_receipts', 'a', applied_at, 0, '', '', 'billing' FROM schema_versions WHERE version IN (1, 2);
            """);

        var run = await RunAsync("check");

        Assert.That(run.Code, Is.EqualTo(4), run.Error);
        Assert.That(run.Output, Does.Contain("The journal has billing/0001_create_receipts several times"));
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
