using System.Data;
using Npgsql;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>
/// A session advisory lock on a connection of its own, in autocommit: the server releases it when the process ends.
/// </summary>
internal sealed class MigrationLock : IAsyncDisposable
{
    public const long Key = 0x6175746F73746163; // "autostac"

    private readonly NpgsqlConnection connection;
    private readonly SemaphoreSlim gate = new(1, 1);
    private bool acquired;

    private MigrationLock(NpgsqlConnection connection) => this.connection = connection;

    /// <summary>Acquires the lock and takes over the connection, which is closed when the lock cannot be acquired.</summary>
    /// <exception cref="MigrationException">
    /// <see cref="MigrationError.Locked"/> or <see cref="MigrationError.PooledConnection"/>.
    /// </exception>
    public static async Task<MigrationLock> AcquireAsync(
        NpgsqlConnection connection, TimeSpan wait, IProgress<MigrationEvent>? progress, CancellationToken cancellationToken)
    {
        var held = new MigrationLock(connection);
        try
        {
            await Pooler.RefuseSharedSessionAsync(connection, cancellationToken).ConfigureAwait(false);

            // The login may have a role set (the owner of scripts/roles.sql) that may neither see nor cancel the login's statements.
            await held.ScalarAsync($"SET ROLE NONE; {SearchPath.Own}; {SessionLimits.Lift}", 0, cancellationToken)
                .ConfigureAwait(false);
            await AdvisoryLock.AcquireAsync(
                () => held.TryAsync(cancellationToken),
                () => held.FindHolderAsync(Key, cancellationToken),
                "Another migrator holds the lock of this database",
                wait,
                progress,
                cancellationToken).ConfigureAwait(false);
            held.acquired = true;
            return held;
        }
        catch
        {
            await held.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>True when the connection, and with it the lock, is known to be lost.</summary>
    public bool IsLost => connection.State != ConnectionState.Open;

    /// <summary>Throws when the connection, and with it the lock, is lost.</summary>
    public Task EnsureHeldAsync(CancellationToken cancellationToken) => ScalarAsync("SELECT 1", 0, cancellationToken);

    /// <summary>
    /// Cancels the statement of the working session, repeatedly until it ends: a cancellation that arrives before the statement has no
    /// effect.
    /// </summary>
    /// <exception cref="PostgresException">The role may not cancel the statement.</exception>
    public async Task CancelAsync(int processId, Task running)
    {
        try
        {
            do
            {
                await ScalarAsync("SELECT pg_cancel_backend(@argument::int)", processId, CancellationToken.None).ConfigureAwait(false);
            }
            while (await Task.WhenAny(running, Task.Delay(AdvisoryLock.PollInterval)).ConfigureAwait(false) != running);
        }
        catch (NpgsqlException exception) when (exception.SqlState != PostgresErrorCodes.InsufficientPrivilege)
        {
            // The connection is lost, so the server ends the statement, too.
        }
    }

    /// <summary>Finds the sessions that block a session, the longest transaction first; empty when the session does not wait.</summary>
    public async Task<IReadOnlyList<Blocker>> FindBlockersAsync(int processId)
    {
        // pg_blocking_pids briefly locks the server's lock manager: the query calls it only for a session that waits.
        using var command = new NpgsqlCommand("""
            SELECT b.pid, nullif(a.application_name, ''), a.usename::text, clock_timestamp() - a.xact_start, a.state, a.query
            FROM pg_stat_activity w
            CROSS JOIN LATERAL (SELECT DISTINCT unnest(pg_blocking_pids(w.pid))) b (pid)
            LEFT JOIN pg_stat_activity a ON a.pid = b.pid
            WHERE w.pid = @pid AND w.wait_event_type = 'Lock' AND b.pid <> pg_backend_pid()
            ORDER BY a.xact_start, b.pid
            """, connection);
        command.Parameters.AddWithValue("pid", processId);
        await gate.WaitAsync().ConfigureAwait(false);
        try
        {
            return await command.ListAsync(row => Blocker.Read(row, first: 0), CancellationToken.None).ConfigureAwait(false);
        }
        finally
        {
            gate.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            // The server ends a session some time after the client has closed it; the next migrator may not be willing to wait.
            if (acquired && connection.State == ConnectionState.Open)
            {
                await ScalarAsync("SELECT pg_advisory_unlock_all()", 0, CancellationToken.None).ConfigureAwait(false);
            }
        }
        catch (NpgsqlException)
        {
            // The session is lost, so the server releases the lock.
        }

        await connection.DisposeAsync().ConfigureAwait(false);
        gate.Dispose();
    }

    private async Task<bool> TryAsync(CancellationToken cancellationToken) =>
        await ScalarAsync("SELECT pg_try_advisory_lock(@argument)", Key, cancellationToken).ConfigureAwait(false) is true;

    /// <summary>Finds the session that holds an advisory lock; null when the server does not report it.</summary>
    public async Task<string?> FindHolderAsync(long key, CancellationToken cancellationToken) =>
        await ScalarAsync("""
            SELECT concat_ws(', ', 'pid ' || a.pid, nullif(a.application_name, ''), 'role ' || a.usename, 'from ' || host(a.client_addr))
            FROM pg_locks l
            JOIN pg_stat_activity a ON a.pid = l.pid
            WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
              AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
              AND l.classid::bigint = @argument >> 32 AND l.objid::bigint = @argument & 4294967295
            """, key, cancellationToken).ConfigureAwait(false) is string holder ? Visible.Text(holder) : null;

    private async Task<object?> ScalarAsync(string sql, long argument, CancellationToken cancellationToken)
    {
        await gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (connection.State != ConnectionState.Open)
            {
                // An earlier caller has already seen the connection break.
                throw new NpgsqlException("The session is lost.");
            }

            using var command = new NpgsqlCommand(sql, connection);
            command.Parameters.AddWithValue("argument", argument);
            return await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            gate.Release();
        }
    }
}
