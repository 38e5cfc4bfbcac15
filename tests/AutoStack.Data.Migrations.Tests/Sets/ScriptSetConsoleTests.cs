using AutoStack.Data.Migrations.Tests.Support;

namespace AutoStack.Data.Migrations.Tests.Sets;

/// <summary>The scripts of a service in the console: one run with the core, and every verb for one set.</summary>
public sealed class ScriptSetConsoleTests : MigrationTests
{
    private Folder folder = null!;

    [SetUp]
    public void CreateFolder() => folder = Folder.WithBilling();

    [TearDown]
    public void RemoveFolder() => folder.Dispose();

    [Test]
    public async Task An_upgrade_applies_the_core_and_then_the_given_set()
    {
        await StartAtAsync(Head - 1);

        var run = await RunAsync("upgrade", "--scripts", "billing=db/billing");
        var again = await RunAsync("upgrade", "--scripts", "billing=db/billing");

        using (Assert.EnterMultipleScope())
        {
            Assert.That((run.Code, run.Error), Is.EqualTo((0, "")));
            Assert.That(run.Output, Does.Contain("billing/0001_create_invoices.sql").And.Contain(
                $"{Head - 1} → {Head}, billing 0 → 2: 4 scripts in"));
            Assert.That(again.Output.Trim(), Is.EqualTo($"Already at version {Head}, billing 2, nothing to do."));
            Assert.That(await RowsAsync(),
                Is.EqualTo(new[] { "1 0001_create_invoices", "2 0002_add_invoices_cents_index", " R__totals" }));
            Assert.That(await ExistsAsync("invoices_cents_idx"), Is.True);
            Assert.That(await ExistsAsync("totals"), Is.True);
        }
    }

    [Test]
    public async Task A_version_is_one_of_the_core_unless_a_set_is_named()
    {
        await StartAtAsync(Head - 2);
        await RunAsync("upgrade", "1", "--set", "billing", "--scripts", "billing=db/billing");
        var one = await RowsAsync();
        var same = await RunAsync("upgrade", "1", "--set", "billing", "--scripts", "billing=db/billing");

        var core = await RunAsync("upgrade", $"{Head - 1}", "--scripts", "billing=db/billing");
        var set = await RunAsync("upgrade", "--set", "billing", "--scripts", "billing=db/billing", "--json");

        using (Assert.EnterMultipleScope())
        {
            Assert.That(one, Is.EqualTo(new[] { "1 0001_create_invoices" }));
            Assert.That(same.Output.Trim(), Is.EqualTo("billing is already at version 1, nothing to do."));
            Assert.That(core.Output, Does.Contain($"{Head - 2} → {Head - 1}: 1 script in"));
            Assert.That((set.Code, set.Json.GetProperty("from").GetInt32(), set.Json.GetProperty("to").GetInt32()), Is.EqualTo((0, 1, 2)));
            Assert.That(set.Json.GetProperty("sets").GetRawText(), Is.EqualTo("""[{"set":"billing","from":1,"to":2}]"""));
            Assert.That(set.Json.GetProperty("steps").EnumerateArray().Select(s => s.GetProperty("script").GetString()),
                Is.EqualTo(new[] { "billing/0002_add_invoices_cents_index.sql", "billing/R__totals.sql" }));
            Assert.That((await Migrator().ReadHistoryAsync(Token)).CurrentVersion, Is.EqualTo(Head - 1));
        }
    }

