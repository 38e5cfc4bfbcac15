using System.Diagnostics;
using System.Globalization;
using AutoStack.Data.Migrations;
using AutoStack.Data.Testing;
using Npgsql;

namespace AutoStack.Data.Benchmarks.Data;

/// <summary>
/// A database with logs in monthly partitions: those of the last half year, the newest of them long. The others have a thousand lines each.
/// </summary>
internal sealed class LogVolumeDatabase : IAsyncDisposable
{
    private const int Days = 180;

    // Logs of one statement: 500,000 lines.
    private const int LogsAtOnce = 500;

    private const string Partitions = """
        UPDATE log_partition_settings SET period = 'month', ahead = 7;
        SELECT reserve_log_partitions(s.table_name, timezone('UTC', now()) - interval '190 days') FROM log_partition_settings s;
        SELECT create_reserved_log_partitions(s.table_name) FROM log_partition_settings s
        """;

    // As the ids that the library makes: 48 bits of time, the version, and a random rest.
    private const string MakeIds = """
        CREATE FUNCTION pg_temp.id(moment timestamp) RETURNS uuid LANGUAGE sql VOLATILE AS $$
            SELECT overlay(
                overlay(gen_random_uuid()::text PLACING '7' FROM 15)
                PLACING overlay(lpad(to_hex((extract(epoch FROM moment) * 1000)::bigint), 12, '0') PLACING '-' FROM 9 FOR 0) FROM 1)::uuid
        $$
        """;

    private const string Deployments = """
        WITH u AS (
            INSERT INTO users (id, name, email, email_verified, created_at, updated_at)
            SELECT gen_random_uuid(), 'Ada', 'ada@example.com', TRUE, now(), now()
            RETURNING id
        ),
        p AS (
            INSERT INTO projects (id, user_id, name, repository, branch, build_command, output_dir, runtime, created_at, updated_at)
            SELECT gen_random_uuid(), u.id, 'site', 'https://git.example.com/ada/site', 'main', 'make', 'dist', 'static', now(), now()
            FROM u
            RETURNING id, user_id
        )
        INSERT INTO deployments (id, project_id, user_id, status, branch, creator_type, is_production, created_at)
        SELECT pg_temp.id(m.moment), p.id, p.user_id, 'success', 'main', 'manual', FALSE, m.moment
        FROM p
        CROSS JOIN generate_series(1, @logs) AS n
        CROSS JOIN LATERAL (SELECT timezone('UTC', now()) - (@logs - n + 1) * (@days * interval '1 day' / @logs) AS moment) m
        """;

    // Deployments from a place on, in the order of their ids.
    private const string Lines = """
        INSERT INTO deployment_logs (id, deployment_id, timestamp, log_level, message, created_at, seq, log_bytes)
        SELECT pg_temp.id(m.moment), d.id, m.moment, 'info',
            'Step ' || n || ' of many: compiled module ' || n * 17 || ' in ' || n % 90 || ' ms, no warnings', m.moment, n,
            CASE WHEN n = @lines THEN n * 200 END
        FROM (SELECT d.id, d.created_at FROM deployments d ORDER BY d.id OFFSET @from LIMIT @count) d
        CROSS JOIN generate_series(1::bigint, @lines) AS n
        CROSS JOIN LATERAL (SELECT d.created_at + n * interval '10 milliseconds' AS moment) m
        """;

    private readonly TestDatabase database;

    private LogVolumeDatabase(TestDatabase database, string connectionString, long lines, IReadOnlyList<Owned> logs)
    {
        this.database = database;
        (ConnectionString, LineCount, Logs) = (connectionString, lines, logs);
    }

    public string ConnectionString { get; }

    public long LineCount { get; }

    /// <summary>A thousand deployments at most, spread over the half year, in the order of time. The last one has the long log.</summary>
    public IReadOnlyList<Owned> Logs { get; }

    public static async Task<LogVolumeDatabase> CreateAsync(PostgresServer server, long lines, long longest, Action<string> progress)
    {
        var started = Stopwatch.StartNew();
        var database = await server.CreateDatabaseAsync();
        try
        {
            // The next version of the feature creates partitions from the day after tomorrow.
            await new SchemaMigrator(database.ConnectionString).UpgradeAsync(MigrationTarget.Version(5).In("log-partitions"));
            await using var source = NpgsqlDataSource.Create(
                new NpgsqlConnectionStringBuilder(database.ConnectionString) { CommandTimeout = 0 });
            await using var connection = await source.OpenConnectionAsync();
            await RunAsync(Partitions);
            await RunAsync(MakeIds);
            var logs = (int)((lines - longest) / LogVolumePlan.Ordinary) + 1;
            await RunAsync(Deployments, ("logs", logs), ("days", Days));

            // Without the foreign key's look at each deployment and without the trigger: the rows are what they would leave.
            await RunAsync("SET session_replication_role = replica");
            for (var from = 0; from < logs - 1; from += LogsAtOnce)
            {
                await LinesAsync(from, Math.Min(LogsAtOnce, logs - 1 - from), LogVolumePlan.Ordinary);
                if (from > 0 && from % (20 * LogsAtOnce) == 0)
                {
                    progress(Text($"filled {(long)from * LogVolumePlan.Ordinary:N0} lines in {started.Elapsed.TotalSeconds:0} s"));
                }
            }

            await LinesAsync(logs - 1, 1, longest);
            await RunAsync("VACUUM (ANALYZE)");
            await RunAsync("CHECKPOINT");
            progress(Text($"{lines:N0} lines in {logs:N0} logs: filled in {started.Elapsed.TotalSeconds:0} s"));
            return new LogVolumeDatabase(
                database, BenchmarkDatabase.Careful(database.ConnectionString), lines, await FindLogsAsync(connection, logs));

            Task LinesAsync(int from, int count, long each) => RunAsync(Lines, ("from", from), ("count", count), ("lines", each));

            async Task RunAsync(string sql, params (string Name, object Value)[] parameters)
            {
                await using var command = new NpgsqlCommand(sql, connection);
                foreach (var (name, value) in parameters)
                {
                    command.Parameters.AddWithValue(name, value);
                }

                await command.ExecuteNonQueryAsync();
            }
        }
        catch
        {
            await database.DisposeAsync();
            throw;
        }
    }

    public ValueTask DisposeAsync() => database.DisposeAsync();

    private static async Task<IReadOnlyList<Owned>> FindLogsAsync(NpgsqlConnection connection, int logs)
    {
        await using var command = new NpgsqlCommand(
            """
            SELECT d.id, d.user_id
            FROM (SELECT d.*, row_number() OVER (ORDER BY d.id DESC) - 1 AS place FROM deployments d) d
            WHERE d.place % @step = 0
            ORDER BY d.id
            """, connection);
        command.Parameters.AddWithValue("step", Math.Max(1, logs / 1_000));
        await using var reader = await command.ExecuteReaderAsync();
        var found = new List<Owned>();
        while (await reader.ReadAsync())
        {
            found.Add(new Owned(reader.GetGuid(0), reader.GetGuid(1)));
        }

        return found;
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
