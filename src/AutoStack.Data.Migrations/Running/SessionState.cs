using Npgsql;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>
/// What a script may leave in its session: settings, a role, temporary tables, cursors, prepared statements, locks. Each script starts
/// without what an earlier one left, in an upgrade and in a rehearsal.
/// </summary>
/// <param name="connection">The session that runs the scripts.</param>
internal sealed class SessionState(NpgsqlConnection connection)
{
    /// <summary>Returns to the role that the session started with, in and outside a transaction.</summary>
    public const string OwnRole = "SET SESSION AUTHORIZATION DEFAULT; RESET ROLE";

    // DISCARD ALL piece by piece: a transaction does not allow it as a whole. It also forgets the role that ALTER ROLE … SET role gave the
    // session, to which OwnRole returns.
    private const string Discard = $"CLOSE ALL; {OwnRole}; RESET ALL; DEALLOCATE ALL; UNLISTEN *; "
        + "SELECT pg_catalog.pg_advisory_unlock_all(); DISCARD PLANS; DISCARD TEMP; DISCARD SEQUENCES";

    // A pooler has set in the session what a direct connection has from its start: the encoding, the name of the application.
    private const string Given = """
        SELECT coalesce(string_agg(format('SET %s = %L', s.name, s.setting), '; '), '')
        FROM pg_settings s
        WHERE s.source = 'session'
          AND s.name IN ('application_name', 'client_encoding', 'DateStyle', 'TimeZone', 'IntervalStyle', 'standard_conforming_strings')
        """;

    private bool checksClient = true;
    private string given = "";

    /// <summary>Sets what every script starts with, outside a transaction.</summary>
    public async Task PrepareAsync(CancellationToken cancellationToken)
    {
        await SetAsync(cancellationToken).ConfigureAwait(false);
        using (var command = new NpgsqlCommand(Given, connection))
        {
            given = (string)(await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false))!;
        }

        try
        {
            await CheckClientAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (PostgresException)
        {
            // Some platforms cannot detect a closed connection.
            checksClient = false;
        }
    }

    /// <summary>Removes what an earlier script left, and sets what every script starts with.</summary>
    /// <param name="cancellationToken">Cancels the statements.</param>
    /// <returns>
    /// False when another migrator has taken the lock of the working session, which it can only after the migration lock was lost.
    /// </returns>
    public async Task<bool> RenewAsync(CancellationToken cancellationToken)
    {
        await ExecuteAsync($"{Discard}; {SearchPath.Own}", cancellationToken).ConfigureAwait(false);

        // The server has no way to release all but one: the next migrator takes the lock of the working session before it works, too.
        if (!await KeepLockAsync(cancellationToken).ConfigureAwait(false))
        {
            return false;
        }

        if (given.Length > 0)
        {
            await ExecuteAsync(given, cancellationToken).ConfigureAwait(false);
        }

        await SetAsync(cancellationToken).ConfigureAwait(false);
        if (checksClient)
        {
            await CheckClientAsync(cancellationToken).ConfigureAwait(false);
        }

        return true;
    }

    /// <summary>Takes the lock of the working session again when a script has released it.</summary>
    /// <param name="cancellationToken">Cancels the query.</param>
    /// <returns>False when another migrator has taken the lock meanwhile.</returns>
    public async Task<bool> KeepLockAsync(CancellationToken cancellationToken)
    {
        // A lock that is taken twice would have to be released twice.
        using var keep = new NpgsqlCommand("""
            SELECT CASE
                WHEN EXISTS (
                    SELECT
                    FROM pg_catalog.pg_locks l
                    WHERE l.locktype = 'advisory' AND l.granted AND l.mode = 'ExclusiveLock' AND l.objsubid = 1
                      AND l.pid = pg_catalog.pg_backend_pid()
                      AND l.classid::bigint = @key >> 32 AND l.objid::bigint = @key & 4294967295) THEN TRUE
                ELSE pg_catalog.pg_try_advisory_lock(@key)
            END
            """, connection);
        keep.Parameters.AddWithValue("key", LockedSession.WorkKey);
        return await keep.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false) is true;
    }

    // A script's header limits its time, not the role's settings.
    private Task SetAsync(CancellationToken cancellationToken) =>
        ExecuteAsync($"{SearchPath.Own}; {SessionLimits.Lift}", cancellationToken);

    // The server then cancels the statement of a killed migrator instead of finishing an index build for nobody.
    private Task CheckClientAsync(CancellationToken cancellationToken) =>
        ExecuteAsync("SET client_connection_check_interval = '2s'", cancellationToken);

    private async Task ExecuteAsync(string sql, CancellationToken cancellationToken)
    {
        using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
    }
}
