using AutoStack.Data.Migrations.Tests.Sets;
using AutoStack.Data.Migrations.Tests.Support;

namespace AutoStack.Data.Migrations.Tests.Foresight;

/// <summary>Lines that the migrator cannot run are named before the first script runs, as the lint names them.</summary>
public sealed class UnrunnableTests : MigrationTests
{
    private const string NoTransaction = "-- autostack: no-transaction\n";

    [TestCase("CREATE TABLE a ();\nBEGIN;\nCREATE TABLE b ()", "line 2: BEGIN is not allowed in a script", "Remove it")]
    [TestCase("CREATE TABLE a ();\nCOMMIT", "line 2: COMMIT is not allowed", "Remove it")]
    [TestCase("SAVEPOINT s", "line 1: SAVEPOINT is not allowed", "Remove it")]
    [TestCase("\\restrict abc\nCREATE TABLE a ();\n\\unrestrict abc", "line 1 and 1 more: The server does not know", "only psql")]
    [TestCase("\\set n 1\nSELECT 1", "line 1: The server does not know \\set", "only psql understands it")]
    [TestCase("CREATE TABLE a (n int);\nCOPY a FROM STDIN;\n1\n2\n\\.\n", "line 2: COPY exchanges rows", "INSERT … VALUES")]
    [TestCase("COPY (SELECT 1) TO STDOUT", "line 1: COPY exchanges rows", "INSERT … VALUES")]
    [TestCase("SELECT 1 AS n INTO a", "line 1: SELECT INTO fails", "Write CREATE TABLE name AS SELECT")]
    [TestCase("WITH w AS (SELECT 1 AS n)\nSELECT n INTO a FROM w", "line 1: SELECT INTO fails", "Write CREATE TABLE")]
    [TestCase(NoTransaction + "\\timing", "line 2: The server does not know \\timing", "only psql")]
    public async Task A_line_that_cannot_run_is_an_obstacle(string script, string what, string mend)
    {
        var scripts = Scripts("CREATE TABLE first ()", script);

        var found = (await Migrator(scripts).PlanUpgradeAsync(cancellationToken: Token)).Obstacles;
        var refused = Assert.ThrowsAsync<MigrationException>(() => Migrator(scripts).UpgradeAsync(cancellationToken: Token))!;
        var rehearsed = Assert.ThrowsAsync<MigrationException>(() => Migrator(scripts).RehearseUpgradeAsync(cancellationToken: Token))!;
        var unchanged = await ExistsAsync("first");
        var real = Assert.ThrowsAsync<MigrationException>(
            () => Migrator(scripts, new SchemaMigratorOptions { IgnoreObstacles = true }).UpgradeAsync(cancellationToken: Token))!;

        using (Assert.EnterMultipleScope())
        {
            Assert.That(found.Select(o => (o.Kind, o.Script)), Is.EqualTo(new[] { (ObstacleKind.CannotRun, "0002_run_test.sql") }));
            Assert.That(found[0].What, Does.StartWith(what));
            Assert.That(found[0].Mend, Does.Contain(mend));
            Assert.That((refused.Error, rehearsed.Error), Is.EqualTo((MigrationError.Obstacles, MigrationError.Obstacles)));
            Assert.That(unchanged, Is.False);
            Assert.That((real.Error, real.Result!.ToVersion), Is.EqualTo((MigrationError.ScriptFailed, 1)), "without the look ahead");
        }
    }

    [TestCase("CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; END")]
    [TestCase("DO $$ BEGIN PERFORM 1; END $$")]
    [TestCase("DO $$ DECLARE n int; BEGIN SELECT 1 INTO n; END $$")]
    [TestCase("SELECT 1 AS n INTO a; CREATE TABLE b ()")]
    [TestCase("INSERT INTO schema_versions SELECT * FROM schema_versions WHERE FALSE")]
    [TestCase("SELECT 'COPY a FROM STDIN; \\set BEGIN'")]
    [TestCase(NoTransaction + "DO $$ BEGIN PERFORM 1; COMMIT; END $$")]
    [TestCase(NoTransaction + "SELECT 1 AS n INTO a")]
    public async Task A_script_that_runs_has_no_obstacle(string script)
    {
        Assert.That((await Migrator(Scripts(script)).PlanUpgradeAsync(cancellationToken: Token)).Obstacles, Is.Empty);
        Assert.That((await Migrator(Scripts(script)).UpgradeAsync(cancellationToken: Token)).ToVersion, Is.EqualTo(1));
    }

    [Test]
    public async Task The_console_names_the_lines_of_a_service_s_scripts_and_runs_none()
    {
        await StartAtAsync(Head);
        using var folder = new Folder();
        folder.Pair("0001_a", "CREATE TABLE a (n int);", "DROP TABLE a;");
        folder.Pair("0002_b", "COPY a FROM STDIN;\n1\n\\.\nBEGIN;\nCOMMIT;", "DROP TABLE b;");

        var run = await ConsoleRun.StartAsync(
            ["upgrade", "--dry-run", "--scripts", "billing=db/billing"], folder.Root, ConnectionString, cancellationToken: Token);

        Assert.That(run.Code, Is.EqualTo(1), run.Error);
        Assert.That(run.Output, Does.Contain("billing/0002_b.sql will fail: line 1: COPY exchanges rows with its client")
            .And.Contain("billing/0002_b.sql will fail: line 4 and 1 more: BEGIN is not allowed in a script")
            .And.Contain("0 → 2: 2 scripts would not all run."));
        Assert.That(await ExistsAsync("a"), Is.False);
    }
}
