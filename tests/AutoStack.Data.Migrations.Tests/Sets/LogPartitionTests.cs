using System.Runtime.Versioning;
using AutoStack.Data.Migrations.Tests.Support;
using AutoStack.Data.Testing;
using Npgsql;

namespace AutoStack.Data.Migrations.Tests.Sets;

/// <summary>The feature <c>log-partitions</c> on filled tables, on the server of the run and on other releases.</summary>
[TestFixture("")]
[TestFixture("14.23.0-beta.17")]
[TestFixture("16.14.0-beta.17")]
[TestFixture("17.10.0-beta.17")]
[TestFixture("18.4.0-beta.17")]
public sealed class LogPartitionTests(string release) : MigrationTests
{
    private const string Name = "log-partitions";

    // Deployments and rows of the past, and one in ten whose ids lie in a period to come, as ids of version 4 may.
    private const string Fill = """
        CREATE FUNCTION pg_temp.key(moment timestamptz, n bigint) RETURNS uuid LANGUAGE sql AS $$
            SELECT (lpad(to_hex((extract(epoch FROM moment) * 1000)::bigint), 12, '0') || '70008000' || lpad(to_hex(n), 12, '0'))::uuid
        $$;
        CREATE FUNCTION pg_temp.key(n bigint) RETURNS uuid LANGUAGE sql AS $$
            SELECT pg_temp.key(now() + CASE WHEN n % 10 = 0 THEN interval '10 days' ELSE interval '-10 days' END, n)
        $$;
        INSERT INTO users (id, name, email, created_at, updated_at) VALUES (pg_temp.key(1), 'Ada', 'ada@example.com', now(), now());
        INSERT INTO projects (id, user_id, name, repository, created_at, updated_at)
        VALUES (pg_temp.key(1), pg_temp.key(1), 'Site', 'ada/site', now(), now());
        INSERT INTO deployments (id, project_id, user_id, status, created_at)
        SELECT pg_temp.key(n), pg_temp.key(1), pg_temp.key(1), 'success', now() FROM generate_series(1, 50) n;
        INSERT INTO deployment_logs (deployment_id, message) SELECT pg_temp.key(1 + n % 50), 'line ' || n FROM generate_series(1, 500) n;
        INSERT INTO deployment_runtime_logs (id, deployment_id, message)
        SELECT pg_temp.key(n), pg_temp.key(1 + n % 50), 'line ' || n FROM generate_series(1, 500) n;
        INSERT INTO deployment_health_checks (id, deployment_id, url, is_live)
        SELECT pg_temp.key(n), pg_temp.key(1 + n % 50), 'http://a', TRUE FROM generate_series(1, 500) n;
        """;

    private const string Rows = """
        SELECT md5((SELECT string_agg(l::text, ' ' ORDER BY l.id) FROM deployment_logs l)
            || (SELECT string_agg(r::text, ' ' ORDER BY r.id) FROM deployment_runtime_logs r)
            || (SELECT string_agg(h::text, ' ' ORDER BY h.id) FROM deployment_health_checks h))
        """;

    private const string Places = """
        SELECT count(DISTINCT tableoid) || ' ' || count(*) FROM deployment_logs
        UNION ALL SELECT count(DISTINCT tableoid) || ' ' || count(*) FROM deployment_runtime_logs
        UNION ALL SELECT count(DISTINCT tableoid) || ' ' || count(*) FROM deployment_health_checks
        """;

    private static readonly MigrationTarget On = MigrationTarget.Head.In(Name);
    private static readonly MigrationTarget Off = MigrationTarget.Base.In(Name);

    private PostgresServer? own;

    protected override PostgresServer Server => own ?? TestServer.Current;

    [OneTimeSetUp]
    public async Task StartServerAsync()
    {
        if (release.Length == 0)
        {
            return;
        }

        try
        {
            own = await PostgresServer.StartAsync(new PostgresServerOptions { NpmVersion = release });
        }
        catch (PostgresUnavailableException exception)
        {
            Assert.Ignore(exception.Message);
        }
    }

    [OneTimeTearDown]
    public async Task StopServerAsync()
    {
        if (own is not null)
        {
            await own.DisposeAsync();
        }
    }

    [SetUp]
    public async Task FillAsync()
    {
        await StartAtAsync(Head);
        await ExecuteAsync(Fill);
    }

    [Test]
    public async Task Enabled_checked_and_disabled_it_leaves_rows_and_catalog_as_they_were()
    {
        var (catalog, rows) = (await CatalogAsync(), await ScalarAsync<string>(Rows));

        await Migrator().UpgradeAsync(On, cancellationToken: Token);
        var enabled = await ScalarAsync<string>(Rows);
        var places = await ListAsync(Places);
        var check = await Migrator().CheckAsync(Token);
        await Migrator().DowngradeAsync(Off, cancellationToken: Token);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(enabled, Is.EqualTo(rows));
            Assert.That(places, Is.EqualTo(new[] { "2 500", "2 500", "2 500" }), "rows of a period to come have moved into its partition");
            Assert.That(check.Differences, Is.Empty);
            Assert.That(check.ForeignObjects, Is.Empty);
            Assert.That(await ScalarAsync<string>(Rows), Is.EqualTo(rows));
            Assert.That(await CatalogAsync(), Is.EqualTo(catalog));
        }
    }

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

    [TestCase("CREATE VIEW public.errors AS SELECT * FROM deployment_logs", "deployment_logs", "view public.errors")]
    [TestCase("CREATE POLICY own ON deployment_health_checks USING (TRUE)", "deployment_health_checks", "policy own")]
    [TestCase("CREATE PUBLICATION lines FOR TABLE deployment_runtime_logs", "deployment_runtime_logs", "publication lines")]
    [TestCase("CREATE TABLE marks (line uuid REFERENCES deployment_logs)", "deployment_logs",
        "foreign key marks_line_fkey of public.marks")]
    public async Task What_would_stay_with_the_plain_table_is_refused(string sql, string table, string named)
    {
        await ExecuteAsync(sql);
        var rows = await ScalarAsync<string>(Rows);

        var refused = Assert.ThrowsAsync<MigrationException>(() => Migrator().UpgradeAsync(On, cancellationToken: Token))!;

        Assert.That(refused.Message, Does.Contain($"_{table}.sql: A view, rule").And.Contain($"log_partition_obstacles('{table}')"));
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
    public async Task Killed_in_any_script_the_next_run_completes()
    {
        var (catalog, rows) = (await CatalogAsync(), await ScalarAsync<string>(Rows));
        await KillInEachAsync(
            ["feature", "enable", Name],
            ["deployment_logs", "deployment_runtime_logs", "deployment_health_checks", "deployment_logs"]);

        Assert.That(await ScalarAsync<string>(Rows), Is.EqualTo(rows));
        Assert.That((await Migrator().CheckAsync(Token)).Differences, Is.Empty);
        await KillInEachAsync(["feature", "disable", Name, "--yes"], ["deployment_logs", "deployment_runtime_logs"]);

        Assert.That(await ScalarAsync<string>(Rows), Is.EqualTo(rows));
        Assert.That(await CatalogAsync(), Is.EqualTo(catalog));
    }

    // A reader of the table holds the script of the table back: the process is killed while the script waits.
    private async Task KillInEachAsync(string[] verb, string[] tables)
    {
        foreach (var table in tables)
        {
            await using (await HoldAsync($"SELECT count(*) FROM {table}"))
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
