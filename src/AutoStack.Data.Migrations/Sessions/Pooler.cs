using Npgsql;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>Tells whether a connection has a session of the server to itself.</summary>
internal static class Pooler
{
    private const int Rounds = 10;

    /// <summary>
    /// Refuses a connection whose session a pooler also gives to others: it does not keep the lock, and hands it to strangers. A pooler that keeps a
    /// session for as long as its client stays (PgBouncer's session mode) is as good as none.
    /// </summary>
    /// <exception cref="MigrationException">The session is shared, or the pooler does not answer.</exception>
    public static async Task RefuseSharedSessionAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        try
        {
            // A server tells its client the process that serves it. A pooler makes a number up: the process changes.
            var first = await ServerProcessAsync(connection, cancellationToken).ConfigureAwait(false);
            if (first == connection.ProcessID)
            {
                return;
            }

            // Two clients by turns, each twice: whichever idle session the pooler takes, the oldest or the newest, one of them gets another one than
            // before, or the other one's. That never happens when sessions are kept, however often it is tried; in a busy pool it may take some rounds.
            var other = connection.CloneWith(connection.ConnectionString);
            await using var closing = other.ConfigureAwait(false);
            await other.OpenAsync(cancellationToken).ConfigureAwait(false);
            int? second = null;
            for (var round = 1; round <= Rounds; round++)
            {
                for (var turn = 1; turn <= 2; turn++)
                {
                    RefuseUnless(first == await ServerProcessAsync(connection, cancellationToken).ConfigureAwait(false));
                }

                for (var turn = 1; turn <= 2; turn++)
                {
                    var process = await ServerProcessAsync(other, cancellationToken).ConfigureAwait(false);
                    RefuseUnless(process != first && process == (second ??= process));
                }
            }
        }
        catch (NpgsqlException exception)
        {
            throw new MigrationException(MigrationError.NoConnection,
                $"The connection was made, but what is there does not answer as a server does: {exception.Message}", exception);
        }
    }

    private static void RefuseUnless(bool kept)
    {
        if (!kept)
        {
            throw new MigrationException(MigrationError.PooledConnection,
                "The connection goes through a pooler that shares the server's sessions (PgBouncer in transaction or statement mode): the migration " +
                "lock would hold nobody off. Connect to the server directly, or to a pool in session mode. Nothing was changed.");
        }
    }

    private static async Task<int> ServerProcessAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        using var command = new NpgsqlCommand("SELECT pg_catalog.pg_backend_pid()", connection);
        return (int)(await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false))!;
    }
}
