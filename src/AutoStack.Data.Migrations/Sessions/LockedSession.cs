using System.Data;
using Npgsql;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>Two sessions on one server: one holds the migration lock, the other one does the work.</summary>
internal sealed class LockedSession : IAsyncDisposable
{
    /// <summary>The advisory lock of the session that does the work.</summary>
    public const long WorkKey = MigrationLock.Key + 1;

    private LockedSession(MigrationLock held, NpgsqlConnection connection) => (Lock, Connection) = (held, connection);

    /// <summary>The migration lock.</summary>
    public MigrationLock Lock { get; }

    /// <summary>The session that does the work.</summary>
    public NpgsqlConnection Connection { get; }

    /// <summary>Acquires the lock, then opens the second session, which acquires a lock of its own.</summary>
    /// <exception cref="MigrationException">
    /// <see cref="MigrationError.Locked"/>, <see cref="MigrationError.NoConnection"/> or <see cref="MigrationError.PooledConnection"/>.
    /// </exception>
    public static async Task<LockedSession> OpenAsync(
        MigratorContext context, IProgress<MigrationEvent>? progress, CancellationToken cancellationToken)
    {
        var lockConnection = await context.ConnectAsync(progress, cancellationToken).ConfigureAwait(false);
        var held = await MigrationLock.AcquireAsync(lockConnection, context.Options.LockWait, progress, cancellationToken)
            .ConfigureAwait(false);
        try
        {
            // A connection string with several hosts: the scripts must run on the host whose lock is held.
            var connection = await context.Server.Of(lockConnection)
                .ConnectAsync(TimeSpan.Zero, progress: null, cancellationToken).ConfigureAwait(false);
            var session = new LockedSession(held, connection);
            await session.MayBeIdleAsync(cancellationToken).ConfigureAwait(false);
            await session.AcquireWorkAsync(context.Options.LockWait, progress, cancellationToken).ConfigureAwait(false);
            return session;
        }
        catch
        {
            await held.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Closes the working session, then releases the lock.</summary>
    public async ValueTask DisposeAsync()
    {
        await using var releasing = Lock.ConfigureAwait(false);
        try
        {
            // The server ends a session some time after the client has closed it; the next migrator may not be willing to wait.
            if (Connection.State == ConnectionState.Open)
            {
                await WorkAsync("SELECT pg_catalog.pg_advisory_unlock(@key)", CancellationToken.None).ConfigureAwait(false);
            }
        }
        catch (Exception exception) when (exception is NpgsqlException or InvalidOperationException)
        {
            // The session is lost or cannot run a statement any more: its end releases its lock.
        }

        await Connection.DisposeAsync().ConfigureAwait(false);
    }

    // When the session of the migration lock is killed, the next migrator gets that lock while the script of the first one still runs or
    // rolls back: it waits for the end of the session that does the work.
    private async Task AcquireWorkAsync(TimeSpan wait, IProgress<MigrationEvent>? progress, CancellationToken cancellationToken)
    {
        try
        {
            await AdvisoryLock.AcquireAsync(
                async () =>
                    await WorkAsync("SELECT pg_catalog.pg_try_advisory_lock(@key)", cancellationToken).ConfigureAwait(false) is true,
                () => Lock.FindHolderAsync(WorkKey, cancellationToken),
                "A script of another migrator, which has lost the lock of this database, still runs",
                wait,
                progress,
                cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            await Connection.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private async Task MayBeIdleAsync(CancellationToken cancellationToken)
    {
        try
        {
            using var command = new NpgsqlCommand(SessionLimits.Lift, Connection);
            await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            await Connection.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private async Task<object?> WorkAsync(string sql, CancellationToken cancellationToken)
    {
        using var command = new NpgsqlCommand(sql, Connection);
        command.Parameters.AddWithValue("key", WorkKey);
        return await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false);
    }
}