    [Test]
    public async Task Current_history_and_check_print_every_set()
    {
        await StartAtAsync(Head);
        await RunAsync("upgrade", "1", "--set", "billing", "--scripts", "billing=db/billing");

        var current = await RunAsync("current", "--scripts", "billing=db/billing");
        var history = await RunAsync("history", "--scripts", "billing=db/billing");
        var check = await RunAsync("check", "--scripts", "billing=db/billing", "--json");
        var without = await RunAsync("current");
        var clean = await RunAsync("check");

        using (Assert.EnterMultipleScope())
        {
            Assert.That(current.Output, Does.Contain("up to date").And.Contain("billing 1 (0001_create_invoices), 2 pending"));
            Assert.That(history.Output, Does.Match(@"1 +billing/0001_create_invoices +applied").And.Match(
                @"2 +billing/0002_add_invoices_cents_index +pending").And.Match(@"billing/R__totals +pending"));
            Assert.That(check.Code, Is.EqualTo(3));
            Assert.That(check.Json.GetProperty("pending").GetArrayLength(), Is.Zero);
            Assert.That(check.Json.GetProperty("sets")[1].GetProperty("pending").EnumerateArray().Select(name => name.GetString()),
                Is.EqualTo(new[] { "0002_add_invoices_cents_index", "R__totals" }));
            Assert.That(check.Json.GetProperty("differences").GetArrayLength(), Is.Zero);
            Assert.That(without.Output, Does.Contain(
                "billing 1 (0001_create_invoices), its scripts were not given (--scripts billing=FOLDER)"));
            Assert.That(clean.Code, Is.Zero);
        }
    }

    [Test]
    public async Task A_changed_script_of_a_set_stops_every_script_of_the_run()
    {
        await StartAtAsync(Head - 1);
        await RunAsync("upgrade", "--set", "billing", "--scripts", "billing=db/billing");
        folder.Write("0001_create_invoices.sql", Folder.Invoices + " -- better");

        var run = await RunAsync("upgrade", "--scripts", "billing=db/billing");
        var check = await RunAsync("check", "--scripts", "billing=db/billing");

        Assert.That(await RunAsync("history", "--scripts", "billing=db/billing"),
            Has.Property("Output").Match(@"1 +billing/0001\S+ +changed"));
        Assert.That((run.Code, check.Code), Is.EqualTo((4, 4)));
        Assert.That(run.Error, Does.Contain("billing/0001_create_invoices.sql was changed after it was applied"));
        Assert.That(check.Output, Does.Contain("billing/0001_create_invoices.sql was changed after it was applied"));
        Assert.That((await Migrator().ReadHistoryAsync(Token)).CurrentVersion, Is.EqualTo(Head - 1));
    }

    [Test]
    public async Task Scripts_older_than_the_database_are_refused()
    {
        await StartAtAsync(Head);
        await RunAsync("upgrade", "--scripts", "billing=db/billing");
        File.Delete(Path.Combine(folder.Billing, "0002_add_invoices_cents_index.sql"));
        File.Delete(Path.Combine(folder.Billing, "0002_add_invoices_cents_index.down.sql"));

        var run = await RunAsync("upgrade", "--scripts", "billing=db/billing");

        Assert.That(run.Code, Is.EqualTo(1));
        Assert.That(run.Error, Does.Contain("The script set billing is at version 2; the given scripts have 1 versions and do not know " +
            "0002_add_invoices_cents_index. Use the newer scripts."));
    }

    [Test]
    public async Task A_downgrade_reverts_one_set_and_repeatable_scripts_run_again_afterwards()
    {
        await StartAtAsync(Head);
        await RunAsync("upgrade", "--scripts", "billing=db/billing");

        var back = await RunAsync("downgrade", "base", "--set", "billing", "--scripts", "billing=db/billing", "--yes");
        var rows = await RowsAsync();
        var view = await ExistsAsync("totals");
        var again = await RunAsync("upgrade", "--scripts", "billing=db/billing");

        using (Assert.EnterMultipleScope())
        {
            Assert.That(back.Error, Does.Contain("Downgrade billing 2 → 0 loses all data in").And.Contain("tables   invoices"));
            Assert.That(back.Output, Does.Contain("billing 2 → 0: 2 scripts in"));
            Assert.That((rows.Count, view), Is.EqualTo((0, false)));
            Assert.That(again.Output, Does.Contain("billing 0 → 2: 3 scripts in"));
            Assert.That(await ExistsAsync("totals"), Is.True);
            Assert.That((await Migrator().CheckAsync(Token)).IsClean, Is.True);
        }
    }

