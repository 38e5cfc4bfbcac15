using System.Reflection;
using Npgsql;
using NpgsqlTypes;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>The table <c>public.schema_versions</c>: the scripts that a database has run, with their checksums.</summary>
internal static class VersionJournal
{
    private static readonly string ToolVersion =
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

    /// <summary>
    /// Gives the journal of an older tool its column for script sets, which those may read who could read single columns before. An older
    /// tool then stops: it accepts no journal with a default.
    /// </summary>
    public const string BringAlongSql = """
        DO $$
        DECLARE
            reader name;
        BEGIN
            IF NOT EXISTS (
                SELECT
                FROM pg_catalog.pg_attribute a
                WHERE a.attrelid = pg_catalog.to_regclass('public.schema_versions')::oid
                  AND a.attname = 'script_set' AND NOT a.attisdropped)
            THEN
                ALTER TABLE public.schema_versions
                    ADD COLUMN script_set TEXT NOT NULL DEFAULT 'core',
                    DROP CONSTRAINT IF EXISTS schema_versions_pkey,
                    DROP CONSTRAINT IF EXISTS schema_versions_name_key;
                ALTER TABLE public.schema_versions
                    ALTER COLUMN version DROP NOT NULL,
                    ADD CONSTRAINT schema_versions_pkey PRIMARY KEY (script_set, name),
                    ADD CONSTRAINT schema_versions_version_key UNIQUE (script_set, version);
                FOR reader IN
                    SELECT r.rolname
                    FROM pg_catalog.pg_attribute a
                    CROSS JOIN LATERAL pg_catalog.aclexplode(a.attacl) p
                    JOIN pg_catalog.pg_roles r ON r.oid = p.grantee
                    WHERE a.attrelid = pg_catalog.to_regclass('public.schema_versions')::oid
                      AND a.attname = 'version' AND p.privilege_type = 'SELECT'
                LOOP
                    EXECUTE pg_catalog.format('GRANT SELECT (script_set) ON public.schema_versions TO %I', reader);
                END LOOP;
                COMMENT ON TABLE public.schema_versions IS
                    'The journal of autostack-db. A tool that refuses this table is older than its column script_set: use a newer one.';
            END IF;
        END
        $$
        """;

    internal sealed record Entry(
        string Set, int Version, string Name, string Checksum, DateTimeOffset AppliedAt, TimeSpan Duration, string AppliedBy,
        string ToolVersion);

