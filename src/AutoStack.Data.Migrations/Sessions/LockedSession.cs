using Npgsql;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>Two sessions on one server: one holds the migration lock, the other one does the work.</summary>
internal sealed class LockedSession : IAsyncDisposable
{
    private LockedSession(MigrationLock held, NpgsqlConnection connection) => (Lock, Connection) = (held, connection);

    /// <summary>The migration lock.</summary>
    public MigrationLock Lock { get; }

    /// <summary>The session that does the work.</summary>
    public NpgsqlConnection Connection { get; }

    /// <summary>Acquires the lock, then opens the second session.</summary>
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
            return new LockedSession(held, connection);
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
        await Connection.DisposeAsync().ConfigureAwait(false);
    }
}
