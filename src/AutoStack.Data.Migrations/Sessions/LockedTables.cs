using Npgsql;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>Names the tables that other sessions have locked, for a message: the server's own error names neither.</summary>
internal static class LockedTables
{
    private const int MaxNamed = 3;

    /// <summary>
    /// The tables and their sessions in a sentence with a blank before it; empty when no lock is left, or the server cannot be asked.
    /// </summary>
    /// <param name="server">Opens a session of its own, because the one that failed may be in a broken transaction.</param>
    /// <param name="writes">True to count the locks of writers of the journal, too, for a run that writes it.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    public static async Task<string> SentenceAsync(MigrationServer server, bool writes, CancellationToken cancellationToken)
    {
        try
        {
            var connection = await server.ConnectAsync(TimeSpan.Zero, progress: null, cancellationToken).ConfigureAwait(false);
            await using var closing = connection.ConfigureAwait(false);
            using var command = new NpgsqlCommand($"{SearchPath.Own}; {Query}", connection);
            command.Parameters.AddWithValue("writes", writes);
            var locks = await command.ListAsync(
                row => $"{Visible.Text(row.GetString(0))} by {Blocker.Read(row, first: 1)}", cancellationToken).ConfigureAwait(false);
            var more = locks.Count > MaxNamed ? $"; and {locks.Count - MaxNamed} more" : "";
            return locks.Count == 0 ? "" : $" Locked: {string.Join("; ", locks.Take(MaxNamed))}{more}.";
        }
        catch (Exception exception) when (exception is MigrationException or NpgsqlException)
        {
            // The lock itself is reported all the same.
            return "";
        }
    }

    // ACCESS EXCLUSIVE is the only lock that stops a reader, also while its session still waits for it.
    private const string Query = """
        SELECT CASE s.nspname WHEN 'public' THEN c.relname::text ELSE s.nspname || '.' || c.relname END,
            coalesce(l.pid, 0), nullif(a.application_name, ''), a.usename::text, clock_timestamp() - a.xact_start, a.state, a.query
        FROM (
            SELECT DISTINCT l.relation, l.pid
            FROM pg_locks l
            WHERE l.locktype = 'relation' AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
              AND (l.mode = 'AccessExclusiveLock' OR (@writes AND l.relation = to_regclass('public.schema_versions')::oid
                  AND l.mode NOT IN ('AccessShareLock', 'RowShareLock')))) l
        JOIN pg_class c ON c.oid = l.relation AND c.relkind IN ('r', 'p', 'm')
        JOIN pg_namespace s ON s.oid = c.relnamespace AND s.nspname NOT LIKE 'pg\_%'
        LEFT JOIN pg_stat_activity a ON a.pid = l.pid
        WHERE l.pid IS DISTINCT FROM pg_backend_pid()
        ORDER BY a.xact_start, 1
        """;
}
