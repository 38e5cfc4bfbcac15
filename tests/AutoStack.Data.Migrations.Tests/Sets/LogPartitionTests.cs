using System.Runtime.Versioning;
using AutoStack.Data.Migrations.Tests.Support;
using Npgsql;

namespace AutoStack.Data.Migrations.Tests.Sets;

/// <summary>What the feature <c>log-partitions</c> refuses and keeps, under traffic and kills.</summary>
public sealed class LogPartitionTests : LogPartitionTestsBase
{
    [Test]
    public async Task The_core_is_reverted_after_the_feature()
    {
        await Migrator().UpgradeAsync(On, cancellationToken: Token);

        var refused = Assert.ThrowsAsync<MigrationException>(
            () => Migrator().DowngradeAsync(MigrationTarget.Base, cancellationToken: Token))!;
        await Migrator().DowngradeAsync(Off, cancellationToken: Token);
        await Migrator().DowngradeAsync(MigrationTarget.Base, cancellationToken: Token);

        Assert.That(refused.Message, Does.Contain(Name));
        Assert.That(await ExistsAsync("deployment_logs"), Is.False);
    }

    [Test]
    public async Task A_lost_journal_is_recorded_with_the_feature_and_nothing_is_adopted()
    {
        await Migrator().UpgradeAsync(On, cancellationToken: Token);
        var journaled = await ConsoleRun.StartAsync(["adopt"], connection: ConnectionString, cancellationToken: Token);
        await ExecuteAsync("DROP TABLE schema_versions");

        var lost = await ConsoleRun.StartAsync(["adopt"], connection: ConnectionString, cancellationToken: Token);
        await ConsoleRun.StartAsync(["stamp", $"{Head}", "--yes"], connection: ConnectionString, cancellationToken: Token);
        await ConsoleRun.StartAsync(["stamp", "7", "--set", Name, "--yes"], connection: ConnectionString, cancellationToken: Token);

        Assert.That((journaled.Code, journaled.Output), Is.EqualTo((0, $"An AutoStack database at version {Head}.\nNothing to do.\n")));
        Assert.That(lost.Code, Is.EqualTo(1));
        Assert.That(
            lost.Error,
            Does.Contain($"Nothing differs with the objects of {Name}. Record the versions: autostack-db stamp {Head}, " +
                $"then autostack-db stamp 7 --set {Name}. Nothing was changed."));
        Assert.That((await Migrator().CheckAsync(Token)).IsClean);
    }

    [Test]
    public async Task Rights_on_the_tables_are_kept()
    {
        await ExecuteAsync("""
            DO $do$ BEGIN CREATE ROLE partition_reader; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $do$;
            GRANT SELECT (id, seq) ON deployment_logs TO partition_reader;
            GRANT SELECT, INSERT ON deployment_health_checks TO partition_reader WITH GRANT OPTION;
            """);
        const string rights = """
            SELECT table_name || ' ' || privilege_type || ' ' || is_grantable FROM information_schema.role_table_grants
            WHERE grantee = 'partition_reader' AND table_schema = 'public'
            UNION ALL
            SELECT table_name || '.' || column_name || ' ' || privilege_type FROM information_schema.role_column_grants
            WHERE grantee = 'partition_reader' AND table_schema = 'public' AND table_name = 'deployment_logs'
            ORDER BY 1
            """;
        var before = await ListAsync(rights);

        await Migrator().UpgradeAsync(On, cancellationToken: Token);
        var during = await ListAsync(rights);
        await Migrator().DowngradeAsync(Off, cancellationToken: Token);
        var after = await ListAsync(rights);
        await ExecuteAsync("DROP OWNED BY partition_reader");

        Assert.That(before, Has.Count.EqualTo(4));
        Assert.That(during, Is.EqualTo(before));
        Assert.That(after, Is.EqualTo(before));
    }

