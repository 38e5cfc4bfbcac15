using AutoStack.Data.Migrations.Tests.Sets;
using AutoStack.Data.Migrations.Tests.Support;

namespace AutoStack.Data.Migrations.Tests.Journal;

/// <summary>The repair of the journal of a service's set, of whose objects the tool knows nothing.</summary>
public sealed class RepairSetTests : MigrationTests
{
    private Folder folder = null!;

    [SetUp]
    public void CreateFolder()
    {
        folder = new Folder();
        folder.Pair("0001_create_a", "CREATE TABLE a ()", "DROP TABLE a");
        folder.Pair("0002_create_b", "CREATE TABLE b ()", "DROP TABLE b");
        folder.Pair("0003_create_c", "CREATE TABLE c ()", "DROP TABLE c");
    }

    [TearDown]
    public void RemoveFolder() => folder.Dispose();

    [Test]
    public async Task Scripts_that_changed_their_numbers_are_found_by_their_checksums()
    {
        await RunAsync("upgrade", "--set", "billing");
        folder.Pair("0002_create_c", "CREATE TABLE c ()", "DROP TABLE c");
        folder.Pair("0003_create_b", "CREATE TABLE b ()", "DROP TABLE b");
        foreach (var old in new[] { "0002_create_b", "0003_create_c" })
        {
            File.Delete(Path.Combine(folder.Billing, old + ".sql"));
            File.Delete(Path.Combine(folder.Billing, old + ".down.sql"));
        }

        var stopped = await RunAsync("upgrade", "--set", "billing");
        var run = await RunAsync("repair", "--yes");
        var upgrade = await RunAsync("upgrade", "--set", "billing");

        using (Assert.EnterMultipleScope())
        {
            Assert.That((stopped.Code, run.Code, upgrade.Code), Is.EqualTo((4, 0, 0)), run.Error);
            Assert.That(run.Output,
                Does.Contain("The journal has billing/0002_create_b, whose script is called billing/0003_create_b now."));
            Assert.That(await RowsAsync(), Is.EqualTo(new[] { "1 0001_create_a", "2 0002_create_c", "3 0003_create_b" }));
        }
    }

    [Test]
    public async Task A_script_does_not_take_the_number_of_another_row()
    {
        await RunAsync("upgrade", "--set", "billing");
        folder.Write("0002_create_b.sql", "CREATE TABLE c ()");
        folder.Write("0003_create_c.sql", "CREATE TABLE other ()");
        await ExecuteAsync("UPDATE schema_versions SET checksum = repeat('1', 64) WHERE version = 2");

        var run = await RunAsync("repair", "--yes");

        Assert.That(run.Code, Is.EqualTo(4));
        Assert.That(await RowsAsync(), Is.EqualTo(new[] { "1 0001_create_a", "2 0002_create_b", "3 0003_create_c" }));
    }

    [Test]
    public async Task A_changed_script_and_a_gap_are_decided_by_a_person()
    {
        await RunAsync("upgrade", "--set", "billing");
        folder.Write("0001_create_a.sql", "CREATE TABLE a () -- better");
        await ExecuteAsync("DELETE FROM schema_versions WHERE version = 2; DROP TABLE b");

        var left = await RunAsync("repair", "--yes");
        var changed = await RunAsync("repair", "--yes", "--only", "changed");
        var run = await RunAsync("repair", "--yes", "--run", "billing/0002_create_b");

        using (Assert.EnterMultipleScope())
        {
            Assert.That((left.Code, changed.Code, run.Code), Is.EqualTo((4, 4, 0)), run.Error);
            Assert.That(left.Output, Does.Contain("autostack-db repair --run billing/0002_create_b")
                .And.Contain("  autostack-db stamp 3 --set billing").And.Contain("2 faults left"));
            Assert.That(await ExistsAsync("b"), Is.True);
            Assert.That(await RowsAsync(), Is.EqualTo(new[] { "1 0001_create_a", "2 0002_create_b", "3 0003_create_c" }));
        }
    }

    [Test]
    public async Task A_missing_script_that_fails_leaves_nothing()
    {
        await RunAsync("upgrade", "--set", "billing");
        await ExecuteAsync("DELETE FROM schema_versions WHERE version = 2");

        var run = await RunAsync("repair", "--yes", "--run", "billing/0002_create_b");

        Assert.That(run.Code, Is.EqualTo(1));
        Assert.That(run.Error, Does.Contain("billing/0002_create_b.sql: relation \"b\" already exists (42P07)"));
        Assert.That(await RowsAsync(), Has.Count.EqualTo(2));
    }

    [Test]
    public async Task Rows_of_a_set_that_is_not_given_are_left_alone()
    {
        await RunAsync("upgrade", "--set", "billing");
        await ExecuteAsync("DELETE FROM schema_versions WHERE version = 2");

        var run = await ConsoleRun.StartAsync(["repair", "--yes"], connection: ConnectionString, cancellationToken: Token);

        Assert.That(run.Code, Is.Zero);
        Assert.That(await RowsAsync(), Has.Count.EqualTo(2));
    }

    private Task<IReadOnlyList<string>> RowsAsync() =>
        ListAsync("SELECT concat(version, ' ', name) FROM schema_versions WHERE script_set = 'billing' ORDER BY version");

    private Task<ConsoleRun> RunAsync(params string[] args) => ConsoleRun.StartAsync(
        [.. args, "--scripts", "billing=db/billing"], directory: folder.Root, connection: ConnectionString, cancellationToken: Token);
}