    [Test]
    public async Task A_stamp_sets_the_version_of_one_set()
    {
        await StartAtAsync(Head);

        var run = await RunAsync("stamp", "1", "--set", "billing", "--scripts", "billing=db/billing", "--yes");

        Assert.That((run.Code, run.Output), Is.EqualTo((0,
            "+ 0001_create_invoices" + Environment.NewLine
            + "billing 0 → 1: only the journal was changed, no script was run." + Environment.NewLine)));
        Assert.That(await RowsAsync(), Is.EqualTo(new[] { "1 0001_create_invoices" }));
        Assert.That(await ExistsAsync("invoices"), Is.False);
    }

    [Test]
    public async Task Previews_of_every_set_change_nothing()
    {
        await StartAtAsync(Head - 1);
        var before = await CatalogAsync();

        var dry = await RunAsync("upgrade", "--scripts", "billing=db/billing", "--dry-run");
        var rehearsed = await RunAsync("upgrade", "--scripts", "billing=db/billing", "--rehearse", "--yes");

        using (Assert.EnterMultipleScope())
        {
            Assert.That(dry.Output, Does.Match(@"billing/0002_add_invoices_cents_index.sql +no transaction").And.Contain(
                $"{Head - 1} → {Head}, billing 0 → 2: 4 scripts would run. Nothing was changed."));
            Assert.That(rehearsed.Code, Is.Zero, rehearsed.Error);
            Assert.That(rehearsed.Error, Does.StartWith("The rehearsal runs 4 scripts in one transaction and rolls it back."));
            Assert.That(rehearsed.Output, Does.Contain($"{Head - 1} → {Head}, billing 0 → 2: 4 scripts rehearsed"));
            Assert.That(await CatalogAsync(), Is.EqualTo(before));
            Assert.That(await AppliedAsync(), Has.Count.EqualTo(Head - 1));
        }
    }

    [Test]
    public async Task The_script_for_psql_runs_every_set_and_refuses_another_version_of_one()
    {
        await StartAtAsync(Head - 1);
        var script = (await RunAsync("upgrade", "--scripts", "billing=db/billing", "--sql")).Output;

        var (code, error) = await Psql.RunAsync(ConnectionString, script, Token);
        var (again, reason) = await Psql.RunAsync(ConnectionString, script, Token);
        await RunAsync("stamp", "base", "--set", "billing", "--scripts", "billing=db/billing", "--yes");
        var set = (await RunAsync("upgrade", "--set", "billing", "--scripts", "billing=db/billing", "--sql")).Output;
        await RunAsync("stamp", "1", "--set", "billing", "--scripts", "billing=db/billing", "--yes");
        var (other, why) = await Psql.RunAsync(ConnectionString, set, Token);

        using (Assert.EnterMultipleScope())
        {
            Assert.That((code, error), Is.EqualTo((0, "")));
            Assert.That(again, Is.EqualTo(3));
            Assert.That(reason, Does.Contain($"for a database at version {Head - 1}, this one is at {Head}. Nothing was changed."));
            Assert.That(other, Is.EqualTo(3));
            Assert.That(why, Does.Contain("for a database at version billing 0, this one is at 1. Nothing was changed."));
        }
    }

    [Test]
    public async Task A_failed_script_of_a_set_is_rolled_back_and_named_with_what_is_done()
    {
        await StartAtAsync(Head);
        folder.Pair("0003_fail", "CREATE TABLE half ();\nSELECT 1 / 0;", "SELECT 1;");

        var run = await RunAsync("upgrade", "--scripts", "billing=db/billing");

        Assert.That(run.Code, Is.EqualTo(1));
        Assert.That(run.Error, Does.Contain("billing/0003_fail.sql").And.Contain(
            $"2 of 4 scripts done; the database is at version {Head}, billing 2."));
        Assert.That((await ExistsAsync("half"), (await RowsAsync()).Count), Is.EqualTo((false, 2)));
    }