    /// <summary>Creates the table unless it exists.</summary>
    /// <exception cref="MigrationException">The server refuses, or the table is not the migrator's own.</exception>
    public static async Task CreateAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        try
        {
            // IF NOT EXISTS alone would need the right to create tables even where the table exists.
            if (!await ExistsAsync(connection, cancellationToken).ConfigureAwait(false))
            {
                using var command = new NpgsqlCommand(TableSql, connection);
                await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
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
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                // The readers of the table must not queue for long behind the migrator.
                using var command = new NpgsqlCommand(
                    $"SET lock_timeout = '{MigrationStep.DefaultLockTimeout}'; {BringAlongSql}", connection);
                await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
                return;
            }
            catch (PostgresException exception) when (
                exception.SqlState == PostgresErrorCodes.LockNotAvailable && attempt < attempts)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(250 * Math.Pow(2, attempt - 1)), cancellationToken).ConfigureAwait(false);
            }
            catch (PostgresException exception)
            {
                throw Failed("changed to the shape that this version needs", exception);
            }
        }
    }

    /// <summary>Gives the table of an older tool its new shape; without a table it does nothing.</summary>
    /// <inheritdoc cref="PrepareAsync"/>
    public static async Task PrepareIfThereAsync(NpgsqlConnection connection, int attempts, CancellationToken cancellationToken)
    {
        if (await ExistsAsync(connection, cancellationToken).ConfigureAwait(false))
        {
            await PrepareAsync(connection, attempts, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>The journal beside the scripts of the sets. Writes nothing; without a table no version is applied.</summary>
    /// <exception cref="MigrationException">The server refuses, or the table is not the migrator's own.</exception>
    public static async Task<SchemaHistory> ReadHistoryAsync(
        NpgsqlConnection connection, IReadOnlyList<ScriptSet> sets, CancellationToken cancellationToken)
    {
        try
        {
            return SchemaHistory.Of(await ReadAsync(connection, cancellationToken).ConfigureAwait(false), sets);
        }
        catch (PostgresException exception)
        {
            throw Failed("read", exception);
        }
    }

    /// <summary>Adds and removes rows without running scripts, all or none of them. Creates the table when it does not exist.</summary>
    /// <exception cref="MigrationException">The server refuses, or the session is lost.</exception>
    public static async Task StampAsync(
        NpgsqlConnection connection,
        IReadOnlyList<MigrationScript> add,
        IReadOnlyList<MigrationScript> remove,
        bool showValues,
        CancellationToken cancellationToken)
    {
        try
        {
            var transaction = await connection.BeginTransactionAsync(cancellationToken).ConfigureAwait(false);
            await using var ending = transaction.ConfigureAwait(false);
            if (add.Count + remove.Count > 0)
            {
                await PrepareAsync(connection, attempts: 1, cancellationToken).ConfigureAwait(false);
            }

            foreach (var script in remove.Concat(add))
            {
                using var command = new NpgsqlCommand { Connection = connection, Transaction = transaction };
                await Record(command, script, up: add.Contains(script), TimeSpan.Zero).ExecuteNonQueryAsync(cancellationToken)
                    .ConfigureAwait(false);
            }

            // A cancelled COMMIT leaves open whether the transaction was committed.
            await transaction.CommitAsync(CancellationToken.None).ConfigureAwait(false);
        }
        catch (NpgsqlException exception)
        {
            throw Failed("written", exception, showValues);
        }
    }

    // The default of script_set is a constant, which runs nothing.
    // A view, or a table with a trigger, policy, default or check, would run the code of the role that created it before the migrator did.
    private static async Task<bool> ExistsAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        using var command = new NpgsqlCommand("""
            SELECT c.relkind = 'r' AND NOT c.relrowsecurity AND NOT c.relhassubclass
                AND NOT EXISTS (SELECT FROM pg_catalog.pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal)
                AND NOT EXISTS (SELECT FROM pg_catalog.pg_rewrite r WHERE r.ev_class = c.oid)
                AND NOT EXISTS (
                    SELECT
                    FROM pg_catalog.pg_attrdef d
                    JOIN pg_catalog.pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
                    WHERE d.adrelid = c.oid
                      AND NOT (a.attname = 'script_set' AND pg_catalog.pg_get_expr(d.adbin, d.adrelid) = '''core''::text'))
                AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'c')
                AND NOT EXISTS (
                    SELECT FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid AND (i.indexprs IS NOT NULL OR i.indpred IS NOT NULL))
            FROM pg_catalog.pg_class c
            WHERE c.oid = pg_catalog.to_regclass('public.schema_versions')::oid
            """, connection);
        return await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false) switch
        {
            null => false,
            true => true,
            _ => throw new MigrationException(MigrationError.ForeignObjects,
                "public.schema_versions is not the plain table that the migrator creates: it is a view, or has a trigger, rule, " +
                "policy, default, check or index that would run code. Nothing was read or changed. Find out who " +
                "created it, and drop or rename it."),
        };
    }

    private static async Task<IReadOnlyList<Entry>> ReadAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        if (!await ExistsAsync(connection, cancellationToken).ConfigureAwait(false))
        {
            return [];
        }

        using var command = new NpgsqlCommand("""
            SELECT coalesce(j.version, 0), j.name, j.checksum, j.applied_at AT TIME ZONE 'UTC', j.duration_ms, j.applied_by, j.tool_version,
                coalesce(pg_catalog.to_jsonb(j) OPERATOR(pg_catalog.->>) 'script_set', 'core')
            FROM public.schema_versions j
            ORDER BY 8, 1, 2
            """, connection);
        var entries = new List<Entry>();
        var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        await using (reader.ConfigureAwait(false))
        {
            while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
            {
                entries.Add(new Entry(
                    reader.GetString(7),
                    reader.GetInt32(0),
                    reader.GetString(1),
                    reader.GetString(2),
                    new DateTimeOffset(reader.GetDateTime(3).Ticks, TimeSpan.Zero),
                    TimeSpan.FromMilliseconds(reader.GetInt64(4)),
                    reader.GetString(5),
                    reader.GetString(6)));
            }
        }

        return entries;
    }

    /// <summary>
    /// The statement of <see cref="Record"/> with its values as literals; the duration is recorded as 0, since it is unknown.
    /// </summary>
    public static string RecordSql(MigrationScript script, bool up) => up
        ? $"""
            INSERT INTO public.schema_versions (script_set, version, name, checksum, applied_at, duration_ms, applied_by, tool_version)
            VALUES (
                {Literal(script.Set)}, {(script.IsRepeatable ? "NULL" : script.Version)}, {Literal(script.Name)},
                {Literal(script.Checksum)}, pg_catalog.clock_timestamp(), 0, current_user, {Literal(ToolVersion)}){Again(script)}
            """
        : $"""
            DELETE FROM public.schema_versions
            WHERE script_set = {Literal(script.Set)} AND (version = {script.Version} OR version IS NULL)
            """;

    private static string Literal(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";

    // A repeatable script has one row, that of its last run.
    private static string Again(MigrationScript script) => script.IsRepeatable
        ? """

            ON CONFLICT (script_set, name) DO UPDATE SET
                checksum = excluded.checksum, applied_at = excluded.applied_at, duration_ms = excluded.duration_ms,
                applied_by = excluded.applied_by, tool_version = excluded.tool_version
            """
        : "";

    /// <summary>
    /// Sets the statement that adds the row of a version, or removes it. A version that is removed takes the rows of the repeatable scripts
    /// with it: what they created may be gone, so that the next upgrade runs them again.
    /// </summary>
    public static NpgsqlCommand Record(NpgsqlCommand command, MigrationScript script, bool up, TimeSpan duration)
    {
        command.Parameters.AddWithValue("set", script.Set);
        if (!up)
        {
            command.CommandText =
                "DELETE FROM public.schema_versions WHERE script_set = @set AND (version = @version OR version IS NULL)";
            command.Parameters.AddWithValue("version", script.Version);
            return command;
        }

        command.CommandText = $"""
            INSERT INTO public.schema_versions (script_set, version, name, checksum, applied_at, duration_ms, applied_by, tool_version)
            VALUES (@set, @version, @name, @checksum, pg_catalog.clock_timestamp(), @duration, current_user, @tool){Again(script)}
            """;
        command.Parameters.Add(new NpgsqlParameter("version", NpgsqlDbType.Integer)
        {
            Value = script.IsRepeatable ? DBNull.Value : script.Version,
        });
        command.Parameters.AddWithValue("name", script.Name);
        command.Parameters.AddWithValue("checksum", script.Checksum);
        command.Parameters.AddWithValue("duration", (long)duration.TotalMilliseconds);
        command.Parameters.AddWithValue("tool", ToolVersion);
        return command;
    }

    private static MigrationException Failed(string verb, NpgsqlException exception, bool showValues = false)
    {
        var why = exception is PostgresException postgres ? ServerError.Describe(postgres, showValues) : exception.Message;
        return new MigrationException(
            MigrationError.ScriptFailed, $"The journal public.schema_versions cannot be {verb}: {why}", exception);
    }
}