    [Test]
    public async Task Policies_and_row_security_of_the_tables_are_kept()
    {
        const string security = """
            SELECT concat_ws(' ', c.oid::regclass, c.relrowsecurity, c.relforcerowsecurity, p.polname, p.polcmd, p.polpermissive,
                pg_get_expr(p.polqual, c.oid), pg_get_expr(p.polwithcheck, c.oid))
            FROM pg_class c
            LEFT JOIN pg_policy p ON p.polrelid = c.oid
            WHERE c.relkind IN ('r', 'p') AND (c.relrowsecurity OR c.relforcerowsecurity OR p.oid IS NOT NULL)
            ORDER BY 1
            """;
        await ExecuteAsync("""
            ALTER TABLE deployment_logs ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
            ALTER TABLE deployment_health_checks ENABLE ROW LEVEL SECURITY;
            CREATE POLICY own ON deployment_logs USING (EXISTS (SELECT FROM deployments d WHERE d.id = deployment_id)) WITH CHECK (FALSE);
            CREATE POLICY live ON deployment_health_checks AS RESTRICTIVE FOR SELECT TO PUBLIC USING (is_live);
            """);
        var before = await ListAsync(security);

        await Migrator().UpgradeAsync(On, cancellationToken: Token);
        var during = await ListAsync(security);
        await Migrator().DowngradeAsync(Off, cancellationToken: Token);

        Assert.That(before, Has.Count.EqualTo(2));
        Assert.That(during, Is.EqualTo(before));
        Assert.That(await ListAsync(security), Is.EqualTo(before));
    }

    [TestCase("CREATE VIEW public.errors AS SELECT * FROM deployment_logs", "deployment_logs", "view public.errors")]
    [TestCase("CREATE PUBLICATION lines FOR TABLE deployment_runtime_logs", "deployment_runtime_logs", "publication lines")]
    [TestCase("CREATE TABLE marks (line uuid REFERENCES deployment_logs)", "deployment_logs",
        "foreign key marks_line_fkey of public.marks")]
    [TestCase("ALTER TABLE deployment_logs ADD COLUMN number bigint GENERATED ALWAYS AS IDENTITY", "deployment_logs",
        "identity column number")]
    [TestCase("ALTER TABLE deployment_health_checks ADD COLUMN long int GENERATED ALWAYS AS (length(url)) STORED",
        "deployment_health_checks", "generated column long")]
    public async Task What_would_stay_with_the_plain_table_is_refused(string sql, string table, string named)
    {
        await ExecuteAsync(sql);
        var rows = await ScalarAsync<string>(Rows);

        var refused = Assert.ThrowsAsync<MigrationException>(
            () => Migrator(new SchemaMigratorOptions { IgnoreObstacles = true }).UpgradeAsync(On, cancellationToken: Token))!;

        Assert.That(
            refused.Message,
            Does.Contain($"_{table}.sql: A view, rule").And.Contain($"log_partition_obstacles('{table}')")
                .And.Contain(named.Contains(" column ") ? $", column {named.Split(' ')[^1]}" : " (55000)."));
        Assert.That(await ListAsync($"SELECT * FROM log_partition_obstacles('{table}')"), Is.EqualTo(new[] { named }));
        Assert.That(await ScalarAsync<string>(Rows), Is.EqualTo(rows));
    }

    [Test]
    public async Task Writers_go_on_while_the_feature_is_enabled_and_disabled()
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var writers = Enumerable.Range(0, 4).Select(n => WriteAsync(n, stop.Token)).ToList();

        await Migrator().UpgradeAsync(On, cancellationToken: Token);
        await Migrator().DowngradeAsync(Off, cancellationToken: Token);
        await stop.CancelAsync();
        var written = (await Task.WhenAll(writers)).Sum();

