using System.Security.Cryptography;
using AutoStack.Data.Migrations;
using AutoStack.Data.Migrations.Internal;
using Npgsql;

namespace AutoStack.Data.Cli.Bench;

/// <summary>
/// The benchmark's own tables in somebody else's database: a schema with a random name, which is dropped at the end of the run, however the
/// run ends. A session holds an advisory lock on the name during the run, so that the next run can tell the schema of a killed run from one
/// that is in use.
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

    /// <summary>The number of killed runs whose schemas were removed.</summary>
    public int LeftoversRemoved { get; private set; }

    /// <summary>The server and database, for people.</summary>
    public string Where => $"{control.Host}:{control.Port}, database {control.Database}";

    private string ApplicationName => "autostack-db " + Schema;

    /// <summary>Connects and reads the limits of the server. Creates nothing.</summary>
    /// <exception cref="MigrationException">The server cannot be reached, or a pooler shares its sessions.</exception>
    public static async Task<BenchDatabase> ConnectAsync(
        MigrationServer server, string connection, TimeSpan wait, IProgress<MigrationEvent> progress, CancellationToken cancellationToken)
    {
        var control = await server.ConnectAsync(wait, progress, cancellationToken).ConfigureAwait(false);
        try
        {
            // On a shared session the lock and the search path would belong to other clients.
            await Pooler.RefuseSharedSessionAsync(control, cancellationToken).ConfigureAwait(false);
            await ExecuteAsync(control, $"{SearchPath.Own}; {SessionLimits.Lift}", cancellationToken).ConfigureAwait(false);
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

    /// <summary>Removes what killed runs left behind, then creates and fills the tables.</summary>
    public async Task<Workload> FillAsync(BenchScale scale, CancellationToken cancellationToken)
    {
        await RemoveLeftoversAsync(cancellationToken).ConfigureAwait(false);
        await ExecuteAsync($"SELECT pg_advisory_lock(hashtextextended('{Schema}', 0))", cancellationToken).ConfigureAwait(false);
        try
        {
            // In one transaction: a schema without the comment would never be removed.
            await ExecuteAsync($"""
                BEGIN;
                CREATE SCHEMA {Schema};
                COMMENT ON SCHEMA {Schema} IS '{Comment}';
                COMMIT
                """, cancellationToken).ConfigureAwait(false);
        }
        catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            throw new CliException(new Failure(ExitCode.Failed, "unexpected",
                $"The benchmark creates a schema and needs the privilege CREATE on the database: {exception.MessageText}. " +
                "Nothing was changed."));
        }

        // Nothing may wait on the disk of the operator for tables that are dropped in the end.
        await ExecuteAsync($"SET synchronous_commit = off; {SearchPathOfLoad}", cancellationToken).ConfigureAwait(false);
        foreach (var script in BenchSchema.Scripts(Schema))
        {
            await ExecuteAsync(script, cancellationToken).ConfigureAwait(false);
        }

        await ExecuteAsync(BenchSchema.Rows(scale), cancellationToken).ConfigureAwait(false);
        await ExecuteAsync($"RESET synchronous_commit; {SearchPath.Own}", cancellationToken).ConfigureAwait(false);
        foreach (var table in BenchSchema.Tables)
        {
            await ExecuteAsync($"VACUUM (ANALYZE) {Schema}.{table}", cancellationToken).ConfigureAwait(false);
        }

        var rows = await RowsAsync(cancellationToken).ConfigureAwait(false);
        return new Workload(rows, rows[..scale.DeploymentsWithLog], rows[scale.DeploymentsWithLog..], BenchScale.LogLength);
    }

    /// <summary>Opens a pool of the given size with the library's own settings.</summary>
    public NpgsqlDataSource OpenPool(int size) => OpenPool(size, LoadGenerator.WaitLimit);

    internal NpgsqlDataSource OpenPool(int size, TimeSpan waitLimit)
    {
        var pool = new AutoStackDataOptions
        {
            ConnectionString = settings.ConnectionString,
            MinPoolSize = 0,
            MaxPoolSize = size,
            ConnectTimeout = waitLimit,
        }.ToConnectionString();
        pool.Pooling = true;
        pool.ApplicationName = ApplicationName;

        // The library's default, also where the connection string has another value: a reset would end the search path.
        pool.NoResetOnClose = true;
        return new NpgsqlDataSourceBuilder(pool.ConnectionString)
            .ConfigureTypeLoading(types => types.EnableTypeLoading(false))
            .UsePhysicalConnectionInitializer(
                _ => throw new NotSupportedException(),
                connection => ExecuteAsync(connection, $"{SessionLimits.Lift}; {SearchPathOfLoad}", CancellationToken.None))
            .Build();
    }

    /// <summary>Drops the schema and everything in it, even when the connection is lost. The pools must be closed before.</summary>
    /// <exception cref="CliException">The server cannot be reached; the message names the schema and how to drop it.</exception>
    public async ValueTask DisposeAsync()
    {
        if (dropped)
        {
            return;
        }

        // Not the token of the run, which is cancelled when there is most to remove.
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
                $"The schema {Schema} could not be dropped: {exception.Message} The next run drops it, " +
                $"or: DROP SCHEMA IF EXISTS {Schema} CASCADE"));
        }
        finally
        {
            await control.DisposeAsync().ConfigureAwait(false);
        }
    }

    // Without public: a statement whose table is missing fails, and never reads or writes the operator's table of the same name.
    private string SearchPathOfLoad => $"SET search_path = {Schema}";

    private async Task<bool> TryDropAsync(bool last, CancellationToken cancellationToken)
    {
        try
        {
            if (control.FullState != System.Data.ConnectionState.Open)
            {
                await control.DisposeAsync().ConfigureAwait(false);
                control = await server.ConnectAsync(TimeSpan.Zero, progress: null, cancellationToken).ConfigureAwait(false);
            }

            // A cancelled run has left its transaction open.
            await ExecuteAsync($"ROLLBACK; {SearchPath.Own}", cancellationToken).ConfigureAwait(false);

            // The server still runs statements that their client no longer waits for, and those hold locks.
            await ExecuteAsync($"""
                SELECT pg_terminate_backend(pid)
                FROM pg_stat_activity
                WHERE application_name = '{ApplicationName}' AND pid <> pg_backend_pid();
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

    // A leftover has the name, the comment and the owner of such a schema, and no run holds its lock.
    private async Task RemoveLeftoversAsync(CancellationToken cancellationToken)
    {
        var names = await ListAsync(reader => reader.GetString(0), $"""
            SELECT n.nspname
            FROM pg_namespace n
            WHERE n.nspname ~ '^{SchemaPrefix}[0-9a-f]{"{16}"}$'
              AND obj_description(n.oid, 'pg_namespace') = '{Comment}'
              AND pg_has_role(n.nspowner, 'USAGE')
            """, cancellationToken).ConfigureAwait(false);
        foreach (var name in names)
        {
            if (await ListAsync(reader => reader.GetBoolean(0),
                $"SELECT pg_try_advisory_lock(hashtextextended('{name}', 0))", cancellationToken).ConfigureAwait(false) is [true])
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

    private async Task<Workload.Row[]> RowsAsync(CancellationToken cancellationToken) => [.. await ListAsync(
        reader => new Workload.Row(reader.GetGuid(0), reader.GetGuid(1)),
        $"SELECT id, user_id FROM {Schema}.deployments ORDER BY created_at DESC, id", cancellationToken).ConfigureAwait(false)];

    private Task ExecuteAsync(string sql, CancellationToken cancellationToken) => ExecuteAsync(control, sql, cancellationToken);

    // Names come from this class or matched its pattern; no text comes from outside.
#pragma warning disable CA2100
    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        // No time limit, since the machine may be slow; the token cancels.
        var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        await using var disposing = command.ConfigureAwait(false);
        await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
    }

    private async Task<List<T>> ListAsync<T>(Func<NpgsqlDataReader, T> read, string sql, CancellationToken cancellationToken)
    {
        var command = new NpgsqlCommand(sql, control);
        await using var disposing = command.ConfigureAwait(false);
        return await command.ListAsync(read, cancellationToken).ConfigureAwait(false);
    }
#pragma warning restore CA2100
}
