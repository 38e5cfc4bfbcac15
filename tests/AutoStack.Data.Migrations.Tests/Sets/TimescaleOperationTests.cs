using AutoStack.Data.LocalServer;
using AutoStack.Data.Migrations.Tests.Support;
using Npgsql;

namespace AutoStack.Data.Migrations.Tests.Sets;

/// <summary>
/// What operators do with a database that has the feature <c>timescale</c>: journals, other features, rights and backups.
/// </summary>
public sealed class TimescaleOperationTests : TimescaleTestsBase
{
    [Test]
    public async Task A_lost_journal_is_recorded_with_the_feature_and_nothing_is_adopted()
    {
        await Migrator().UpgradeAsync(On, cancellationToken: Token);
        var journaled = await ConsoleRun.StartAsync(["adopt"], connection: ConnectionString, cancellationToken: Token);
        await ExecuteAsync("DROP TABLE schema_versions");

        var lost = await ConsoleRun.StartAsync(["adopt"], connection: ConnectionString, cancellationToken: Token);
        await ConsoleRun.StartAsync(["stamp", $"{Head}", "--yes"], connection: ConnectionString, cancellationToken: Token);
        await ConsoleRun.StartAsync(["stamp", "5", "--set", Name, "--yes"], connection: ConnectionString, cancellationToken: Token);

        Assert.That((journaled.Code, journaled.Output), Is.EqualTo((0, $"An AutoStack database at version {Head}.\nNothing to do.\n")));
        Assert.That(lost.Code, Is.EqualTo(1));
        Assert.That(lost.Error, Does.Contain($"Nothing differs with the objects of {Name}. Record the versions: " +
            $"autostack-db stamp {Head}, then autostack-db stamp 5 --set {Name}. Nothing was changed."));
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

            Assert.That(
                (await OfAsync<string>(restored, Rows), await OfAsync<string>(restored, chunks), await OfAsync<long>(restored, jobs)),
                Is.EqualTo(before));
            Assert.That((await new SchemaMigrator(copy.ConnectionString).CheckAsync(Token)).IsClean);
        }
        finally
        {
            File.Delete(file);
        }
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
}
