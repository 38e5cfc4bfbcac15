using System.Data;
using System.Diagnostics;
using Npgsql;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>
/// A session advisory lock on a connection of its own, in autocommit: it dies with the process. It is polled, because a waiter inside
/// <c>pg_advisory_lock</c> holds a snapshot that CREATE INDEX CONCURRENTLY would wait for without end.
/// </summary>
internal sealed class MigrationLock : IAsyncDisposable
{
    public const long Key = 0x6175746F73746163; // "autostac"
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan ReportInterval = TimeSpan.FromSeconds(5);

    private readonly NpgsqlConnection connection;
    private readonly SemaphoreSlim gate = new(1, 1);
    private bool acquired;

    private MigrationLock(NpgsqlConnection connection) => this.connection = connection;

    /// <summary>Takes the lock; the connection belongs to it from then on, and is closed also when the lock is not to be had.</summary>
    public static async Task<MigrationLock> AcquireAsync(
        NpgsqlConnection connection, TimeSpan wait, IProgress<MigrationEvent>? progress, CancellationToken cancellationToken)
    {
        var held = new MigrationLock(connection);
        try
        {
            await Pooler.RefuseSharedSessionAsync(connection, cancellationToken).ConfigureAwait(false);

            // A role that is set for the login, the owner of scripts/roles.sql, may neither see nor cancel what the login itself runs.
            await held.ScalarAsync($"SET ROLE NONE; {SearchPath.Own}", 0, cancellationToken).ConfigureAwait(false);
            var watch = Stopwatch.StartNew();
            TimeSpan? reported = null;
            while (!await held.TryAsync(cancellationToken).ConfigureAwait(false))
            {
                var holder = await held.FindHolderAsync(cancellationToken).ConfigureAwait(false);
                if (watch.Elapsed >= wait)
                {
                    throw new MigrationException(MigrationError.Locked,
                        $"Another migrator is at work on this database{(holder is null ? "" : $" ({holder})")}; waited {wait.TotalSeconds:0} s for it.");
                }

                if (reported is null || watch.Elapsed - reported >= ReportInterval)
                {
                    reported = watch.Elapsed;
                    progress?.Report(new WaitingForLock(holder, watch.Elapsed));
                }

                await Task.Delay(PollInterval, cancellationToken).ConfigureAwait(false);
            }

            held.acquired = true;
            return held;
        }
        catch
        {
            await held.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Throws when the connection, and with it the lock, is lost.</summary>
    public Task EnsureHeldAsync(CancellationToken cancellationToken) => ScalarAsync("SELECT 1", 0, cancellationToken);

    /// <summary>
    /// Cancels what another connection of ours is running, until it ends: a cancellation that comes before the statement is lost.
    /// </summary>
    /// <exception cref="PostgresException">The server does not allow it.</exception>
    public async Task CancelAsync(int processId, Task running)
    {
        try
        {
            do
            {
                await ScalarAsync("SELECT pg_cancel_backend(@argument::int)", processId, CancellationToken.None).ConfigureAwait(false);
            }
            while (await Task.WhenAny(running, Task.Delay(PollInterval)).ConfigureAwait(false) != running);
        }
        catch (NpgsqlException exception) when (exception.SqlState != PostgresErrorCodes.InsufficientPrivilege)
        {
            // The server is gone, and the statement with it.
        }
    }

    /// <summary>Whom a session waits for, the longest transaction first; none when it does not wait.</summary>
    public async Task<IReadOnlyList<Blocker>> FindBlockersAsync(int processId)
    {
        // pg_blocking_pids stops the server's lock manager for a moment: it is asked only of a session that waits.
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
            var blockers = new List<Blocker>();
            var reader = await command.ExecuteReaderAsync().ConfigureAwait(false);
            await using var closing = reader.ConfigureAwait(false);
            while (await reader.ReadAsync().ConfigureAwait(false))
            {
                blockers.Add(new Blocker(
                    reader.GetInt32(0), Text(1), Text(2), reader.IsDBNull(3) ? null : reader.GetTimeSpan(3), Text(4), Blocker.Shorten(Text(5))));
            }

            return blockers;

            string? Text(int column) => reader.IsDBNull(column) ? null : reader.GetString(column);
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
            // The server ends a session after the client has gone on: who comes next without waiting must find the lock free.
            if (acquired && connection.State == ConnectionState.Open)
            {
                await ScalarAsync("SELECT pg_advisory_unlock_all()", 0, CancellationToken.None).ConfigureAwait(false);
            }
        }
        catch (NpgsqlException)
        {
            // The session is lost, and the lock with it.
        }

        await connection.DisposeAsync().ConfigureAwait(false);
        gate.Dispose();
    }

    private async Task<bool> TryAsync(CancellationToken cancellationToken) =>
        await ScalarAsync("SELECT pg_try_advisory_lock(@argument)", Key, cancellationToken).ConfigureAwait(false) is true;

    private async Task<string?> FindHolderAsync(CancellationToken cancellationToken) =>
        await ScalarAsync("""
            SELECT concat_ws(', ', 'pid ' || a.pid, nullif(a.application_name, ''), 'role ' || a.usename, 'from ' || host(a.client_addr))
            FROM pg_locks l
            JOIN pg_stat_activity a ON a.pid = l.pid
            WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
              AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
              AND l.classid::bigint = @argument >> 32 AND l.objid::bigint = @argument & 4294967295
            """, Key, cancellationToken).ConfigureAwait(false) is string holder ? Visible.Text(holder) : null;

    private async Task<object?> ScalarAsync(string sql, long argument, CancellationToken cancellationToken)
    {
        await gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (connection.State != ConnectionState.Open)
            {
                // Whoever came before saw it break; for who comes now it is lost just the same.
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
