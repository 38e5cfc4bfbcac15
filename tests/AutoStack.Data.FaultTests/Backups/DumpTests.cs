using AutoStack.Data.FaultTests.Schedules;
using AutoStack.Data.FaultTests.Servers;
using AutoStack.Data.FaultTests.Sites;
using AutoStack.Data.LocalServer;
using AutoStack.Data.Migrations;
using AutoStack.Data.Migrations.Tests.Support;
using Npgsql;

namespace AutoStack.Data.FaultTests.Backups;

/// <summary><c>pg_dump</c> and <c>pg_restore</c> of a database in which every table has rows, every feature on.</summary>
[TestFixture]
public sealed class DumpTests
{
    // What the callers of the laboratory leave empty.
    private const string Others = """
        INSERT INTO user_preferences (id, user_id) SELECT gen_random_uuid(), id FROM users LIMIT 20;
        INSERT INTO github_connections (user_id, github_access_token, scope) SELECT id, E'\\ \t \r\n '' "', '' FROM users LIMIT 20;
        INSERT INTO user_identities SELECT gen_random_uuid(), id, 'gitlab', E'7 \\ ' || id, now() FROM users LIMIT 20;
        INSERT INTO email_verification_tokens
        SELECT gen_random_uuid(), id, 'change', 'new' || email, email, md5(id::text), now(), NULL, NULL, now() FROM users LIMIT 20;
        INSERT INTO upkeep_leases (name, created_at, holder) VALUES ('retention', now(), E'host "\\" \t');
        INSERT INTO sign_in_attempts VALUES ('subject', 3, now());
        INSERT INTO deployment_runtime_logs (deployment_id, message) SELECT id, 'Größe 🚀 ' || id FROM deployments LIMIT 20;
        INSERT INTO deployment_leases (deployment_id, worker, claim_key, attempt, claimed_at, renewed_at)
        SELECT id, 'worker', gen_random_uuid(), 1, now(), now() FROM deployments LIMIT 5;
        INSERT INTO queue_pauses (id, project_id, paused_by, reason, paused_at) SELECT id, id, 'Ada', E'\\ \t', now() FROM projects LIMIT 5;
        INSERT INTO live_deployments (project_id, is_production, branch, deployment_id, queued_at, live_at)
        SELECT DISTINCT ON (project_id) project_id, FALSE, 'dumped', id, created_at, now() FROM deployments;
        """;

    // A row in each partition, beside those in the default partitions, and the ends of dropped logs.
    private const string InPartitions = """
        INSERT INTO deployments (id, project_id, user_id, status, created_at)
        SELECT b.lower, d.project_id, d.user_id, 'success', now()
        FROM log_partition_bounds('deployment_logs') b, (SELECT * FROM deployments LIMIT 1) d;
        INSERT INTO deployment_logs (deployment_id, message)
        SELECT b.lower, 'Größe 🚀' FROM log_partition_bounds('deployment_logs') b, generate_series(1, 2);
        INSERT INTO deployment_runtime_logs (id, deployment_id, message)
        SELECT b.lower, d.id, 'line' FROM log_partition_bounds('deployment_runtime_logs') b, (SELECT id FROM deployments LIMIT 1) d;
        INSERT INTO deployment_health_checks (id, deployment_id, url, is_live)
        SELECT b.lower, d.id, 'http://a', TRUE
        FROM log_partition_bounds('deployment_health_checks') b, (SELECT id FROM deployments LIMIT 1) d;
        INSERT INTO deployment_log_ends (deployment_id, seq, log_bytes, runtime_seq) SELECT id, 3, 400, NULL FROM deployments LIMIT 5;
        """;

    private static FaultServer Server => FaultServers.Current;

    private static CancellationToken Token => TestContext.CurrentContext.CancellationToken;

    [Test]
    public async Task A_restored_dump_has_the_schema_and_every_row([Values("custom", "directory")] string format)
    {
        if (!File.Exists(Path.Combine(Server.Binaries, "pg_dump")))
        {
            Assert.Ignore($"{Server.Binaries} has no pg_dump.");
        }

        var site = await ServerSite.CreateAsync(Server, Token);
        await using var laboratory = await Laboratory.StartAsync(site, seed: 1, Token);
        Assert.That((await laboratory.EndAsync(Token)).Findings, Is.Empty);
        var original = Server.ConnectionStringTo(site.Database);
        await ExecuteAsync(original, "CREATE EXTENSION pg_trgm");
        var migrator = new SchemaMigrator(original);
        // The features citus and timescale need other servers, and exclude log-partitions.
        foreach (var feature in (await migrator.ReadFeaturesAsync(Token)).Where(feature => feature.Name is not ("citus" or "timescale")))
        {
            await migrator.UpgradeAsync(MigrationTarget.Head.In(feature.Name), cancellationToken: Token);
        }

        await ExecuteAsync(original, Others);
        await ExecuteAsync(original, InPartitions);
        await ExecuteAsync(original, "SELECT row_security_add_key('first', encode(sha256('dump'), 'base64'))");
        await ExecuteAsync(original, "SELECT seal_audit_entries()");
        await ExecuteAsync(original, "SELECT seal_audit_entries()");
        var (rows, copy) = (await RowsAsync(original), $"restored_{RandomName.Create()}");
        Assert.That(rows.Where(table => table.Count == 0).Select(table => table.Name), Is.Empty, "each table has rows");
        var folder = ServerFolder.Create();
        try
        {
            await ExecuteAsync(Server.ConnectionStringTo("postgres"), $"CREATE DATABASE {copy} TEMPLATE template0");
            await RunAsync("pg_dump", original, "--format", format, "--file", Path.Combine(folder, "dump"));
            await RunAsync(
                "pg_restore", original, "--exit-on-error", "--jobs", "2", "--dbname", copy, Path.Combine(folder, "dump"));

            var restored = Server.ConnectionStringTo(copy);
            Assert.That(await RowsAsync(restored), Is.EqualTo(rows));
            Assert.That(await SchemaAsync(restored), Is.EqualTo(await SchemaAsync(original)));
            Assert.That(await PartitionsAsync(restored), Is.EqualTo(await PartitionsAsync(original)).And.Count.GreaterThan(3));
            Assert.That((await new SchemaMigrator(restored).CheckAsync(Token)).IsClean);
            await AssertSealedAsync(restored);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
            await ExecuteAsync(Server.ConnectionStringTo("postgres"), $"DROP DATABASE IF EXISTS {copy} WITH (FORCE)");
        }
    }

