using Npgsql;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>How long a session of the tools lasts, and how long it waits for tables that other sessions have locked.</summary>
internal static class SessionLimits
{
    // Not every version of the server has all of these settings. Before every script: pg_settings would read all settings each time.
    private const string Limits = """
        FROM pg_catalog.unnest(ARRAY['idle_in_transaction_session_timeout', 'idle_session_timeout', 'transaction_timeout']) s (name)
        WHERE pg_catalog.current_setting(s.name, true) IS NOT NULL
        """;

    /// <summary>
    /// Lets a session be idle, and a transaction last, for as long as its program lives, whatever the role's settings: a script may run
    /// for hours while the session of the lock waits.
    /// </summary>
    public const string Lift = $"SELECT pg_catalog.set_config(s.name, '0', false) {Limits}";

    /// <summary>The same for the transaction only, because a pooler may hand the session to another client afterwards.</summary>
    public const string LiftInTransaction = $"SELECT pg_catalog.set_config(s.name, '0', true) {Limits}";

    /// <summary>
    /// Reads the catalog or the journal. The server opens a table to print an expression on it: the read waits for its lock at most for
    /// <see cref="SchemaMigratorOptions.TableWait"/>, which stays the session's <c>lock_timeout</c> until a script sets its own.
    /// </summary>
    /// <param name="context">Its options limit the wait, and its server names the tables.</param>
    /// <param name="connection">The session.</param>
    /// <param name="read">Reads.</param>
    /// <param name="cancellationToken">Cancels the statement that sets the limit.</param>
    /// <exception cref="MigrationException"><see cref="MigrationError.Locked"/>, with the tables and the sessions.</exception>
    public static async Task<T> ReadAsync<T>(
        MigratorContext context, NpgsqlConnection connection, Func<Task<T>> read, CancellationToken cancellationToken)
    {
        using (var limit = new NpgsqlCommand($"SET lock_timeout = {context.Options.TableWaitMilliseconds}", connection))
        {
            await limit.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
        }

        try
        {
            return await read().ConfigureAwait(false);
        }
        catch (Exception exception) when (IsLocked(exception) || IsLocked(exception.InnerException))
        {
            var tables = await LockedTables.SentenceAsync(context.Server.Of(connection), writes: true, CancellationToken.None)
                .ConfigureAwait(false);
            throw new MigrationException(MigrationError.Locked,
                $"Another session has locked a table, which could not be read in time.{tables} Nothing was changed. " +
                "Run the command again when that session is done.", exception);
        }
    }

    private static bool IsLocked(Exception? exception) =>
        exception is PostgresException { SqlState: PostgresErrorCodes.LockNotAvailable };
}
