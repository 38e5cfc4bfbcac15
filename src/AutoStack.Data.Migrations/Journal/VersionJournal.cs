using System.Reflection;
using Npgsql;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>The table <c>public.schema_versions</c>: the scripts that a database has run, with their checksums.</summary>
internal static class VersionJournal
{
    public const string Table = "public.schema_versions";

    public static readonly string ToolVersion =
        typeof(VersionJournal).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";

    public const string TableSql = """
        CREATE TABLE IF NOT EXISTS public.schema_versions (
            version INTEGER,
            name TEXT NOT NULL,
            checksum TEXT NOT NULL,
            applied_at TIMESTAMPTZ NOT NULL,
            duration_ms BIGINT NOT NULL,
            applied_by TEXT NOT NULL,
            tool_version TEXT NOT NULL,
            script_set TEXT NOT NULL DEFAULT 'core',
            CONSTRAINT schema_versions_pkey PRIMARY KEY (script_set, name),
            CONSTRAINT schema_versions_version_key UNIQUE (script_set, version)
        )
        """;

    internal sealed record Entry(
        string Set, int Version, string Name, string Checksum, DateTimeOffset AppliedAt, TimeSpan Duration, string AppliedBy,
        string ToolVersion)
    {
        /// <summary>True when the row was recorded without running the script.</summary>
        public bool IsStamped { get; init; }

        /// <summary>The place of the row in the table, for a repair under a lock.</summary>
        public string Place { get; init; } = "";
    }

