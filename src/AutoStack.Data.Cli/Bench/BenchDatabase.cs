using System.Security.Cryptography;
using AutoStack.Data.Migrations;
using AutoStack.Data.Migrations.Internal;
using Npgsql;

namespace AutoStack.Data.Cli.Bench;

/// <summary>
/// The benchmark's own tables in a database that is somebody else's: a schema with a random name, dropped at the end however the run ends. A session
/// holds a lock on the name for as long as the run lives, so that the next run tells what a killed one left behind from what is in use.
/// </summary>
internal sealed class BenchDatabase : IAsyncDisposable
{
    public const string SchemaPrefix = "autostack_bench_";

    private const string Comment = "Rows of autostack-db bench pool; removed by the next run when its own was killed.";
    private const int DropAttempts = 5;
    private static readonly TimeSpan DropPatience = TimeSpan.FromSeconds(30);

    private readonly NpgsqlConnectionStringBuilder settings;
    private readonly MigrationServer server;
    private NpgsqlConnection control;
    private bool dropped;

    private BenchDatabase(NpgsqlConnectionStringBuilder settings, MigrationServer server, NpgsqlConnection control, ServerLimits limits)
    {
        this.settings = settings;
        this.server = server;
        this.control = control;
        Limits = limits;
        Schema = SchemaPrefix + RandomNumberGenerator.GetHexString(16, lowercase: true);
    }

    public string Schema { get; }

    public ServerLimits Limits { get; }

    /// <summary>How many schemas of killed runs were removed.</summary>
    public int LeftoversRemoved { get; private set; }

    /// <summary>Which server and database, for people.</summary>
    public string Where => $"{control.Host}:{control.Port}, database {control.Database}";

    private string ApplicationName => "autostack-db " + Schema;

