using AutoStack.Data.Migrations.Internal;
using AutoStack.Data.Migrations.Tests.Support;

namespace AutoStack.Data.Migrations.Tests;

/// <summary>Databases whose journal is lost, wrong or damaged: each message has the command that mends the journal.</summary>
public sealed class LostJournalTests : MigrationTests
{
    [Test]
    public async Task The_version_of_every_state_is_recognised_by_its_objects()
    {
        for (var version = 1; version <= Head; version++)
        {
            var detected = DetectedVersion.Of(Catalog.Expected(version));

            // Of versions that create the same objects the first one.
            Assert.That(detected!.IsExact, Is.True, $"{version}");
            Assert.That(detected.Version, Is.LessThanOrEqualTo(version));
            Assert.That(Catalog.Format([Catalog.Expected(detected.Version)]), Is.EqualTo(Catalog.Format([Catalog.Expected(version)])));
        }

        Assert.That(await Migrator().DetectVersionAsync(Token), Is.Null, "an empty database");
    }

    [TestCase(3)]
    [TestCase(16)]
    [TestCase(0)]
    public async Task A_lost_journal_is_recognised_and_recorded(int version)
    {
        version = version == 0 ? Head : version;
        await StartAtAsync(version);
        await ExecuteAsync("DROP TABLE schema_versions");
        var before = await CatalogAsync();
        var hint = $"This database has the objects of version {version}, and it has no journal. " +
            "Record the version: autostack-db stamp --detect. Nothing was changed.";

        var upgrade = await RunAsync("upgrade");
        var adoption = await RunAsync("adopt", "--dry-run");
        var adopt = await RunAsync("adopt");
        var check = await RunAsync("check");
        var json = await RunAsync("check", "--json");
        var unchanged = await CatalogAsync();
        var asked = await RunAsync("stamp", "--detect");
        var stamp = await RunAsync("stamp", "--detect", "--yes");
        var after = await RunAsync("upgrade");

        using (Assert.EnterMultipleScope())
        {
            Assert.That((upgrade.Code, upgrade.Error.Trim()), Is.EqualTo((1, hint)));
            Assert.That((adoption.Code, adoption.Error.Trim()), Is.EqualTo((1, hint)));
            Assert.That((adopt.Code, adopt.Error.Trim()), Is.EqualTo((1, hint)));
            Assert.That(check.Code, Is.EqualTo(4));
            Assert.That(check.Output, Does.Contain(hint).And.Not.Contain("Python"));
            Assert.That(json.Json.GetProperty("detected").GetRawText(), Is.EqualTo($$"""{"version":{{version}},"differences":0}"""));
            Assert.That(unchanged, Is.EqualTo(before));
            Assert.That(asked.Code, Is.EqualTo(2));
            Assert.That(stamp.Output, Does.Contain($"0 → {version}: only the journal was changed"));
            Assert.That(after.Code, Is.Zero);
            Assert.That((await Migrator().CheckAsync(Token)).IsClean, Is.True);
        }
    }

    [Test]
    public async Task A_lost_journal_of_a_database_that_has_drifted_is_recognised_and_not_recorded()
    {
        await StartAtAsync(Head);
        await ExecuteAsync("DROP TABLE schema_versions; ALTER TABLE users ADD nick text; DROP INDEX idx_projects_user_id;");

        var adopt = await RunAsync("adopt", "--dry-run");
        var stamp = await RunAsync("stamp", "--detect", "--yes");
        var byNumber = await RunAsync("stamp", $"{Head}", "--yes");
        var check = await RunAsync("check");

        using (Assert.EnterMultipleScope())
        {
            Assert.That(adopt.Code, Is.EqualTo(1));
            Assert.That(adopt.Error, Does.Contain($"closest to version {Head} (2 of them differ), and it has no journal")
                .And.Contain($"autostack-db stamp {Head}, then autostack-db check."));
            Assert.That((stamp.Code, byNumber.Code), Is.EqualTo((4, 0)));
            Assert.That(stamp.Error, Does.Contain($"Closest is {Head}, from which 2 objects differ"));
            Assert.That(check.Output, Does.Contain("Column users.nick").And.Contain("2 differences"));
        }
    }

    [Test]
    public async Task A_version_that_is_stamped_too_low_or_too_high_is_recognised()
    {
        await StartAtAsync(16);
        await Migrator().StampAsync(MigrationTarget.Version(3), cancellationToken: Token);
        var low = (await RunAsync("upgrade"), await RunAsync("check"));
        await Migrator().StampAsync(MigrationTarget.Head, cancellationToken: Token);
        var high = await RunAsync("check");
        var stamp = await RunAsync("stamp", "--detect", "--yes");
        var upgrade = await RunAsync("upgrade");

        using (Assert.EnterMultipleScope())
        {
            Assert.That((low.Item1.Code, low.Item2.Code, high.Code), Is.EqualTo((1, 4, 4)));
            Assert.That(low.Item1.Error, Does.Contain("The journal is at version 3, but objects of later versions exist already")
                .And.Contain("has the objects of version 16. Record that version: autostack-db stamp --detect."));
            Assert.That(low.Item2.Output, Does.Contain("has the objects of version 16, and its journal is at version 3."));
            Assert.That(high.Output, Does.Contain($"has the objects of version 16, and its journal is at version {Head}."));
            Assert.That(stamp.Output, Does.Contain($"{Head} → 16: only the journal was changed"));
            Assert.That(upgrade.Code, Is.Zero);
            Assert.That((await Migrator().CheckAsync(Token)).IsClean, Is.True);
        }
    }

    [Test]
    public async Task A_gap_is_drift_and_the_message_mends_it()
    {
        await StartAtAsync(Head);
        await ExecuteAsync("DELETE FROM schema_versions WHERE version = 5");

        var check = await RunAsync("check");
        var upgrade = await RunAsync("upgrade");
        var stamp = await RunAsync("stamp", $"{Head}", "--yes");

        Assert.That((check.Code, upgrade.Code, stamp.Code), Is.EqualTo((4, 1, 0)));
        Assert.That(check.Output, Does.Contain("0005_add_deployment_logs_seq_key is missing in the journal"));
        Assert.That(upgrade.Error, Does.Contain("Mend the journal: autostack-db repair."));
        Assert.That((await Migrator().CheckAsync(Token)).IsClean, Is.True);
    }

    [Test]
    public async Task A_doubled_row_is_named()
    {
        await StartAtAsync(3);
        await ExecuteAsync("""
            ALTER TABLE schema_versions DROP CONSTRAINT schema_versions_pkey, DROP CONSTRAINT schema_versions_version_key;
            INSERT INTO schema_versions SELECT * FROM schema_versions WHERE version = 2;
            """);

        var run = await RunAsync("upgrade");

        Assert.That(run.Code, Is.EqualTo(1));
        Assert.That(run.Error, Does.Contain("has 0002_runtime_models of the set core 2 times, and its unique constraints are lost."));
    }

    [TestCase("stamp needs the version that the schema has, or --detect.", "stamp", "--yes")]
    [TestCase("--detect excludes a version and another set than the core.", "stamp", "3", "--detect", "--yes")]
    [TestCase("--detect excludes a version and another set than the core.", "stamp", "--detect", "--set", "billing", "--yes")]
    public async Task A_stamp_is_for_one_version(string message, params string[] args)
    {
        var run = await RunAsync(args);

        Assert.That((run.Code, run.Error.Trim()), Is.EqualTo((2, message)));
    }

    private Task<ConsoleRun> RunAsync(params string[] args) =>
        ConsoleRun.StartAsync(args, connection: ConnectionString, cancellationToken: Token);
}
