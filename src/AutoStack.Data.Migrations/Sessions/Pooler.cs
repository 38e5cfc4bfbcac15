using Npgsql;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>Detects poolers that share the server's sessions among their clients.</summary>
internal static class Pooler
{
    private const int Rounds = 10;

    /// <summary>
    /// Refuses a connection whose session a pooler shares among clients: the next client would get the lock. A pooler that keeps a session
    /// for as long as its client stays (PgBouncer's session mode) is accepted.
    /// </summary>
    /// <exception cref="MigrationException">The session is shared, or the pooler does not answer.</exception>
    public static async Task RefuseSharedSessionAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        try
        {
            // A server sends its client the id of the process that serves it; a pooler invents one.
            var first = await ServerProcessAsync(connection, cancellationToken).ConfigureAwait(false);
            if (first == connection.ProcessID)
            {
                return;
            }

            // Two clients take turns, each twice: whether the pooler hands out the oldest or the newest idle session, one client gets
            // another session than before, or the other client's. With kept sessions this never happens; in a busy pool it may take some
            // rounds.
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
                $"The connection was opened, but the other end does not answer like a PostgreSQL server: {exception.Message}", exception);
        }
    }

    private static void RefuseUnless(bool kept)
    {
        if (!kept)
        {
            throw new MigrationException(MigrationError.PooledConnection,
                "The connection goes through a pooler that shares the server's sessions (PgBouncer in transaction or statement mode), " +
                    "where the migration lock " +
                "cannot exclude other migrators. Connect to the server directly, or to a pool in session mode. Nothing was changed.");
        }
    }

    private static async Task<int> ServerProcessAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        using var command = new NpgsqlCommand("SELECT pg_catalog.pg_backend_pid()", connection);
        return (int)(await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false))!;
    }
}
