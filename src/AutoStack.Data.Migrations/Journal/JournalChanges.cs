using Npgsql;
using NpgsqlTypes;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>
/// The table <c>public.schema_version_changes</c>: who changed the journal, when, why, and the rows before and after. The first change
/// creates the table.
/// </summary>
internal static class JournalChanges
{
    public const string Table = "public.schema_version_changes";

    // The name of a change of the table itself.
    private const string KeysName = "schema_versions";

    /// <summary>
    /// Creates the table unless it exists. Whoever may read the journal may read its changes, and nobody else gets a right: default
    /// privileges could let a service write the table.
    /// </summary>
    public const string EnsureSql = $"""
        DO $$
        DECLARE
            grantee text;
        BEGIN
            IF pg_catalog.to_regclass('public.schema_version_changes') IS NULL THEN
                CREATE TABLE public.schema_version_changes (
                    id BIGINT CONSTRAINT schema_version_changes_pkey PRIMARY KEY,
                    changed_at TIMESTAMPTZ NOT NULL,
                    changed_by TEXT NOT NULL,
                    kind TEXT NOT NULL,
                    script_set TEXT NOT NULL,
                    version INTEGER,
                    name TEXT NOT NULL,
                    old_row JSONB,
                    new_row JSONB,
                    reason TEXT,
                    tool_version TEXT NOT NULL
                );
                COMMENT ON TABLE public.schema_version_changes IS
                    'Changes of the journal public.schema_versions other than by up scripts: autostack-db history --changes.';
                FOR grantee IN
                    SELECT DISTINCT CASE WHEN p.grantee = 0 THEN 'PUBLIC' ELSE p.grantee::pg_catalog.regrole::text END
                    FROM pg_catalog.pg_class c
                    CROSS JOIN LATERAL pg_catalog.aclexplode(c.relacl) p
                    WHERE c.oid = pg_catalog.to_regclass('public.schema_version_changes')::oid AND p.grantee <> c.relowner
                LOOP
                    EXECUTE pg_catalog.format('REVOKE ALL ON public.schema_version_changes FROM %s', grantee);
                END LOOP;
                FOR grantee IN
                    SELECT DISTINCT CASE WHEN p.grantee = 0 THEN 'PUBLIC' ELSE p.grantee::pg_catalog.regrole::text END
                    FROM pg_catalog.pg_class c
                    LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attname = 'version'
                    CROSS JOIN LATERAL (
                        SELECT e.grantee, e.privilege_type FROM pg_catalog.aclexplode(c.relacl) e
                        UNION ALL
                        SELECT e.grantee, e.privilege_type FROM pg_catalog.aclexplode(a.attacl) e) p
                    WHERE c.oid = pg_catalog.to_regclass('public.schema_versions')::oid
                      AND p.privilege_type = 'SELECT' AND p.grantee <> c.relowner
                LOOP
                    EXECUTE pg_catalog.format('GRANT SELECT ON public.schema_version_changes TO %s', grantee);
                END LOOP;
            ELSIF EXISTS (
                SELECT
                FROM pg_catalog.pg_class c
                WHERE c.oid = pg_catalog.to_regclass('public.schema_version_changes')::oid AND NOT {TrustedRoles.OwnTable})
            THEN
                RAISE 'public.schema_version_changes belongs to another role, which could have its code run: drop or rename it.';
            END IF;
        END
        $$
        """;

    /// <summary>Inserts a change for each row of the query that follows.</summary>
    public const string InsertSql = """
        INSERT INTO public.schema_version_changes (
            id, changed_at, changed_by, kind, script_set, version, name, old_row, new_row, reason, tool_version)
        SELECT (SELECT coalesce(pg_catalog.max(c.id), 0) FROM public.schema_version_changes c) + pg_catalog.row_number() OVER (),
        """;

    /// <summary>A change of one row that the caller has made.</summary>
    public static NpgsqlCommand Insert(
        NpgsqlConnection connection, JournalChangeKind kind, VersionJournal.Entry entry, string? oldRow, string? newRow, string? reason) =>
        Insert(connection, kind, entry.Set, entry.Version, entry.Name, oldRow, newRow, reason);

    /// <summary>The restored keys of the journal: a change of the table, which has no row.</summary>
    public static NpgsqlCommand InsertKeys(NpgsqlConnection connection, string? reason) =>
        Insert(connection, JournalChangeKind.Repaired, ScriptSet.CoreName, 0, KeysName, null, null, reason);

