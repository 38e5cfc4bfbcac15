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
    private const long Key = 0x6175746F73746163; // "autostac"
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan ReportInterval = TimeSpan.FromSeconds(5);

    private readonly NpgsqlConnection connection;
    private readonly SemaphoreSlim gate = new(1, 1);

    private MigrationLock(NpgsqlConnection connection) => this.connection = connection;

    /// <summary>Takes the lock; the connection belongs to it from then on, and is closed also when the lock is not to be had.</summary>
    public static async Task<MigrationLock> AcquireAsync(
        NpgsqlConnection connection, TimeSpan wait, IProgress<MigrationEvent>? progress, CancellationToken cancellationToken)
    {
        var held = new MigrationLock(connection);
        try
        {
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
    /// Cancels what another connection of ours is running, until it ends: a cancellation that comes before the statement is lost. Does not throw.
    /// </summary>
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
        catch (NpgsqlException)
        {
            // The server is gone, and the statement with it.
        }
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            // The server ends a session after the client has gone on: who comes next without waiting must find the lock free.
            if (connection.State == ConnectionState.Open)
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
            """, Key, cancellationToken).ConfigureAwait(false) as string;

    private async Task<object?> ScalarAsync(string sql, long argument, CancellationToken cancellationToken)
    {
        await gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
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