        Assert.That(written, Is.GreaterThan(0));
        Assert.That(await ScalarAsync<long>("SELECT count(*) FROM deployment_logs WHERE message = 'during'"), Is.EqualTo(written));
        Assert.That(await ScalarAsync<long>("SELECT count(*) FROM deployment_health_checks WHERE url = 'during'"), Is.EqualTo(written));
        Assert.That(
            await ListAsync("SELECT deployment_id FROM deployment_logs GROUP BY 1 HAVING count(*) <> max(seq) OR min(seq) <> 1"), Is.Empty);
    }

    [Test]
    [UnsupportedOSPlatform("windows")]
    [Platform(Exclude = "Win")]
    public async Task Killed_in_any_script_that_enables_the_next_run_completes()
    {
        var rows = await ScalarAsync<string>(Rows);

        await KillInEachAsync(
            ["feature", "enable", Name],
            Read("deployment_logs"), Read("deployment_runtime_logs"), Read("deployment_health_checks"), Read("deployment_logs"), Write);

        Assert.That(await ScalarAsync<string>(Rows), Is.EqualTo(rows));
        Assert.That((await Migrator().CheckAsync(Token)).Differences, Is.Empty);
    }

    [Test]
    [UnsupportedOSPlatform("windows")]
    [Platform(Exclude = "Win")]
    public async Task Killed_while_tables_are_exchanged_back_or_rows_move_the_next_run_completes()
    {
        var (catalog, rows) = (await CatalogAsync(), await ScalarAsync<string>(Rows));
        await Migrator().UpgradeAsync(On, cancellationToken: Token);

        await KillInEachAsync(
            ["feature", "disable", Name, "--yes"],
            Read("deployment_health_checks"), Read("deployment_logs"), Read("deployment_runtime_logs"));

        Assert.That(await ScalarAsync<string>(Rows), Is.EqualTo(rows));
        Assert.That(await CatalogAsync(), Is.EqualTo(catalog));
    }

    [Test]
    [UnsupportedOSPlatform("windows")]
    [Platform(Exclude = "Win")]
    public async Task Killed_while_partitions_are_reserved_or_created_the_next_maintenance_completes()
    {
        await Migrator().UpgradeAsync(On, cancellationToken: Token);
        await ExecuteAsync("UPDATE log_partition_settings SET ahead = ahead + 1");
        const string partitions = "SELECT count(*) FROM log_partition_settings s, log_partition_bounds(s.table_name)";
        var before = await ScalarAsync<long>(partitions);

        await KillInEachAsync(["partitions", "maintain"], Read("deployment_logs"), Write);

        Assert.That(await ScalarAsync<long>(partitions), Is.EqualTo(before + 3));
        Assert.That(await ListAsync("SELECT conname FROM pg_constraint WHERE conname LIKE '%ahead_check' AND contype = 'c'"),
            Is.EqualTo(new[] { "log_partition_settings_ahead_check" }), "nothing stays reserved");
        Assert.That((await Migrator().CheckAsync(Token)).Differences, Is.Empty);
    }

    // A reader of a table holds the exchange of the table back, and the reservation of partitions.
    private static string Read(string table) => $"SELECT count(*) FROM {table}";

    // A writer of deployments holds back what attaches partitions.
    private const string Write = "LOCK TABLE deployments IN ROW EXCLUSIVE MODE";

    // The process is killed while its statement waits for another transaction.
    private async Task KillInEachAsync(string[] verb, params string[] holds)
    {
        foreach (var hold in holds)
        {
            await using (await HoldAsync(hold))
            {
                using var console = ConsoleProcess.Start(ConnectionString, verb);
                await UntilMigratorWaitsForTableAsync();
                var killed = await console.KillAsync(Token);
                Assert.That(killed.Code, Is.Not.Zero);
            }
        }

        using var next = ConsoleProcess.Start(ConnectionString, verb);
        var run = await next.ToEndAsync(Token);
        Assert.That(run.Code, Is.Zero, run.Error);
    }

    // Lines of two writers go into each log, so that a number that is given twice fails.
    private async Task<int> WriteAsync(int writer, CancellationToken stop)
    {
        var written = 0;
        await using var connection = await Raw.OpenConnectionAsync(Token);
        await using var command = new NpgsqlCommand(
            """
            WITH line AS (
                INSERT INTO deployment_logs (deployment_id, message) SELECT d.id, 'during' FROM deployments d OFFSET $1 LIMIT 1
            )
            INSERT INTO deployment_health_checks (deployment_id, url, is_live) SELECT d.id, 'during', TRUE FROM deployments d LIMIT 1
            """, connection);
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = writer / 2 });
        while (!stop.IsCancellationRequested)
        {
            await command.ExecuteNonQueryAsync(Token);
            written++;
        }

        return written;
    }
}