    /// <summary>Connects and looks; makes nothing yet.</summary>
    /// <exception cref="MigrationException">No connection, or one whose session a pooler shares.</exception>
    public static async Task<BenchDatabase> ConnectAsync(
        MigrationServer server, string connection, TimeSpan wait, IProgress<MigrationEvent> progress, CancellationToken cancellationToken)
    {
        var control = await server.ConnectAsync(wait, progress, cancellationToken).ConfigureAwait(false);
        try
        {
            // Its lock would be some other client's.
            await Pooler.RefuseSharedSessionAsync(control, cancellationToken).ConfigureAwait(false);
            await SearchPathAsync(control, cancellationToken).ConfigureAwait(false);
            var limits = await ServerLimits.ReadAsync(control, cancellationToken).ConfigureAwait(false);
            var settings = ConnectionText.Parse(connection);
            settings.Password = server.Password;
            return new BenchDatabase(settings, server.Of(control), control, limits);
        }
        catch
        {
            await control.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Removes what killed runs left behind, and makes and fills the tables.</summary>
    public async Task<Workload> FillAsync(CancellationToken cancellationToken)
    {
        await RemoveLeftoversAsync(cancellationToken).ConfigureAwait(false);
        await ExecuteAsync($"SELECT pg_advisory_lock(hashtextextended('{Schema}', 0))", cancellationToken).ConfigureAwait(false);
        try
        {
            // A search path of the transaction: what comes later names the schema itself.
            await ExecuteAsync($"""
                BEGIN;
                CREATE SCHEMA {Schema};
                COMMENT ON SCHEMA {Schema} IS '{Comment}';
                SET LOCAL search_path = {Schema};
                {BenchTables.Script}
                COMMIT
                """, cancellationToken).ConfigureAwait(false);
        }
        catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            throw new CliException(new Failure(ExitCode.Failed, "unexpected",
                $"The benchmark makes a schema of its own and needs the right CREATE on the database: {exception.MessageText}. Nothing was changed."));
        }

        foreach (var table in (string[])["users", "projects", "deployments", "deployment_logs"])
        {
            await ExecuteAsync($"VACUUM (ANALYZE) {Schema}.{table}", cancellationToken).ConfigureAwait(false);
        }

        var deployments = await RowsAsync($"SELECT id, user_id FROM {Schema}.deployments ORDER BY created_at DESC, id", cancellationToken).ConfigureAwait(false);
        return new Workload(Schema, deployments, deployments[..BenchTables.WithLog], deployments[BenchTables.WithLog..], BenchTables.LogLength);
    }

    /// <summary>A pool of the size, with the settings that the library gives its own.</summary>
    public NpgsqlDataSource OpenPool(int size) =>
        new NpgsqlDataSourceBuilder(PoolSettings(settings, size, ApplicationName).ConnectionString)
            .ConfigureTypeLoading(types => types.EnableTypeLoading(false))
            .Build();

    internal static NpgsqlConnectionStringBuilder PoolSettings(NpgsqlConnectionStringBuilder given, int size, string applicationName)
    {
        var pool = new NpgsqlConnectionStringBuilder(given.ConnectionString)
        {
            Pooling = true,
            MinPoolSize = 0,
            MaxPoolSize = size,
            Timeout = (int)LoadGenerator.WaitLimit.TotalSeconds,
            ApplicationName = applicationName,
            Timezone = "UTC",
            Enlist = false,
            ConnectionIdleLifetime = 300,
        };
        if (!given.ShouldSerialize("Max Auto Prepare"))
        {
            (pool.MaxAutoPrepare, pool.AutoPrepareMinUsages) = (100, 2);
        }

        return pool;
    }

    /// <summary>Drops the schema with all that is in it, whatever has become of the connection; the pools are to be closed by then.</summary>
    /// <exception cref="CliException">The server cannot be reached any more: the message says what is left, and how it goes away.</exception>
    public async ValueTask DisposeAsync()
    {
        if (dropped)
        {
            return;
        }

        // Not the run's token: it is cancelled when there is most to clean up.
        using var patience = new CancellationTokenSource(DropPatience);
        try
        {
            for (var attempt = 1; !await TryDropAsync(attempt == DropAttempts, patience.Token).ConfigureAwait(false); attempt++)
            {
                await Task.Delay(TimeSpan.FromSeconds(1), patience.Token).ConfigureAwait(false);
            }
        }
        catch (Exception exception) when (exception is NpgsqlException or MigrationException or OperationCanceledException)
        {
            throw new CliException(new Failure(ExitCode.Failed, "leftBehind",
                $"The schema {Schema} could not be dropped: {exception.Message} The next run removes it, or: DROP SCHEMA IF EXISTS {Schema} CASCADE"));
        }
        finally
        {
            await control.DisposeAsync().ConfigureAwait(false);
        }
    }

    private async Task<bool> TryDropAsync(bool last, CancellationToken cancellationToken)
    {
        try
        {
            if (control.FullState != System.Data.ConnectionState.Open)
            {
                await control.DisposeAsync().ConfigureAwait(false);
                control = await server.ConnectAsync(TimeSpan.Zero, progress: null, cancellationToken).ConfigureAwait(false);
                await SearchPathAsync(control, cancellationToken).ConfigureAwait(false);
            }

            // What was cancelled while it filled the tables has left its transaction open.
            await ExecuteAsync("ROLLBACK", cancellationToken).ConfigureAwait(false);

            // A statement that a cancelled client no longer waits for still holds its locks.
            await ExecuteAsync($"""
                SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '{ApplicationName}' AND pid <> pg_backend_pid();
                SET client_min_messages = warning;
                DROP SCHEMA IF EXISTS {Schema} CASCADE
                """, cancellationToken).ConfigureAwait(false);
            return dropped = true;
        }
        catch (Exception exception) when (!last && exception is NpgsqlException or MigrationException)
        {
            return false;
        }
    }

    // Only what carries the name, the comment and the owner of such a schema, and whose run no longer holds its lock.
    private async Task RemoveLeftoversAsync(CancellationToken cancellationToken)
    {
        var names = new List<string>();
        var command = new NpgsqlCommand($"""
            SELECT n.nspname
            FROM pg_namespace n
            WHERE n.nspname ~ '^{SchemaPrefix}[0-9a-f]{"{16}"}$'
              AND obj_description(n.oid, 'pg_namespace') = '{Comment}'
              AND pg_has_role(n.nspowner, 'USAGE')
            """, control);
        await using (command.ConfigureAwait(false))
        {
            var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            await using (reader.ConfigureAwait(false))
            {
                while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
                {
                    names.Add(reader.GetString(0));
                }
            }
        }

        foreach (var name in names)
        {
            if (await ScalarAsync<bool>($"SELECT pg_try_advisory_lock(hashtextextended('{name}', 0))", cancellationToken).ConfigureAwait(false))
            {
                await ExecuteAsync($"""
                    SET client_min_messages = warning;
                    DROP SCHEMA IF EXISTS {name} CASCADE;
                    RESET client_min_messages;
                    SELECT pg_advisory_unlock(hashtextextended('{name}', 0))
                    """, cancellationToken).ConfigureAwait(false);
                LeftoversRemoved++;
            }
        }
    }

    private static async Task SearchPathAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var command = new NpgsqlCommand(SearchPath.Own, connection);
        await using var disposing = command.ConfigureAwait(false);
        await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
    }

    private async Task<Workload.Row[]> RowsAsync(string sql, CancellationToken cancellationToken)
    {
        var rows = new List<Workload.Row>();
        var command = new NpgsqlCommand(sql, control);
        await using var disposing = command.ConfigureAwait(false);
        var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        await using (reader.ConfigureAwait(false))
        {
            while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
            {
                rows.Add(new Workload.Row(reader.GetGuid(0), reader.GetGuid(1)));
            }
        }

        return [.. rows];
    }

    // Names are made here or were matched against the pattern: none comes from outside.
#pragma warning disable CA2100
    private async Task ExecuteAsync(string sql, CancellationToken cancellationToken)
    {
        // However slow the machine: the token ends it.
        var command = new NpgsqlCommand(sql, control) { CommandTimeout = 0 };
        await using var disposing = command.ConfigureAwait(false);
        await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
    }

    private async Task<T> ScalarAsync<T>(string sql, CancellationToken cancellationToken)
    {
        var command = new NpgsqlCommand(sql, control);
        await using var disposing = command.ConfigureAwait(false);
        return (T)(await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false))!;
    }
#pragma warning restore CA2100
}
