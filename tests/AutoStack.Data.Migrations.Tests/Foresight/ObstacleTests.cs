using AutoStack.Data.Migrations.Tests.Support;
using Npgsql;

namespace AutoStack.Data.Migrations.Tests.Foresight;

/// <summary>What would stop a run: the plan names it, and the run refuses it before its first script.</summary>
public sealed class ObstacleTests : MigrationTests
{
    private const string Before = """
        CREATE TABLE account (id int CONSTRAINT account_pkey PRIMARY KEY, name varchar(10), status text);
        CREATE TABLE other (id int CONSTRAINT other_pkey PRIMARY KEY, account int CONSTRAINT other_account_fkey REFERENCES account);
        CREATE INDEX other_idx ON other (id);
        CREATE VIEW named AS SELECT id, name FROM account;
        CREATE MATERIALIZED VIEW counted AS SELECT count(status) FROM account;
        CREATE TYPE mood AS ENUM ('fine');
        CREATE FUNCTION twice(n int, t text) RETURNS int LANGUAGE sql AS 'SELECT 2 * n';
        CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
        CREATE TRIGGER account_stamp BEFORE INSERT ON account FOR EACH ROW EXECUTE FUNCTION stamp();
        CREATE POLICY account_own ON account USING (TRUE);
        CREATE SCHEMA reports;
        """;

    [TestCase("CREATE TABLE account ()", ObstacleKind.NameTaken, "The table account", "ALTER TABLE public.account RENAME TO")]
    [TestCase("CREATE TABLE named ()", ObstacleKind.NameTaken, "The view named", "ALTER VIEW public.named RENAME TO")]
    [TestCase("CREATE TABLE mood ()", ObstacleKind.NameTaken, "The type mood", "ALTER TYPE public.mood RENAME TO")]
    [TestCase("CREATE VIEW other_idx AS SELECT 1", ObstacleKind.NameTaken, "The index other_idx of the table other", "ALTER INDEX")]
    [TestCase("CREATE SEQUENCE account", ObstacleKind.NameTaken, "The table account", "ALTER TABLE")]
    [TestCase("CREATE TABLE n (id int CONSTRAINT other_idx PRIMARY KEY)", ObstacleKind.NameTaken, "The index other_idx", "ALTER INDEX")]
    [TestCase("CREATE INDEX other_pkey ON account (id)", ObstacleKind.NameTaken, "The index other_pkey", "ALTER INDEX")]
    [TestCase("CREATE TYPE mood AS ENUM ('bad')", ObstacleKind.NameTaken, "The type mood", "ALTER TYPE public.mood RENAME")]
    [TestCase("CREATE FUNCTION twice(a integer, b text DEFAULT '') RETURNS int LANGUAGE sql AS 'SELECT 1'",
        ObstacleKind.NameTaken, "The function twice(int4,text)", "ALTER ROUTINE public.twice(int4,text) RENAME TO")]
    [TestCase("ALTER TABLE account ADD COLUMN status text", ObstacleKind.NameTaken, "The column status of account", "RENAME COLUMN status")]
    [TestCase("ALTER TABLE other ADD CONSTRAINT other_account_fkey CHECK (id > 0)", ObstacleKind.NameTaken,
        "The constraint other_account_fkey of other", "RENAME CONSTRAINT other_account_fkey")]
    [TestCase("CREATE TRIGGER account_stamp AFTER INSERT ON account FOR EACH ROW EXECUTE FUNCTION stamp()", ObstacleKind.NameTaken,
        "The trigger account_stamp of account", "ALTER TRIGGER account_stamp ON public.account RENAME TO")]
    [TestCase("CREATE POLICY account_own ON account USING (FALSE)", ObstacleKind.NameTaken, "The policy account_own of account",
        "ALTER POLICY account_own ON public.account RENAME TO")]
    [TestCase("CREATE SCHEMA reports", ObstacleKind.NameTaken, "The schema reports", "ALTER SCHEMA reports RENAME TO")]
    [TestCase("CREATE EXTENSION plpgsql", ObstacleKind.NameTaken, "The extension plpgsql", "IF NOT EXISTS")]
    [TestCase("ALTER TABLE account RENAME TO other", ObstacleKind.NameTaken, "The table other", "ALTER TABLE public.other RENAME TO")]
    [TestCase("ALTER TABLE account ALTER COLUMN name TYPE text", ObstacleKind.Dependents,
        "The type of account.name cannot be changed: view named", "DROP VIEW public.named;")]
    [TestCase("ALTER TABLE account ALTER status TYPE varchar(5)", ObstacleKind.Dependents, "materialized view counted",
        "DROP MATERIALIZED VIEW public.counted;")]
    [TestCase("ALTER TABLE account DROP COLUMN name", ObstacleKind.Dependents, "account.name cannot be dropped: view named", "DROP VIEW")]
    [TestCase("DROP TABLE other; DROP TABLE account", ObstacleKind.Dependents,
        "account cannot be dropped: materialized view counted, view named depend", "DROP VIEW public.named;")]
    [TestCase("DROP VIEW named; DROP MATERIALIZED VIEW counted; DROP TABLE account", ObstacleKind.Dependents,
        "account cannot be dropped: constraint other_account_fkey of other depends", "Drop what depends")]
    [TestCase("CREATE EXTENSION no_such_extension", ObstacleKind.Extension, "The server does not have the extension no_such_extension",
        "Install its package")]
    public async Task An_obstacle_is_found_by_the_plan_and_stops_the_run_before_its_first_script(
        string statement, ObstacleKind kind, string what, string mend)
    {
        await ExecuteAsync(Before);
        var before = await CatalogAsync();
        var scripts = Scripts("CREATE TABLE first ()", statement);

        var found = (await Migrator(scripts).PlanUpgradeAsync(cancellationToken: Token)).Obstacles;
        var failure = Assert.ThrowsAsync<MigrationException>(() => Migrator(scripts).UpgradeAsync(cancellationToken: Token))!;
        var unchanged = await CatalogAsync();

        // The obstacle is real: the same run without the look ahead fails in that script.
        var real = Assert.ThrowsAsync<MigrationException>(
            () => Migrator(scripts, new SchemaMigratorOptions { IgnoreObstacles = true }).UpgradeAsync(cancellationToken: Token))!;

        using (Assert.EnterMultipleScope())
        {
            Assert.That(found.Select(o => (o.Kind, o.Script)), Is.EqualTo(new[] { (kind, "0002_run_test.sql") }));
            Assert.That(found[0].What, Does.Contain(what));
            Assert.That(found[0].Mend, Does.Contain(mend));
            Assert.That(failure.Error, Is.EqualTo(MigrationError.Obstacles));
            Assert.That(failure.Message, Does.Contain(found[0].What).And.Contain(found[0].Mend).And.EndWith("Nothing was changed."));
            Assert.That(unchanged, Is.EqualTo(before));
            Assert.That((real.Error, real.Result!.ToVersion), Is.EqualTo((MigrationError.ScriptFailed, 1)));
        }
    }

