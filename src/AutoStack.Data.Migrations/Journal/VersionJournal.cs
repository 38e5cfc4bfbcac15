using System.Reflection;
using Npgsql;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>The table <c>public.schema_versions</c>: the scripts that a database has run, with their checksums.</summary>
internal static class VersionJournal
{
    private static readonly string ToolVersion =
        typeof(VersionJournal).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";

    public const string TableSql = """
        CREATE TABLE IF NOT EXISTS public.schema_versions (
            version INTEGER CONSTRAINT schema_versions_pkey PRIMARY KEY,
            name TEXT NOT NULL CONSTRAINT schema_versions_name_key UNIQUE,
            checksum TEXT NOT NULL,
            applied_at TIMESTAMPTZ NOT NULL,
            duration_ms BIGINT NOT NULL,
            applied_by TEXT NOT NULL,
            tool_version TEXT NOT NULL
        )
        """;

    internal sealed record Entry(
        int Version, string Name, string Checksum, DateTimeOffset AppliedAt, TimeSpan Duration, string AppliedBy, string ToolVersion);

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

    /// <summary>The journal beside the scripts of the package. Writes nothing; without a table no version is applied.</summary>
    /// <exception cref="MigrationException">The server refuses, or the table is not the migrator's own.</exception>
    public static async Task<SchemaHistory> ReadHistoryAsync(
        NpgsqlConnection connection, IReadOnlyList<MigrationScript> scripts, CancellationToken cancellationToken)
    {
        try
        {
            return SchemaHistory.Of(await ReadAsync(connection, cancellationToken).ConfigureAwait(false), scripts);
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
            await CreateAsync(connection, cancellationToken).ConfigureAwait(false);
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

    // A view, or a table with a trigger, policy, default or check, would run the code of the role that created it before the migrator did.
    private static async Task<bool> ExistsAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        using var command = new NpgsqlCommand("""
            SELECT c.relkind = 'r' AND NOT c.relrowsecurity AND NOT c.relhassubclass
                AND NOT EXISTS (SELECT FROM pg_catalog.pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal)
                AND NOT EXISTS (SELECT FROM pg_catalog.pg_rewrite r WHERE r.ev_class = c.oid)
                AND NOT EXISTS (SELECT FROM pg_catalog.pg_attrdef a WHERE a.adrelid = c.oid)
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
            SELECT version, name, checksum, applied_at AT TIME ZONE 'UTC', duration_ms, applied_by, tool_version
            FROM public.schema_versions
            ORDER BY version
            """, connection);
        var entries = new List<Entry>();
        var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        await using (reader.ConfigureAwait(false))
        {
            while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
            {
                entries.Add(new Entry(
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
            INSERT INTO public.schema_versions (version, name, checksum, applied_at, duration_ms, applied_by, tool_version)
            VALUES (
                {script.Version}, {Literal(script.Name)}, {Literal(script.Checksum)}, pg_catalog.clock_timestamp(), 0, current_user,
                {Literal(ToolVersion)})
            """
        : $"DELETE FROM public.schema_versions WHERE version = {script.Version}";

    private static string Literal(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";

    /// <summary>Sets the statement that adds the row of a version, or removes it.</summary>
    public static NpgsqlCommand Record(NpgsqlCommand command, MigrationScript script, bool up, TimeSpan duration)
    {
        command.Parameters.AddWithValue("version", script.Version);
        if (!up)
        {
            command.CommandText = "DELETE FROM public.schema_versions WHERE version = @version";
            return command;
        }

        command.CommandText = """
            INSERT INTO public.schema_versions (version, name, checksum, applied_at, duration_ms, applied_by, tool_version)
            VALUES (@version, @name, @checksum, pg_catalog.clock_timestamp(), @duration, current_user, @tool)
            """;
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
