using AutoStack.Data.Migrations.Tests.Support;

namespace AutoStack.Data.Migrations.Tests;

public sealed class StampTests : MigrationTests
{
    private static readonly IReadOnlyList<MigrationScript> Three = Scripts("CREATE TABLE a ()", "CREATE TABLE b ()", "CREATE TABLE c ()");

    [Test]
    public async Task A_stamp_of_an_empty_database_creates_only_the_journal()
    {
        var report = await Migrator(Three).StampAsync(MigrationTarget.Version(2), cancellationToken: Token);
        var history = await Migrator(Three).ReadHistoryAsync(Token);

        using (Assert.EnterMultipleScope())
        {
            Assert.That((report.FromVersion, report.ToVersion), Is.EqualTo((0, 2)));
            Assert.That(report.Added, Is.EqualTo(new[] { "0001_run_test", "0002_run_test" }));
            Assert.That(report.Removed, Is.Empty);
            Assert.That(history.Versions.Select(v => v.State),
                Is.EqualTo(new[] { VersionState.Applied, VersionState.Applied, VersionState.Pending }));
            Assert.That(await ListAsync("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"),
                Is.EquivalentTo(new[] { "schema_versions", "schema_version_changes" }));
        }
    }

    [Test]
    public async Task An_upgrade_after_a_stamp_runs_only_later_scripts()
    {
        await Migrator(Three).StampAsync(MigrationTarget.Version(2), cancellationToken: Token);

        var report = await Migrator(Three).UpgradeAsync(cancellationToken: Token);

        Assert.That(report.Steps.Select(step => step.Version), Is.EqualTo(new[] { 3 }));
        Assert.That((await ExistsAsync("a"), await ExistsAsync("c")), Is.EqualTo((false, true)));
    }