    [TestCase("CREATE TABLE IF NOT EXISTS account ()")]
    [TestCase("CREATE OR REPLACE VIEW named AS SELECT id, name FROM account")]
    [TestCase("DROP TABLE account, other CASCADE; CREATE TABLE account ()")]
    [TestCase("DROP VIEW named; DROP MATERIALIZED VIEW counted; DROP TABLE account, other")]
    [TestCase("DROP VIEW named; ALTER TABLE account ALTER COLUMN name TYPE text; CREATE VIEW named AS SELECT id FROM account")]
    [TestCase("ALTER TABLE account RENAME TO old; CREATE TABLE account ()")]
    [TestCase("CREATE TEMPORARY TABLE account (); ALTER TABLE account ADD COLUMN status text")]
    [TestCase("ALTER TABLE account DROP CONSTRAINT account_pkey CASCADE, ADD CONSTRAINT account_pkey PRIMARY KEY (id)")]
    [TestCase("DO $$ BEGIN EXECUTE 'DROP TABLE ' || 'account' || ' CASCADE'; END $$; CREATE TABLE account ()")]
    [TestCase("CREATE FUNCTION go() RETURNS void LANGUAGE sql AS 'DROP TABLE other'; SELECT go(); CREATE TABLE other ()")]
    [TestCase("SET LOCAL search_path = reports; CREATE TABLE account ()")]
    [TestCase("CREATE TABLE reports.account ()")]
    [TestCase("CREATE FUNCTION twice(n int) RETURNS int LANGUAGE sql AS 'SELECT 1'")]
    [TestCase("CREATE FUNCTION twice(n bigint, t text) RETURNS int LANGUAGE sql AS 'SELECT 1'")]
    [TestCase("CREATE OR REPLACE FUNCTION twice(n int, t text) RETURNS int LANGUAGE sql AS 'SELECT 1'")]
    [TestCase("CREATE INDEX IF NOT EXISTS other_idx ON other (id)")]
    [TestCase("ALTER TABLE account ADD COLUMN IF NOT EXISTS status int")]
    [TestCase("ALTER TABLE account DROP COLUMN name CASCADE, ADD COLUMN name text")]
    [TestCase("ALTER TYPE mood RENAME TO temper; CREATE TYPE mood AS ENUM ('bad')")]
    [TestCase("DROP TRIGGER account_stamp ON account; CREATE TRIGGER account_stamp BEFORE UPDATE ON account FOR EACH ROW EXECUTE FUNCTION "
        + "stamp()")]
    public async Task What_a_run_itself_removes_or_only_code_shows_is_no_obstacle(string statement)
    {
        await ExecuteAsync(Before);

        Assert.That((await Migrator(Scripts(statement)).PlanUpgradeAsync(cancellationToken: Token)).Obstacles, Is.Empty);
        Assert.That((await Migrator(Scripts(statement)).UpgradeAsync(cancellationToken: Token)).ToVersion, Is.EqualTo(1));
    }

