using System.Runtime.Versioning;
using AutoStack.Data.LocalServer;
using AutoStack.Data.Migrations.Tests.Support;
using AutoStack.Data.Testing;
using Npgsql;

namespace AutoStack.Data.Migrations.Tests.Sets;

/// <summary>The feature <c>timescale</c> on filled tables, switched on and off.</summary>
public sealed class TimescaleTests : MigrationTests
{
    private const string Name = "timescale";

    // 10,000 checks. The deployments of the first ten have a container that runs, so that the exchange copies their latest checks.
    private const string Fill = """
        INSERT INTO users (name, email, created_at, updated_at) VALUES ('Ada', 'ada@example.com', now(), now());
        INSERT INTO projects (user_id, name, repository, created_at, updated_at) SELECT id, 'Site', 'ada/site', now(), now() FROM users;
        INSERT INTO deployments (project_id, user_id, status, created_at)
        SELECT p.id, p.user_id, 'success', now() FROM projects p, generate_series(1, 20);
        INSERT INTO deployment_health_checks (deployment_id, url, is_live, latency_ms, checked_at)
        SELECT d.id, 'http://a', n % 3 > 0, n,
            timezone('UTC', now()) - n * CASE WHEN n % 10 = 0 THEN interval '1 minute' ELSE interval '2 hours' END
        FROM deployments d, generate_series(1, 500) n;
        INSERT INTO deployment_containers (deployment_id, container_id, image, status, created_at)
        SELECT d.id, d.id, 'image', 'running', now() FROM (SELECT id FROM deployments ORDER BY id LIMIT 10) d;
        """;

    private const string Rows = "SELECT md5(string_agg(h::text, ' ' ORDER BY h.id)) FROM deployment_health_checks h";

    private PostgresServer own = null!;

    protected override PostgresServer Server => own;

    private static MigrationTarget On { get; } = MigrationTarget.Head.In(Name);

    private static MigrationTarget Off { get; } = MigrationTarget.Base.In(Name);

    [OneTimeSetUp]
    public async Task StartServerAsync() => own = await ExtensionServer.RequireAsync(Name);

    [SetUp]
    public async Task FillAsync()
    {
        await ExecuteAsync(ExtensionServer.CreateSql(Name));
        await Migrator().UpgradeAsync(cancellationToken: Token);
        await ExecuteAsync(Fill);
    }