    [Test]
    public async Task A_stamp_to_an_earlier_version_removes_only_journal_rows()
    {
        await Migrator(Three).UpgradeAsync(cancellationToken: Token);

        var back = await Migrator(Three).StampAsync(MigrationTarget.Version(1), cancellationToken: Token);
        var applied = await AppliedAsync();
        var away = await Migrator(Three).StampAsync(MigrationTarget.Base, cancellationToken: Token);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(back.Removed, Is.EqualTo(new[] { "0003_run_test", "0002_run_test" }));
            Assert.That(applied, Is.EqualTo(new[] { "1" }));
            Assert.That((away.FromVersion, away.ToVersion, away.Removed.Count), Is.EqualTo((1, 0, 1)));
            Assert.That(await AppliedAsync(), Is.Empty);
            Assert.That(await ExistsAsync("c"), Is.True);
        }
    }

    [Test]
    public async Task A_stamp_adds_a_missing_journal_row()
    {
        await Migrator(Three).UpgradeAsync(cancellationToken: Token);
        await ExecuteAsync("DELETE FROM schema_versions WHERE version = 2");

        var report = await Migrator(Three).StampAsync(MigrationTarget.Head, cancellationToken: Token);

        Assert.That(report.Added, Is.EqualTo(new[] { "0002_run_test" }));
        Assert.That((await Migrator(Three).ReadHistoryAsync(Token)).IsUpToDate, Is.True);
    }

    [TestCase("UPDATE schema_versions SET checksum = repeat('0', 64) WHERE version = 2", MigrationError.ScriptChanged)]
    [TestCase("INSERT INTO schema_versions VALUES (9001, '9001_from_the_future', repeat('0', 64), now(), 1, 'ada', '9.0.0')",
        MigrationError.SchemaNewer)]
    public async Task A_stamp_refuses_the_journal_of_other_scripts(string change, MigrationError error)
    {
        await Migrator(Three).UpgradeAsync(cancellationToken: Token);
        await ExecuteAsync(change);
        var before = await AppliedAsync();

        foreach (var target in new[] { MigrationTarget.Head, MigrationTarget.Base })
        {
            var failure = Assert.ThrowsAsync<MigrationException>(() => Migrator(Three).StampAsync(target, cancellationToken: Token))!;
            Assert.That(failure.Error, Is.EqualTo(error));
        }

        Assert.That(await AppliedAsync(), Is.EqualTo(before));
    }

    [Test]
    public async Task A_stamp_refuses_an_unknown_version()
    {
        var failure = Assert.ThrowsAsync<MigrationException>(
            () => Migrator(Three).StampAsync(MigrationTarget.Version(4), cancellationToken: Token))!;

        Assert.That(failure.Error, Is.EqualTo(MigrationError.TargetInvalid));
    }

    [Test]
    public async Task A_stamp_that_fails_changes_no_row()
    {
        await Migrator(Three).StampAsync(MigrationTarget.Version(1), cancellationToken: Token);
        await ExecuteAsync("""
            ALTER TABLE schema_versions ADD COLUMN extra int;
            UPDATE schema_versions SET extra = 1;
            ALTER TABLE schema_versions ALTER COLUMN extra SET NOT NULL;
            """);

        var failure = Assert.ThrowsAsync<MigrationException>(
            () => Migrator(Three).StampAsync(MigrationTarget.Head, cancellationToken: Token))!;

        Assert.That(failure.Error, Is.EqualTo(MigrationError.ScriptFailed));
        Assert.That(await AppliedAsync(), Is.EqualTo(new[] { "1" }));
    }

    [Test]
    public async Task A_second_concurrent_stamp_waits_and_changes_nothing()
    {
        // An uncommitted journal blocks the first stamp, which holds the lock.
        await using var obstacle = await HoldAsync("CREATE TABLE schema_versions ()");
        var first = Migrator(Three).StampAsync(MigrationTarget.Head, cancellationToken: Token);
        await UntilMigratorWaitsForTableAsync();
        var recorder = new Recorder();
        var second = Migrator(Three).StampAsync(MigrationTarget.Head, recorder, Token);
        await recorder.Waiting.WaitAsync(Token);
        obstacle.Release();

        Assert.That((await first).Added, Has.Count.EqualTo(3));
        Assert.That((await second).Added, Is.Empty);
        Assert.That(await AppliedAsync(), Has.Count.EqualTo(3));
    }

    [Test]
    public async Task The_console_lists_the_rows_that_a_stamp_added_and_removed()
    {
        var forth = await RunAsync("stamp", "2", "--yes");
        var again = await RunAsync("stamp", "0002", "--yes");
        var back = await RunAsync("stamp", "base", "--yes", "--json");
        var head = await RunAsync("stamp", "head", "--yes");

        using (Assert.EnterMultipleScope())
        {
            Assert.That(new[] { forth.Code, again.Code, back.Code, head.Code }, Is.All.Zero);
            Assert.That(forth.Output,
                Does.Contain("+ 0002_runtime_models").And.Contain("0 → 2: only the journal was changed, no script was run."));
            Assert.That(again.Output.Trim(), Is.EqualTo("Already at version 2, nothing to do."));
            Assert.That((back.Json.GetProperty("from").GetInt32(), back.Json.GetProperty("to").GetInt32()), Is.EqualTo((2, 0)));
            Assert.That(back.Json.GetProperty("removed").EnumerateArray().Select(name => name.GetString()),
                Is.EqualTo(new[] { "0002_runtime_models", "0001_initial_schema" }));
            Assert.That(back.Json.GetProperty("added").GetArrayLength(), Is.Zero);
            Assert.That(await AppliedAsync(), Has.Count.EqualTo(Head));
        }
    }

    [TestCase(null, 2)]
    [TestCase("n", 1)]
    [TestCase("y", 0)]
    public async Task The_console_asks_before_a_stamp(string? answer, int code)
    {
        var run = await ConsoleRun.StartAsync(["stamp", "1"], connection: ConnectionString, answer: answer, cancellationToken: Token);

        Assert.That(run.Code, Is.EqualTo(code));
        Assert.That(run.Error, code == 0 ? Does.Contain("Stamping 0 → 1 records 1 script as applied without running it") : Is.Not.Empty);
        Assert.That(await ExistsAsync("schema_versions"), Is.EqualTo(code == 0));
    }

    private Task<ConsoleRun> RunAsync(params string[] args) =>
        ConsoleRun.StartAsync(args, connection: ConnectionString, cancellationToken: Token);
}