    private static async Task<string> SchemaAsync(string connectionString)
    {
        var dump = await ConsoleRun.StartAsync(["dump"], connection: connectionString, cancellationToken: Token);
        Assert.That(dump.Code, Is.Zero, dump.Error);
        return dump.Output;
    }

    /// <summary>The restored audit log is as it was sealed, and later entries are sealed after it.</summary>
    private static async Task AssertSealedAsync(string connectionString)
    {
        await ExecuteAsync(connectionString, "UPDATE users SET name = name || '.'");
        await ExecuteAsync(connectionString, "SELECT seal_audit_entries()");
        await ExecuteAsync(connectionString, "SELECT seal_audit_entries()");
        var status = await ConsoleRun.StartAsync(["audit", "status", "--json"], connection: connectionString, cancellationToken: Token);
        var verify = await ConsoleRun.StartAsync(
            ["verify", "--check", "audit-chain"], connection: connectionString, cancellationToken: Token);
        Assert.That(status.Json.GetProperty("seals").GetProperty("unsealedSince").GetString(), Is.Null, "every entry is sealed");
        Assert.That(verify.Code, Is.Zero, verify.Output);
        await ExecuteAsync(
            connectionString,
            "SET session_replication_role = replica; "
            + "DELETE FROM autostack_audit.changes WHERE seq = (SELECT min(seq) FROM autostack_audit.changes)");
        var removed = await ConsoleRun.StartAsync(
            ["verify", "--check", "audit-chain"], connection: connectionString, cancellationToken: Token);
        Assert.That(removed.Code, Is.EqualTo(8), removed.Output);
    }

    /// <summary>What <c>partitions status</c> says, without what ANALYZE and VACUUM change.</summary>
    private static async Task<IReadOnlyList<string>> PartitionsAsync(string connectionString)
    {
        var run = await ConsoleRun.StartAsync(
            ["partitions", "status", "--json"], connection: connectionString, cancellationToken: Token);
        Assert.That(run.Code, Is.Zero, run.Error);
        return
        [
            .. from table in run.Json.GetProperty("tables").EnumerateArray()
               from partition in table.GetProperty("partitions").EnumerateArray()
               select $"{partition.GetProperty("name")} {partition.GetProperty("from")} {partition.GetProperty("until")}",
        ];
    }

    /// <summary>The number of rows of every table and what is in them, and the last value of every sequence.</summary>
    private static async Task<IReadOnlyList<(string Name, long Count, string Content)>> RowsAsync(string connectionString)
    {
        await using var connection = await FaultServer.OpenDirectAsync(connectionString, Token);
        var names = await Invariants.Rows.ReadAsync(
            connection,
            "SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
            + "WHERE c.relkind = 'r' AND n.nspname IN ('public', 'autostack_partitions') "
            + "OR c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname = 'autostack_audit' ORDER BY 1",
            row => row.GetString(0),
            Token);
        var tables = new List<(string, long, string)>();
        foreach (var name in names)
        {
#pragma warning disable CA2100 // The server has quoted the name.
            await using var command = new NpgsqlCommand(
                $"SELECT count(*), coalesce(md5(string_agg(t::text, E'\\n' ORDER BY t::text)), '') FROM {name} t", connection);
#pragma warning restore CA2100
            await using var row = await command.ExecuteReaderAsync(Token);
            Assert.That(await row.ReadAsync(Token));
            tables.Add((name, row.GetInt64(0), row.GetString(1)));
        }

        tables.AddRange(await Invariants.Rows.ReadAsync(
            connection,
            "SELECT schemaname || '.' || sequencename, coalesce(last_value, 0)::text FROM pg_sequences ORDER BY 1",
            row => (row.GetString(0), 1L, row.GetString(1)),
            Token));
        return tables;
    }

    private static async Task RunAsync(string program, string connectionString, params string[] options)
    {
        var server = new NpgsqlConnectionStringBuilder(connectionString);
        string[] environment =
        [
            $"PGHOST={server.Host}", $"PGPORT={server.Port}", $"PGUSER={server.Username}", $"PGPASSWORD={server.Password}",
            $"PGDATABASE={server.Database}",
        ];
        var (exitCode, _, error) = await Shell.RunAsync(
            "env", [.. environment, Path.Combine(Server.Binaries, program), .. options], folder: null, Token);
        Assert.That(exitCode, Is.Zero, $"{program}: {error}");
    }

    private static async Task ExecuteAsync(string connectionString, string sql)
    {
        await using var connection = await FaultServer.OpenDirectAsync(connectionString, Token);
#pragma warning disable CA2100 // Every text is of this test.
        await using var command = new NpgsqlCommand(sql, connection);
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync(Token);
    }
}
