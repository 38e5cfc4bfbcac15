using AutoStack.Data.Migrations.Tests.Support;

namespace AutoStack.Data.Migrations.Tests.Sets;

/// <summary>The scripts of a service in the migrator that the service itself runs.</summary>
public sealed class ScriptSetInCodeTests : MigrationTests
{
    private Folder folder = null!;

    [SetUp]
    public void CreateFolder() => folder = Folder.WithBilling();

    [TearDown]
    public void RemoveFolder() => folder.Dispose();

    [Test]
    public async Task Sets_of_a_folder_and_of_an_assembly_run_after_the_core()
    {
        await StartAtAsync(Head - 1);
        var migrator = Migrator(new SchemaMigratorOptions
        {
            ScriptSets =
            [
                ScriptSet.FromDirectory("billing", folder.Billing), ScriptSet.FromAssembly("receipts", GetType().Assembly, "Billing."),
            ],
        });
        var recorder = new Recorder();

        var run = await migrator.UpgradeAsync(progress: recorder, cancellationToken: Token);
        var history = await migrator.ReadHistoryAsync(Token);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(run.Sets, Is.EqualTo(new[]
            {
                new SetVersions("core", Head - 1, Head), new SetVersions("billing", 0, 2), new SetVersions("receipts", 0, 1),
            }));
            Assert.That((run.FromVersion, run.ToVersion), Is.EqualTo((Head - 1, Head)));
            Assert.That(run.Steps.Select(s => s.Set), Is.EqualTo(new[] { "core", "billing", "billing", "billing", "receipts" }));
            Assert.That(recorder.Events.OfType<MigrationPlanned>().Single().Sets, Is.EqualTo(run.Sets));
            Assert.That(history.Sets.Select(s => (s.Set, s.Kind, s.CurrentVersion, s.HeadVersion, s.IsUpToDate)), Is.EqualTo(new[]
            {
                ("core", ScriptSetKind.Core, Head, Head, true), ("billing", ScriptSetKind.Service, 2, 2, true),
                ("receipts", ScriptSetKind.Service, 1, 1, true),
            }));
            Assert.That((await migrator.CheckAsync(Token)).IsClean, Is.True);
        }
    }

    [Test]
    public async Task A_repeatable_script_runs_when_its_text_changes_and_keeps_one_row()
    {
        await StartAtAsync(Head);
        await Migrator(Options()).UpgradeAsync(cancellationToken: Token);
        var first = await ScalarAsync<DateTime>("SELECT applied_at FROM schema_versions WHERE name = 'R__totals'");
        folder.Write("R__totals.sql", "CREATE OR REPLACE VIEW totals AS SELECT sum(cents) AS cents, count(*) AS number FROM invoices;");
        folder.Write("R__a_before_totals.sql", "CREATE OR REPLACE VIEW a_before_totals AS SELECT 1 AS one;");

        var check = await Migrator(Options()).CheckAsync(Token);
        var run = await Migrator(Options()).UpgradeAsync(cancellationToken: Token);
        var again = await Migrator(Options()).UpgradeAsync(cancellationToken: Token);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(check.HasDrifted, Is.False);
            Assert.That(check.Pending.Select(v => v.Name), Is.EqualTo(new[] { "R__a_before_totals", "R__totals" }));
            Assert.That(run.Steps.Select(s => s.FileName), Is.EqualTo(new[] { "billing/R__a_before_totals.sql", "billing/R__totals.sql" }));
            Assert.That(run.Sets[1], Is.EqualTo(new SetVersions("billing", 2, 2)));
            Assert.That(again.Steps, Is.Empty);
            Assert.That(await ScalarAsync<long>("SELECT count(*) FROM schema_versions WHERE name = 'R__totals'"), Is.EqualTo(1));
            Assert.That(await ScalarAsync<DateTime>("SELECT applied_at FROM schema_versions WHERE name = 'R__totals'"),
                Is.GreaterThan(first));
        }
    }

    [Test]
    public async Task A_repeatable_script_that_is_deleted_leaves_its_row()
    {
        await StartAtAsync(Head);
        await Migrator(Options()).UpgradeAsync(cancellationToken: Token);
        File.Delete(Path.Combine(folder.Billing, "R__totals.sql"));

        var history = await Migrator(Options()).ReadHistoryAsync(Token);
        var run = await Migrator(Options()).UpgradeAsync(cancellationToken: Token);

        Assert.That(history.Sets[1].Versions[^1] is { Name: "R__totals", State: VersionState.Retired }, Is.True);
        Assert.That((history.IsUpToDate, run.Steps.Count), Is.EqualTo((true, 0)));
    }

    [Test]
    public async Task Migrators_of_different_services_share_one_lock()
    {
        await StartAtAsync(Head);
        folder.Pair("0003_wait", "LOCK invoices; SELECT 1;", "");
        var two = new SchemaMigratorOptions { ScriptSets = [ScriptSet.FromAssembly("receipts", GetType().Assembly, "Billing.")] };
        await Migrator(Options()).UpgradeAsync(MigrationTarget.Version(2).In("billing"), cancellationToken: Token);
        var obstacle = await HoldAsync("LOCK invoices");
        await using var ending = obstacle;
        var first = Migrator(Options()).UpgradeAsync(cancellationToken: Token);
        await UntilMigratorWaitsForTableAsync();
        var recorder = new Recorder();

        var second = Migrator(two).UpgradeAsync(progress: recorder, cancellationToken: Token);
        await recorder.Waiting.WaitAsync(Token);
        obstacle.Release();

        Assert.That((await first).Sets[1].ToVersion, Is.EqualTo(3));
        Assert.That((await second).Sets, Is.EqualTo(new[] { new SetVersions("core", Head, Head), new SetVersions("receipts", 0, 1) }));
        Assert.That((await Migrator(two).ReadHistoryAsync(Token)).Find("billing")!.Kind, Is.EqualTo(ScriptSetKind.NotGiven));
    }

    private SchemaMigratorOptions Options() => new() { ScriptSets = [ScriptSet.FromDirectory("billing", folder.Billing)] };
}
