using AutoStack.Data.Migrations.Tests.Support;
using Npgsql;

namespace AutoStack.Data.Migrations.Tests;

public sealed class ConcurrentIndexTests : MigrationTests
{
    private const string Build = "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS t_id_key ON t (id)";
    private const string Built = "index t_id_key: CREATE UNIQUE INDEX t_id_key ON public.t USING btree (id)";

    [SetUp]
    public Task CreateTableAsync() => ExecuteAsync("CREATE TABLE t (id int)");

    [TestCase("-- autostack: no-transaction\n" + Build)]
    [TestCase("-- autostack: no-transaction\n" + Build + ";\n")]
    [TestCase("-- autostack: no-transaction\r\n-- why; and what's more\r\n" + Build + ";\r\n")]
    [TestCase("-- autostack: no-transaction\n" + Build + ";\n-- the end\n")]
    public async Task A_script_without_transaction_builds_an_index_concurrently(string up)
    {
        await Migrator(Scripts(up)).UpgradeAsync(cancellationToken: Token);

        Assert.That(await CatalogAsync(), Has.Member(Built));
        Assert.That(await AppliedAsync(), Is.EqualTo(new[] { "1" }));
    }

    [Test]
    public async Task An_invalid_index_is_dropped_and_rebuilt()
    {
        await ExecuteAsync("INSERT INTO t VALUES (1), (1)");
        Assert.ThrowsAsync<PostgresException>(() => ExecuteAsync(Build));
        Assert.That(await CatalogAsync(), Has.Member(Built + " (invalid)"));
        await ExecuteAsync("DELETE FROM t WHERE ctid = '(0,1)'");

        await Migrator(Scripts("-- autostack: no-transaction\n" + Build)).UpgradeAsync(cancellationToken: Token);

        Assert.That(await CatalogAsync(), Has.Member(Built));
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task An_invalid_index_in_another_schema_is_dropped_and_rebuilt(bool inPsql)
    {
        const string There = """CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS "Ada's key" ON "Ada's log".t (id)""";
        const string IsValid = """SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('"Ada''s log"."Ada''s key"')""";
        await ExecuteAsync("""CREATE SCHEMA "Ada's log"; CREATE TABLE "Ada's log".t AS SELECT 1 AS id FROM generate_series(1, 2)""");
        Assert.ThrowsAsync<PostgresException>(() => ExecuteAsync(There));
        Assert.That(await ScalarAsync<bool>(IsValid), Is.False);
        await ExecuteAsync("""DELETE FROM "Ada's log".t WHERE ctid = '(0,1)'""");
        var migrator = Migrator(Scripts("-- autostack: no-transaction\n" + There));

        if (inPsql)
        {
            var plan = await migrator.PlanUpgradeAsync(cancellationToken: Token);
            var (code, error) = await Psql.RunAsync(ConnectionString, plan.ToPsqlScript(), Token);
            Assert.That(code, Is.Zero, error);
        }
        else
        {
            await migrator.UpgradeAsync(cancellationToken: Token);
        }

        Assert.That(await ScalarAsync<bool>(IsValid), Is.True);
    }

    [Test]
    public async Task A_failed_build_leaves_nothing_and_succeeds_in_the_next_run()
    {
        var scripts = Scripts("-- autostack: no-transaction\n" + Build);
        await ExecuteAsync("INSERT INTO t VALUES (1), (1)");

        var failure = Assert.ThrowsAsync<MigrationException>(() => Migrator(scripts).UpgradeAsync(cancellationToken: Token))!;
        var noted = await AppliedAsync();
        var left = await ExistsAsync("t_id_key");
        await ExecuteAsync("DELETE FROM t WHERE ctid = '(0,1)'");
        await Migrator(scripts).UpgradeAsync(cancellationToken: Token);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(failure.Error, Is.EqualTo(MigrationError.ScriptFailed));
            Assert.That(failure.Message, Does.Contain("23505"));
            Assert.That(noted, Is.Empty);
            Assert.That(left, Is.False, "an invalid index was left");
            Assert.That(await AppliedAsync(), Is.EqualTo(new[] { "1" }));
            Assert.That(await CatalogAsync(), Has.Member(Built));
        }
    }

    [Test]
    public async Task A_cancelled_build_leaves_nothing_once_it_is_unblocked()
    {
        await ExecuteAsync("INSERT INTO t VALUES (1); CREATE FUNCTION slow(int) RETURNS int IMMUTABLE LANGUAGE sql RETURN (SELECT 1 FROM " +
            "pg_sleep(600))");
        using var cancelling = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var migration = Migrator(
            Scripts("-- autostack: no-transaction\nCREATE INDEX CONCURRENTLY IF NOT EXISTS t_slow_idx ON t (slow(id))"))
            .UpgradeAsync(cancellationToken: cancelling.Token);
        await UntilAsync($"SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep')");

        await cancelling.CancelAsync();

        Assert.That(async () => await migration, Throws.InstanceOf<OperationCanceledException>());
        Assert.That(await ExistsAsync("t_slow_idx"), Is.False);
    }

    [Test]
    public async Task A_valid_index_of_that_name_is_kept()
    {
        await ExecuteAsync(Build);
        var before = await ScalarAsync<uint>("SELECT 't_id_key'::regclass::oid");

        await Migrator(Scripts("-- autostack: no-transaction\n" + Build)).UpgradeAsync(cancellationToken: Token);

        Assert.That(await ScalarAsync<uint>("SELECT 't_id_key'::regclass::oid"), Is.EqualTo(before));
    }

    [Test]
    public async Task Several_statements_in_a_script_without_transaction_are_refused_before_anything_runs()
    {
        var scripts = Scripts(
            "CREATE TABLE never ()", $"-- autostack: no-transaction\n{Build};\nCREATE INDEX CONCURRENTLY t_id_idx ON t (id);");
        Func<Task>[] runs =
        [
            () => Migrator(scripts).UpgradeAsync(cancellationToken: Token),
            () => Migrator(scripts).RehearseUpgradeAsync(cancellationToken: Token),
            () => Migrator(scripts).PlanUpgradeAsync(cancellationToken: Token),
        ];

        foreach (var run in runs)
        {
            var failure = Assert.ThrowsAsync<MigrationException>(run)!;

            using (Assert.EnterMultipleScope())
            {
                Assert.That(failure.Error, Is.EqualTo(MigrationError.ScriptFailed));
                Assert.That(failure.Message, Does.StartWith("0002_run_test.sql, line 3: ").And.Contain("25001"));
                Assert.That(await ExistsAsync("schema_versions") || await ExistsAsync("never") || await ExistsAsync("t_id_idx"), Is.False);
            }
        }
    }

    [TestCase("CREATE FUNCTION one() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT 2; END")]
    [TestCase("DO $$ BEGIN PERFORM 1; PERFORM 2; END $$;\n-- the end;\n")]
    public async Task A_body_with_several_statements_is_one_statement(string statement)
    {
        var result = await Migrator(Scripts("-- autostack: no-transaction\n" + statement)).UpgradeAsync(cancellationToken: Token);

        Assert.That(result.ToVersion, Is.EqualTo(1));
    }
}