    [Test]
    public async Task Revision_and_lint_work_in_the_folder_of_a_set()
    {
        string[] sets = ["--scripts", "billing=db/billing", "--scripts", "letters=db/letters"];
        var third = await RunAsync(["revision", "--set", "billing", "-m", "add note", .. sets]);
        var first = await RunAsync(["revision", "--set", "letters", "-m", "create letters", .. sets]);
        var repeatable = await RunAsync(["revision", "--set", "letters", "--repeatable", "-m", "open letters", .. sets, "--json"]);
        folder.Write("0003_add_note.sql", "ALTER TABLE invoices ADD note text;");
        folder.Write("0004_drop_note.sql", "ALTER TABLE invoices DROP note;");
        var lint = await RunAsync(["lint", "--set", "billing", .. sets]);
        var all = await RunAsync(["lint", .. sets]);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(third.Output.Split(Environment.NewLine)[0], Is.EqualTo(Path.Combine("db", "billing", "0003_add_note.sql")));
            Assert.That(first.Output.Split(Environment.NewLine)[0], Is.EqualTo(Path.Combine("db", "letters", "0001_create_letters.sql")));
            Assert.That(repeatable.Json.GetProperty("up").GetString(), Is.EqualTo(Path.Combine("db", "letters", "R__open_letters.sql")));
            Assert.That(repeatable.Json.GetProperty("down").ValueKind, Is.EqualTo(System.Text.Json.JsonValueKind.Null));
            Assert.That(lint.Code, Is.EqualTo(1));
            Assert.That(lint.Output, Does.Contain("0004_drop_note.sql:1: drop-column").And.Contain("0004_drop_note.sql:1: missing-down")
                .And.Contain("in 8 files of db/billing.").And.Not.Contain("R__totals"));
            Assert.That(all.Output, Does.Contain("in 11 files of"));
        }
    }

    [TestCase(2, "The name of a script set is made of", "--scripts", "Billing=db/billing")]
    [TestCase(2, "belongs to a script set of AutoStack.Data", "--scripts", "core=db/billing")]
    [TestCase(2, "--scripts is NAME=FOLDER", "--scripts", "billing")]
    [TestCase(2, "The script set billing is given twice.", "--scripts", "billing=db/billing", "--scripts", "billing=db/billing")]
    [TestCase(2, "db/nowhere of the script set billing does not exist.", "--scripts", "billing=db/nowhere")]
    [TestCase(1, "has no script", "--scripts", "billing=db/empty")]
    [TestCase(2, "There is no script set billing: name its folder with --scripts billing=FOLDER", "--set", "billing")]
    public async Task Wrong_sets_are_refused_before_anything_runs(int code, string message, params string[] args)
    {
        Directory.CreateDirectory(Path.Combine(folder.Root, "db", "empty"));

        var run = await RunAsync(["upgrade", .. args]);

        Assert.That(run.Code, Is.EqualTo(code), run.Error);
        Assert.That(run.Error, Does.Contain(message));
        Assert.That(await ExistsAsync("schema_versions"), Is.False);
    }

    [Test]
    public async Task Scripts_that_no_upgrade_runs_are_named()
    {
        using var work = new Workplace();
        foreach (var script in SchemaMigrator.Scripts)
        {
            work.Write(script.Up.FileName, script.Up.Sql);
            work.Write(script.Down.FileName, script.Down.Sql);
        }

        await StartAtAsync(Head);
        var silent = await ConsoleRun.StartAsync(["upgrade"], work.Root, ConnectionString, cancellationToken: Token);
        var revision = await ConsoleRun.StartAsync(["revision", "-m", "add x"], work.Root, cancellationToken: Token);
        var warned = await ConsoleRun.StartAsync(["upgrade"], work.Root, ConnectionString, cancellationToken: Token);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(silent.Error, Is.Empty);
            Assert.That(revision.Error, Does.Contain($"{Head + 1:0000}_add_x.down.sql, {Head + 1:0000}_add_x.sql"));
            Assert.That(warned.Error, Does.Contain(
                $"scripts/sql has scripts that this tool does not contain, and they do not run: {Head + 1:0000}_add_x.down.sql"));
            Assert.That(warned.Code, Is.Zero);
        }
    }

    private Task<IReadOnlyList<string>> RowsAsync() => ListAsync(
        "SELECT coalesce(version::text, '') || ' ' || name FROM schema_versions WHERE script_set = 'billing' ORDER BY version, name");

    private Task<ConsoleRun> RunAsync(params string[] args) =>
        ConsoleRun.StartAsync(args, folder.Root, ConnectionString, cancellationToken: Token);
}