    [Test]
    public async Task Enabled_checked_and_disabled_it_leaves_rows_and_catalog_as_they_were()
    {
        var (catalog, rows) = (await CatalogAsync(), await ScalarAsync<string>(Rows));

        await Migrator().UpgradeAsync(On, cancellationToken: Token);
        var enabled = await ScalarAsync<string>(Rows);
        var chunks = await ScalarAsync<long>("SELECT count(*) FROM show_chunks('deployment_health_checks')");
        var left = await ScalarAsync<long>("SELECT count(*) FROM autostack_timescale.deployment_health_checks");
        var check = await Migrator().CheckAsync(Token);
        await ExecuteAsync("SELECT compress_chunk(c) FROM show_chunks('deployment_health_checks') c");
        await Migrator().DowngradeAsync(Off, cancellationToken: Token);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(enabled, Is.EqualTo(rows));
            Assert.That(chunks, Is.GreaterThanOrEqualTo(6), "500 times two hours are six weeks");
            Assert.That(left, Is.Zero);
            Assert.That(check.Differences, Is.Empty);
            Assert.That(check.ForeignObjects, Is.Empty);
            Assert.That(await ScalarAsync<string>(Rows), Is.EqualTo(rows));
            Assert.That(await CatalogAsync(), Is.EqualTo(catalog));
        }
    }

    [Test]
    public async Task Without_the_extension_nothing_is_changed_and_the_message_says_how_to_create_it()
    {
        await ExecuteAsync("DROP EXTENSION timescaledb");

        var refused = Assert.ThrowsAsync<MigrationException>(() => Migrator().UpgradeAsync(On, cancellationToken: Token))!;

        Assert.That(refused.Error, Is.EqualTo(MigrationError.RequirementMissing));
        Assert.That(refused.Message, Does.Contain("CREATE EXTENSION timescaledb;"));
    }

    [Test]
    public async Task The_latest_checks_of_what_runs_are_there_after_the_exchange()
    {
        const string latest = """
            SELECT string_agg(md5(l::text), ' ' ORDER BY l.deployment_id, l.id)
            FROM deployment_containers c
            CROSS JOIN LATERAL (
                SELECT h.* FROM deployment_health_checks h WHERE h.deployment_id = c.deployment_id ORDER BY h.checked_at DESC, h.id DESC LIMIT 20
            ) l
            """;
        var before = await ScalarAsync<string>(latest);

        await Migrator().UpgradeAsync(MigrationTarget.Version(3).In(Name), cancellationToken: Token);
        var (rows, exchanged) = (await ScalarAsync<long>("SELECT count(*) FROM deployment_health_checks"), await ScalarAsync<string>(latest));
        await Migrator().UpgradeAsync(On, cancellationToken: Token);
        await Migrator().DowngradeAsync(MigrationTarget.Version(2).In(Name), cancellationToken: Token);

        Assert.That((rows, exchanged), Is.EqualTo((200L, before)));
        Assert.That(
            (await ScalarAsync<long>("SELECT count(*) FROM deployment_health_checks"), await ScalarAsync<string>(latest)),
            Is.EqualTo((200L, before)));
    }

    [Test]
    public async Task A_lost_journal_is_recorded_with_the_feature_and_nothing_is_adopted()
    {
        await Migrator().UpgradeAsync(On, cancellationToken: Token);
        var journaled = await ConsoleRun.StartAsync(["adopt"], connection: ConnectionString, cancellationToken: Token);
        await ExecuteAsync("DROP TABLE schema_versions");

        var lost = await ConsoleRun.StartAsync(["adopt"], connection: ConnectionString, cancellationToken: Token);
        await ConsoleRun.StartAsync(["stamp", $"{Head}", "--yes"], connection: ConnectionString, cancellationToken: Token);
        await ConsoleRun.StartAsync(["stamp", "5", "--set", Name, "--yes"], connection: ConnectionString, cancellationToken: Token);

        Assert.That((journaled.Code, lost.Code), Is.EqualTo((1, 1)), lost.Output);
        Assert.That(lost.Error, Does.Contain($"Nothing differs with the objects of {Name}. Record the versions: autostack-db stamp {Head}, " +
            $"then autostack-db stamp 5 --set {Name}. Nothing was changed."));
        Assert.That((await Migrator().CheckAsync(Token)).IsClean);
    }

    [Test]
    public async Task A_restored_dump_has_the_rows_the_chunks_and_the_jobs()
    {
        const string chunks = "SELECT count(*) || ' ' || count(*) FILTER (WHERE is_compressed) FROM timescaledb_information.chunks";
        const string jobs = "SELECT count(*) FROM timescaledb_information.jobs WHERE hypertable_name IS NOT NULL";
        await Migrator().UpgradeAsync(On, cancellationToken: Token);
        await ExecuteAsync("CALL refresh_continuous_aggregate('deployment_health_hours', NULL, NULL)");
        await ExecuteAsync("SELECT compress_chunk(c) FROM show_chunks('deployment_health_checks', older_than => interval '7 days') c");
        var before = (await ScalarAsync<string>(Rows), await ScalarAsync<string>(chunks), await ScalarAsync<long>(jobs));
        await using var copy = await Server.CreateEmptyDatabaseAsync(Token);
        var file = Path.GetTempFileName();
        try
        {
            await RunAsync("pg_dump", Database.ConnectionString, "--format", "custom", "--file", file);
            await using var restored = NpgsqlDataSource.Create(copy.ConnectionString);
            await using (var prepare = restored.CreateCommand("CREATE EXTENSION timescaledb; SELECT timescaledb_pre_restore()"))
            {
                await prepare.ExecuteNonQueryAsync(Token);
            }

            await RunAsync("pg_restore", copy.ConnectionString, "--exit-on-error", "--dbname", copy.Name, file);
            await using (var complete = restored.CreateCommand("SELECT timescaledb_post_restore()"))
            {
                await complete.ExecuteNonQueryAsync(Token);
            }

            Assert.That((await OfAsync<string>(restored, Rows), await OfAsync<string>(restored, chunks), await OfAsync<long>(restored, jobs)),
                Is.EqualTo(before));
            Assert.That((await new SchemaMigrator(copy.ConnectionString).CheckAsync(Token)).IsClean);
        }
        finally
        {
            File.Delete(file);
        }
    }

    private async Task<T> OfAsync<T>(NpgsqlDataSource source, string sql)
    {
        await using var command = source.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync(Token))!;
    }

    private async Task RunAsync(string program, string connectionString, params string[] options)
    {
        var server = new NpgsqlConnectionStringBuilder(connectionString);
        string[] environment =
        [
            $"PGHOST={server.Host}", $"PGPORT={server.Port}", $"PGUSER={server.Username}", $"PGPASSWORD={server.Password}",
            $"PGDATABASE={server.Database}",
        ];
        var path = Path.Combine(ExtensionServer.FolderOf(Name), program);
        if (!File.Exists(path))
        {
            Assert.Ignore($"The folder of the server has no {program}.");
        }

        var (code, _, error) = await Shell.RunAsync("env", [.. environment, path, .. options], folder: null, Token);
        Assert.That(code, Is.Zero, $"{program}: {error}");
    }

    [Test]
    public async Task The_feature_and_log_partitions_refuse_each_other()
    {
        var partitions = MigrationTarget.Head.In("log-partitions");
        await Migrator().UpgradeAsync(partitions, cancellationToken: Token);
        var second = Assert.ThrowsAsync<MigrationException>(() => Migrator().UpgradeAsync(On, cancellationToken: Token))!;
        await Migrator().DowngradeAsync(MigrationTarget.Base.In("log-partitions"), cancellationToken: Token);
        await Migrator().UpgradeAsync(On, cancellationToken: Token);
        var reverse = Assert.ThrowsAsync<MigrationException>(() => Migrator().UpgradeAsync(partitions, cancellationToken: Token))!;

        Assert.That((second.Error, reverse.Error), Is.EqualTo((MigrationError.RequirementMissing, MigrationError.RequirementMissing)));
        Assert.That(second.Message, Does.Contain("timescale/0001_create_health_check_functions.sql: timescale and log-partitions exclude " +
            "each other. Revert the other one first: autostack-db feature disable log-partitions.\nNothing was changed."));
        Assert.That(reverse.Message, Does.Contain("log-partitions/0001_create_log_partitions.sql: log-partitions and timescale exclude " +
            "each other. Revert the other one first: autostack-db feature disable timescale.\nNothing was changed."));
    }

    [TestCase("CREATE VIEW public.outages AS SELECT * FROM deployment_health_checks", "view public.outages")]
    [TestCase("CREATE POLICY own ON deployment_health_checks USING (TRUE)", "policy own")]
    [TestCase("CREATE PUBLICATION checks FOR TABLE deployment_health_checks", "publication checks")]
    public async Task What_would_stay_with_the_plain_table_is_refused(string sql, string named)
    {
        await ExecuteAsync(sql);
        var rows = await ScalarAsync<string>(Rows);

        var refused = Assert.ThrowsAsync<MigrationException>(() => Migrator().UpgradeAsync(On, cancellationToken: Token))!;

        Assert.That(refused.Message, Does.Contain("0003_exchange_health_checks.sql").And.Contain("health_check_obstacles()"));
        Assert.That(await ListAsync("SELECT * FROM health_check_obstacles()"), Is.EqualTo(new[] { named }));
        Assert.That(await ScalarAsync<string>(Rows), Is.EqualTo(rows));
    }

    [Test]
    public async Task Rights_on_the_table_are_kept()
    {
        await ExecuteAsync("""
            DO $do$ BEGIN CREATE ROLE check_reader; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $do$;
            GRANT SELECT (id), INSERT ON deployment_health_checks TO check_reader;
            """);
        const string rights = """
            SELECT has_column_privilege('check_reader', 'deployment_health_checks', 'id', 'SELECT') || ' '
                || has_column_privilege('check_reader', 'deployment_health_checks', 'url', 'SELECT') || ' '
                || has_table_privilege('check_reader', 'deployment_health_checks', 'INSERT')
            """;
        var before = await ScalarAsync<string>(rights);

        await Migrator().UpgradeAsync(On, cancellationToken: Token);
        var during = await ScalarAsync<string>(rights);
        await Migrator().DowngradeAsync(Off, cancellationToken: Token);
        var after = await ScalarAsync<string>(rights);
        await ExecuteAsync("DROP OWNED BY check_reader");

        Assert.That((before, during, after), Is.EqualTo(("true false true", "true false true", "true false true")));
    }

    // The exchange waits for a reader of the table, and the batches for whoever holds a row.
    [TestCase(0, "SELECT count(*) FROM deployment_health_checks")]
    [TestCase(3, "SELECT FROM autostack_timescale.deployment_health_checks ORDER BY checked_at LIMIT 1 FOR UPDATE")]
    [UnsupportedOSPlatform("windows")]
    [Platform(Exclude = "Win")]
    public async Task Killed_while_it_is_enabled_the_next_run_completes(int version, string held)
    {
        var rows = await ScalarAsync<string>(Rows);
        if (version > 0)
        {
            await Migrator().UpgradeAsync(MigrationTarget.Version(version).In(Name), cancellationToken: Token);
        }

        await KillAsync(["feature", "enable", Name], held);
        await Migrator().UpgradeAsync(On, cancellationToken: Token);

        Assert.That(await ScalarAsync<string>(Rows), Is.EqualTo(rows));
    }

    [TestCase(5, "SELECT count(*) FROM deployment_health_checks")]
    [TestCase(2, "SELECT FROM deployments LIMIT 1 FOR UPDATE")]
    [UnsupportedOSPlatform("windows")]
    [Platform(Exclude = "Win")]
    public async Task Killed_while_it_is_disabled_the_next_run_completes(int version, string held)
    {
        var (catalog, rows) = (await CatalogAsync(), await ScalarAsync<string>(Rows));
        await Migrator().UpgradeAsync(On, cancellationToken: Token);
        await Migrator().DowngradeAsync(MigrationTarget.Version(version).In(Name), cancellationToken: Token);

        await KillAsync(["feature", "disable", Name, "--yes"], held);
        await Migrator().DowngradeAsync(Off, cancellationToken: Token);

        Assert.That(await ScalarAsync<string>(Rows), Is.EqualTo(rows));
        Assert.That(await CatalogAsync(), Is.EqualTo(catalog));
    }

    private async Task KillAsync(string[] verb, string held)
    {
        await using (await HoldAsync(held))
        {
            using var console = ConsoleProcess.Start(ConnectionString, verb);
            await UntilMigratorWaitsForTableAsync();
            Assert.That((await console.KillAsync(Token)).Code, Is.Not.Zero);
        }
    }
}