    /// <summary>Creates the table unless it exists.</summary>
    /// <exception cref="MigrationException">The server refuses, or the table is not the migrator's own.</exception>
    public static async Task CreateAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        try
        {
            // IF NOT EXISTS alone would need the right to create tables even where the table exists.
            if (!await IsOwnAsync(connection, cancellationToken).ConfigureAwait(false))
            {
                using var command = new NpgsqlCommand(TableSql, connection);
                await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);

                // Another role may have created it after the look.
                await IsOwnAsync(connection, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (PostgresException exception)
        {
            throw Failed("created", exception);
        }
    }

    /// <summary>Creates the table, or gives the table of an older tool its new shape, before rows are written.</summary>
    /// <param name="connection">The session that does the work, under the lock.</param>
    /// <param name="attempts">How often to try while another session holds the table; 1 in a transaction.</param>
    /// <param name="cancellationToken">Cancels the statement.</param>
    /// <exception cref="MigrationException">The server refuses, or the table is not the migrator's own.</exception>
    public static async Task PrepareAsync(NpgsqlConnection connection, int attempts, CancellationToken cancellationToken)
    {
        await CreateAsync(connection, cancellationToken).ConfigureAwait(false);
        try
        {
            await JournalShape.BringAlongAsync(connection, attempts, cancellationToken).ConfigureAwait(false);
        }
        catch (PostgresException exception)
        {
            throw Failed("changed to the shape that this version needs", exception);
        }
    }

    /// <summary>Gives the table of an older tool its new shape; without a table it does nothing.</summary>
    /// <inheritdoc cref="PrepareAsync"/>
    public static async Task PrepareIfThereAsync(NpgsqlConnection connection, int attempts, CancellationToken cancellationToken)
    {
        if (await IsOwnAsync(connection, cancellationToken).ConfigureAwait(false))
        {
            await PrepareAsync(connection, attempts, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>The changes of the journal other than by up scripts.</summary>
    /// <exception cref="MigrationException">The server refuses, or the table is not the migrator's own.</exception>
    public static async Task<IReadOnlyList<JournalChange>> ReadChangesAsync(
        NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        try
        {
            return await JournalChanges.ReadAsync(connection, cancellationToken).ConfigureAwait(false);
        }
        catch (PostgresException exception)
        {
            throw Failed("read", exception);
        }
    }

    /// <summary>The journal beside the scripts of the sets. Writes nothing; without a table no version is applied.</summary>
    /// <exception cref="MigrationException">The server refuses, or the table is not the migrator's own.</exception>
    public static async Task<SchemaHistory> ReadHistoryAsync(
        NpgsqlConnection connection, IReadOnlyList<ScriptSet> sets, CancellationToken cancellationToken)
    {
        try
        {
            return SchemaHistory.Of(await ReadAsync(connection, places: false, cancellationToken).ConfigureAwait(false), sets) with
            {
                LacksKeys = await JournalShape.LacksKeysAsync(connection, cancellationToken).ConfigureAwait(false),
            };
        }
        catch (PostgresException exception)
        {
            throw Failed("read", exception);
        }
    }

    /// <summary>
    /// True when the journal exists. Refuses a journal, or a table of its changes, that another role has prepared: for a run that writes it
    /// later, before the first look at its rows.
    /// </summary>
    /// <exception cref="MigrationException"><see cref="MigrationError.ForeignObjects"/>, or the server refuses.</exception>
    public static async Task<bool> IsOwnAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        try
        {
            await PlainTable.IsOwnAsync(connection, JournalChanges.Table, cancellationToken).ConfigureAwait(false);
            return await PlainTable.IsOwnAsync(connection, Table, cancellationToken).ConfigureAwait(false);
        }
        catch (PostgresException exception)
        {
            throw Failed("read", exception);
        }
    }

    /// <summary>The rows of the journal; none without the table.</summary>
    /// <param name="connection">The session.</param>
    /// <param name="places">True to read <see cref="Entry.Place"/>, which needs the right to read the whole table.</param>
    /// <param name="cancellationToken">Cancels the queries.</param>
    public static async Task<IReadOnlyList<Entry>> ReadAsync(
        NpgsqlConnection connection, bool places, CancellationToken cancellationToken)
    {
        if (!await PlainTable.ExistsAsync(connection, Table, cancellationToken).ConfigureAwait(false))
        {
            return [];
        }

        var stamped = await JournalChanges.ReadStampedAsync(connection, cancellationToken).ConfigureAwait(false);
        return await PlainTable.ReadAsync(connection, Table, $"""
            SELECT coalesce(j.version, 0), j.name, j.checksum, j.applied_at AT TIME ZONE 'UTC', j.duration_ms, j.applied_by, j.tool_version,
                coalesce(pg_catalog.to_jsonb(j) OPERATOR(pg_catalog.->>) 'script_set', 'core'), {(places ? "j.ctid::text" : "''")}
            FROM public.schema_versions j
            ORDER BY 8, 1, 2
            """, ReadEntry, cancellationToken).ConfigureAwait(false);

        Entry ReadEntry(NpgsqlDataReader row)
        {
            var entry = new Entry(
                row.GetString(7),
                row.GetInt32(0),
                row.GetString(1),
                row.GetString(2),
                new DateTimeOffset(row.GetDateTime(3).Ticks, TimeSpan.Zero),
                TimeSpan.FromMilliseconds(row.GetInt64(4)),
                row.GetString(5),
                row.GetString(6));
            return entry with
            {
                IsStamped = stamped.Contains((entry.Set, entry.Version, entry.AppliedAt)),
                Place = row.GetString(8),
            };
        }
    }

    /// <summary>The exception for a journal that the server does not let be read or written.</summary>
    public static MigrationException Failed(string verb, NpgsqlException exception, bool showValues = false)
    {
        var why = exception is PostgresException postgres ? ServerError.Describe(postgres, showValues) : exception.Message;
        var error = exception.SqlState == PostgresErrorCodes.LockNotAvailable ? MigrationError.Locked : MigrationError.ScriptFailed;
        var mend = exception.SqlState == PostgresErrorCodes.InsufficientPrivilege
            ? " Run as the owner of the tables, or as a role that has the right." : "";
        return new MigrationException(error, $"The journal {Table} cannot be {verb}: {why}{mend}", exception);
    }
}