    private static NpgsqlCommand Insert(
        NpgsqlConnection connection, JournalChangeKind kind, string set, int version, string name, string? oldRow, string? newRow,
        string? reason)
    {
        var command = new NpgsqlCommand($"""
            {EnsureSql};
            {InsertSql}
                pg_catalog.clock_timestamp(), session_user, @kind, @set, @version, @name, @old, @new, @reason, @tool
            """, connection);
        command.Parameters.AddWithValue("kind", Word(kind));
        command.Parameters.AddWithValue("set", set);
        command.Parameters.Add(Nullable("version", NpgsqlDbType.Integer, version == 0 ? null : version));
        command.Parameters.AddWithValue("name", name);
        command.Parameters.Add(Nullable("old", NpgsqlDbType.Jsonb, oldRow));
        command.Parameters.Add(Nullable("new", NpgsqlDbType.Jsonb, newRow));
        command.Parameters.Add(Nullable("reason", NpgsqlDbType.Text, reason));
        command.Parameters.AddWithValue("tool", VersionJournal.ToolVersion);
        return command;
    }

    /// <summary>A change of a row that a script has just added by running out of its turn.</summary>
    public static NpgsqlCommand InsertRun(NpgsqlConnection connection, MigrationScript script, string? reason)
    {
        var command = new NpgsqlCommand($"""
            {EnsureSql};
            {InsertSql}
                pg_catalog.clock_timestamp(), session_user, '{Word(JournalChangeKind.Repaired)}', j.script_set, j.version, j.name,
                NULL::pg_catalog.jsonb, pg_catalog.to_jsonb(j), @reason, @tool
            FROM public.schema_versions j
            WHERE j.script_set = @set AND j.name = @name
            """, connection);
        command.Parameters.AddWithValue("set", script.Set);
        command.Parameters.AddWithValue("name", script.Name);
        command.Parameters.Add(Nullable("reason", NpgsqlDbType.Text, reason));
        command.Parameters.AddWithValue("tool", VersionJournal.ToolVersion);
        return command;
    }

    public static NpgsqlParameter Nullable(string name, NpgsqlDbType type, object? value) =>
        new(name, type) { Value = value ?? DBNull.Value };

    /// <summary>The changes, the first one first; empty without the table.</summary>
    public static async Task<IReadOnlyList<JournalChange>> ReadAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        if (!await PlainTable.ExistsAsync(connection, Table, cancellationToken).ConfigureAwait(false))
        {
            return [];
        }

        return await PlainTable.ReadAsync(connection, Table, """
            SELECT c.id, c.changed_at AT TIME ZONE 'UTC', c.changed_by, c.kind, coalesce(c.version, 0), c.name, c.old_row::text,
                c.new_row::text, c.reason, c.tool_version, c.script_set
            FROM public.schema_version_changes c
            ORDER BY c.id
            """, ReadChange, cancellationToken).ConfigureAwait(false);

        static JournalChange ReadChange(NpgsqlDataReader row)
        {
            return new JournalChange(
                row.GetInt64(0),
                new DateTimeOffset(row.GetDateTime(1).Ticks, TimeSpan.Zero),
                row.GetString(2),
                Enum.TryParse<JournalChangeKind>(row.GetString(3), ignoreCase: true, out var kind) ? kind : JournalChangeKind.Other,
                row.GetInt32(4),
                row.GetString(5),
                Text(6),
                Text(7),
                Text(8),
                row.GetString(9))
            {
                Set = row.GetString(10),
            };

            string? Text(int column) => row.IsDBNull(column) ? null : row.GetString(column);
        }
    }

    /// <summary>
    /// The rows that were added without running a script: such a row has the time of its change. Empty for a role that may not read the
    /// changes.
    /// </summary>
    public static async Task<HashSet<(string Set, int Version, DateTimeOffset At)>> ReadStampedAsync(
        NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        if (!await PlainTable.ExistsAsync(connection, Table, cancellationToken).ConfigureAwait(false))
        {
            return [];
        }

        using var ask = new NpgsqlCommand("SELECT pg_catalog.has_table_privilege(@table, 'SELECT')", connection);
        ask.Parameters.AddWithValue("table", Table);
        if (await ask.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false) is not true)
        {
            return [];
        }

        return
        [
            .. await PlainTable.ReadAsync(
                connection, Table, """
                SELECT c.script_set, c.version, c.changed_at AT TIME ZONE 'UTC'
                FROM public.schema_version_changes c
                WHERE c.old_row IS NULL AND c.new_row IS NOT NULL AND c.version IS NOT NULL
                """,
                row => (row.GetString(0), row.GetInt32(1), new DateTimeOffset(row.GetDateTime(2).Ticks, TimeSpan.Zero)),
                cancellationToken).ConfigureAwait(false),
        ];
    }

    /// <summary>The kind as the table has it: <c>stamped</c>.</summary>
    public static string Word(JournalChangeKind kind) => kind.ToString().ToLowerInvariant();
}