    [Test]
    public async Task An_index_of_another_table_that_IF_NOT_EXISTS_would_accept_is_an_obstacle()
    {
        await ExecuteAsync(Before);
        var scripts = Scripts("-- autostack: no-transaction\nCREATE INDEX CONCURRENTLY IF NOT EXISTS other_idx ON account (id)");

        var found = (await Migrator(scripts).PlanUpgradeAsync(cancellationToken: Token)).Obstacles;

        Assert.That(found.Single().What,
            Does.Contain("The index other_idx of the table other").And.Contain("IF NOT EXISTS would accept it"));
    }

    [Test]
    public async Task Read_only_transactions_by_default_are_an_obstacle()
    {
        await ExecuteAsync($"ALTER DATABASE \"{new NpgsqlConnectionStringBuilder(ConnectionString).Database}\" " +
            "SET default_transaction_read_only = on");

        var run = await ConsoleRun.StartAsync(["upgrade", "--dry-run", "--json"], connection: ConnectionString, cancellationToken: Token);
        var real = await ConsoleRun.StartAsync(["upgrade", "--json"], connection: ConnectionString, cancellationToken: Token);
        var written = await ConsoleRun.StartAsync(
            ["upgrade"], connection: ConnectionString + ";Options=-c default_transaction_read_only=off", cancellationToken: Token);

        using (Assert.EnterMultipleScope())
        {
            Assert.That((run.Code, real.Code, written.Code), Is.EqualTo((1, 1, 0)));
            var obstacle = run.Json.GetProperty("obstacles")[0];
            Assert.That((obstacle.GetProperty("kind").GetString(), obstacle.GetProperty("script").GetString()),
                Is.EqualTo(("readOnly", (string?)null)));
            Assert.That(real.Json.GetProperty("error").GetProperty("kind").GetString(), Is.EqualTo("obstacles"));
            Assert.That(real.Json.GetProperty("error").GetProperty("message").GetString(),
                Does.Contain("Options=-c default_transaction_read_only=off"));
        }
    }

    [Test]
    public async Task A_downgrade_names_the_views_that_use_what_it_drops()
    {
        await StartAtAsync(Head);
        await ExecuteAsync("CREATE VIEW lines AS SELECT deployment_id, seq FROM deployment_logs");

        var run = await ConsoleRun.StartAsync(["downgrade", "2", "--dry-run"], connection: ConnectionString, cancellationToken: Token);

        Assert.That(run.Code, Is.EqualTo(1), run.Error);
        Assert.That(run.Output,
            Does.Contain("0003_add_log_sequence.down.sql will fail: deployment_logs.seq cannot be dropped: view lines depends")
            .And.Contain("DROP VIEW public.lines;").And.Contain($"{Head} → 2: {Head - 2} scripts would not all run."));
        await ExecuteAsync("DROP VIEW lines");
        var again = await ConsoleRun.StartAsync(["downgrade", "base", "--dry-run"], connection: ConnectionString, cancellationToken: Token);
        Assert.That(again.Code, Is.Zero, again.Output);
    }

    [Test]
    public async Task Every_plan_of_the_package_is_without_an_obstacle([Values] bool up)
    {
        if (!up)
        {
            await StartAtAsync(Head);
        }

        var plan = up ? await Migrator().PlanUpgradeAsync(cancellationToken: Token)
            : await Migrator().PlanDowngradeAsync(MigrationTarget.Base, Token);

        Assert.That(plan.Scripts, Has.Count.EqualTo(Head));
        Assert.That(plan.Obstacles, Is.Empty);
    }
}
