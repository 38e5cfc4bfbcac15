using AutoStack.Data.Migrations.Tests.Support;

namespace AutoStack.Data.Migrations.Tests;

/// <summary>Journals that record more, or less, than the database has: no script runs, also when none is pending.</summary>
public sealed class WrongJournalTests : MigrationTests
{
    private static readonly string[][] Runs =
    [
        ["upgrade"], ["upgrade", "--dry-run"], ["upgrade", "--rehearse", "--yes"], ["adopt"], ["adopt", "--dry-run"],
    ];

    [TestCase(25, 30)]
    [TestCase(25, 0)]
    [TestCase(14, 15)]
    public async Task A_journal_that_is_ahead_of_its_database_is_refused(int has, int stamped)
    {
        stamped = stamped == 0 ? Head : stamped;
        await StartAtAsync(has);
        await Migrator().StampAsync(MigrationTarget.Version(stamped), cancellationToken: Token);
        var before = await CatalogAsync();
        var hint = $"This database has the objects of version {has}, and its journal is at version {stamped}. " +
            "Record the version: autostack-db stamp --detect. Nothing was changed.";

        await RefusedAsync(run => Assert.That(run.Error, Does.Contain(hint)));

        Assert.That((await CatalogAsync(), (await AppliedAsync()).Count), Is.EqualTo((before, stamped)));
        await MendAsync($"{stamped} → {has}");
    }

    [TestCase(1)]
    [TestCase(10)]
    [TestCase(32)]
    public async Task A_journal_that_is_behind_its_database_is_refused(int stamped)
    {
        await StartAtAsync(Head);
        await Migrator().StampAsync(MigrationTarget.Version(stamped), cancellationToken: Token);

        await RefusedAsync(run => Assert.That(run.Error, Does.Contain($"The journal is at version {stamped}, but")
            .And.Contain($"has the objects of version {Head}. Record that version: autostack-db stamp --detect. Nothing was changed.")));

        await MendAsync($"{stamped} → {Head}");
    }

    [Test]
    public async Task A_journal_of_an_empty_database_is_refused()
    {
        await Migrator().StampAsync(MigrationTarget.Head, cancellationToken: Token);

        await RefusedAsync(run => Assert.That(run.Error, Does.Contain(
            $"none of AutoStack's tables, and its journal is at version {Head}. Record that: autostack-db stamp base.")));

        Assert.That((await RunAsync("stamp", "base", "--yes")).Code, Is.Zero);
        Assert.That((await RunAsync("upgrade")).Code, Is.Zero);
    }

    [TestCase(30)]
    [TestCase(0)]
    public async Task What_an_operator_has_changed_does_not_stop_an_upgrade(int version)
    {
        version = version == 0 ? Head : version;
        await StartAtAsync(version);
        await ExecuteAsync("""
            ALTER TABLE users ADD nick text;
            ALTER TABLE users ALTER name TYPE text;
            ALTER TABLE deployments DROP COLUMN commit_message;
            DROP INDEX idx_projects_user_id;
            ALTER INDEX deployments_project_id_created_at_id_idx RENAME TO my_deployments;
            CREATE INDEX my_users ON users (name);
            """);

        foreach (var args in Runs.Where(args => args[0] == "upgrade"))
        {
            var run = await RunAsync([.. args, "--json"]);

            Assert.That(run.Code, Is.Zero, $"{string.Join(' ', args)}: {run.Output}");
        }

        Assert.That(await AppliedAsync(), Has.Count.EqualTo(Head));
    }

    [TestCase(30)]
    [TestCase(0)]
    public async Task A_script_of_whose_objects_none_is_left_is_named(int version)
    {
        version = version == 0 ? Head : version;
        await StartAtAsync(version);
        await ExecuteAsync("ALTER TABLE users ADD nick text; DROP INDEX deployments_project_id_created_at_id_idx");

        await RefusedAsync(run => Assert.That(run.Error, Does.Contain(
            "The journal has 0008_add_deployments_project_index, but nothing of what it creates exists " +
            "(deployments.deployments_project_id_created_at_id_idx). See what is missing: autostack-db check; " +
            "create it: autostack-db check --fix.")));

        var fix = await RunAsync("check", "--fix");
        var upgrade = await RunAsync("upgrade");
        Assert.That(upgrade.Code, Is.Zero, fix.Output + fix.Error + upgrade.Error);
    }

    [Test]
    public async Task An_operator_who_wants_no_such_object_upgrades_without_it()
    {
        await StartAtAsync(30);
        await ExecuteAsync("ALTER TABLE users ADD nick text; DROP INDEX deployments_project_id_created_at_id_idx");

        Assert.That((await RunAsync("upgrade")).Code, Is.EqualTo(1));
        Assert.That((await RunAsync("upgrade", "--ignore-obstacles")).Code, Is.Zero);
        Assert.That(await ExistsAsync("deployments_project_id_created_at_id_idx"), Is.False);
    }

    [Test]
    public async Task An_upgrade_that_was_interrupted_after_it_dropped_an_object_continues()
    {
        await StartAtAsync(32);
        await ExecuteAsync("DROP INDEX deployments_queued_created_at_id_idx");

        Assert.That((await RunAsync("upgrade")).Code, Is.Zero);
        Assert.That((await Migrator().CheckAsync(Token)).IsClean, Is.True);
    }

    [Test]
    public async Task A_table_that_is_locked_does_not_stop_an_upgrade_with_nothing_to_do()
    {
        await StartAtAsync(Head);
        await using var obstacle = await HoldAsync("LOCK TABLE users, deployments, sign_in_attempts IN ACCESS EXCLUSIVE MODE");

        Assert.That((await RunAsync("upgrade")).Output, Does.Contain($"Already at version {Head}"));
    }

    private async Task RefusedAsync(Action<ConsoleRun> assert)
    {
        foreach (var args in Runs)
        {
            var run = await RunAsync(args);

            using (Assert.EnterMultipleScope())
            {
                Assert.That(run.Code, Is.EqualTo(1), string.Join(' ', args) + run.Output);
                assert(run);
            }
        }
    }

    private async Task MendAsync(string change)
    {
        var stamp = await RunAsync("stamp", "--detect", "--yes");
        var upgrade = await RunAsync("upgrade");

        Assert.That((stamp.Code, upgrade.Code), Is.EqualTo((0, 0)), stamp.Error + upgrade.Error);
        Assert.That(stamp.Output, Does.Contain($"{change}: only the journal was changed"));
        Assert.That((await Migrator().CheckAsync(Token)).IsClean, Is.True);
    }

    private Task<ConsoleRun> RunAsync(params string[] args) =>
        ConsoleRun.StartAsync(args, connection: ConnectionString, cancellationToken: Token);
}
