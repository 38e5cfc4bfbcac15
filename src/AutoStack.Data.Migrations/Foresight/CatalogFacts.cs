using Npgsql;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>Reads from the catalog what a forecast needs; every query reads the catalog only and waits for no table.</summary>
internal sealed class CatalogFacts(NpgsqlConnection connection)
{
    /// <summary>The server, the database and the role.</summary>
    internal sealed record Place(
        bool IsStandby, bool IsReadOnly, string Role, string Database, bool MayCreateInDatabase, bool IsSuperuser,
        string Encoding);

    public async Task<Place> ReadPlaceAsync(CancellationToken cancellationToken) => (await ReadAsync("""
        SELECT
            pg_is_in_recovery(),
            (SELECT s.reset_val = 'on' FROM pg_settings s WHERE s.name = 'default_transaction_read_only'),
            current_user::text,
            current_database()::text,
            has_database_privilege(current_database(), 'CREATE'),
            (SELECT r.rolsuper FROM pg_roles r WHERE r.rolname = current_user),
            (SELECT pg_encoding_to_char(d.encoding)::text FROM pg_database d WHERE d.datname = current_database())
        """,
        row => new Place(
            row.GetBoolean(0), row.GetBoolean(1), row.GetString(2), row.GetString(3), row.GetBoolean(4), row.GetBoolean(5),
            row.GetString(6)),
        cancellationToken).ConfigureAwait(false))[0];

    /// <summary>The relations of these names, by the name as given; without a schema the first one on the scripts' path.</summary>
    public async Task<Dictionary<string, RelationFact>> ReadRelationsAsync(
        IEnumerable<string> names, CancellationToken cancellationToken)
    {
        List<string> wanted = [.. names.Distinct()];
        var rows = await ReadAsync("""
            SELECT DISTINCT ON (w.schema, w.name)
                w.schema, w.name, c.oid, s.nspname::text, c.relkind::text, pg_get_userbyid(c.relowner)::text,
                pg_has_role(c.relowner, 'USAGE'), pg_has_role(s.nspowner, 'USAGE'), t.relname::text, coalesce(i.indisvalid, TRUE),
                ARRAY(SELECT p FROM unnest('{INSERT,UPDATE}'::text[]) p WHERE has_any_column_privilege(c.oid, p))
                    || ARRAY(SELECT p FROM unnest('{DELETE,TRUNCATE}'::text[]) p WHERE has_table_privilege(c.oid, p))
            FROM unnest(@schemas, @names) w (schema, name)
            JOIN pg_class c ON c.relname::text = w.name
            JOIN pg_namespace s ON s.oid = c.relnamespace
            LEFT JOIN pg_index i ON i.indexrelid = c.oid
            LEFT JOIN pg_class t ON t.oid = i.indrelid
            WHERE CASE WHEN w.schema = '' THEN s.nspname::text = ANY (@path) ELSE s.nspname::text = w.schema END
            ORDER BY w.schema, w.name, array_position(@path, s.nspname::text)
            """,
            row => (Key: row.GetString(0) is { Length: > 0 } schema ? $"{schema}.{row.GetString(1)}" : row.GetString(1), Fact:
                new RelationFact(
                    row.GetFieldValue<uint>(2), row.GetString(3), row.GetString(1), row.GetString(4), row.GetString(5), row.GetBoolean(6),
                    row.GetBoolean(7), row.IsDBNull(8) ? null : row.GetString(8), row.GetBoolean(9), row.GetFieldValue<string[]>(10))),
            cancellationToken,
            ("schemas", wanted.Select(name => Names.Split(name).Schema).ToArray()),
            ("names", wanted.Select(name => Names.Split(name).Name).ToArray()),
            ("path", await ReadPathAsync(cancellationToken).ConfigureAwait(false))).ConfigureAwait(false);
        return rows.ToDictionary(row => row.Key, row => row.Fact);
    }

    /// <summary>The schemas that exist, and whether this role may create objects in them.</summary>
    public async Task<Dictionary<string, bool>> ReadSchemasAsync(IEnumerable<string> names, CancellationToken cancellationToken) =>
        (await ReadAsync("""
            SELECT s.nspname::text, has_schema_privilege(s.oid, 'CREATE')
            FROM pg_namespace s
            WHERE s.nspname::text = ANY (@names)
            """, row => (Name: row.GetString(0), May: row.GetBoolean(1)), cancellationToken, ("names", names.Distinct().ToArray()))
            .ConfigureAwait(false)).ToDictionary(row => row.Name, row => row.May);

    /// <summary>The types and routines that exist in the schemas, as <c>schema.type</c> and <c>schema.routine(int4,uuid)</c>.</summary>
    public async Task<Dictionary<string, (string Owner, bool IsOwner)>> ReadTypesAndRoutinesAsync(
        IEnumerable<string> names, CancellationToken cancellationToken)
    {
        List<string> wanted = [.. names.Distinct()];
        return (await ReadAsync("""
            SELECT s.nspname::text || '.' || t.typname::text, pg_get_userbyid(t.typowner)::text, pg_has_role(t.typowner, 'USAGE')
            FROM unnest(@schemas, @names) w (schema, name)
            JOIN pg_namespace s ON s.nspname::text = w.schema
            JOIN pg_type t ON t.typnamespace = s.oid AND t.typname::text = w.name AND t.typcategory <> 'A'
            UNION
            SELECT
                s.nspname::text || '.' || p.proname::text || '(' || coalesce((
                    SELECT string_agg(t.typname::text, ',' ORDER BY a.place)
                    FROM unnest(p.proargtypes::oid[]) WITH ORDINALITY a (type, place)
                    JOIN pg_type t ON t.oid = a.type), '') || ')',
                pg_get_userbyid(p.proowner)::text, pg_has_role(p.proowner, 'USAGE')
            FROM unnest(@schemas, @names) w (schema, name)
            JOIN pg_namespace s ON s.nspname::text = w.schema
            JOIN pg_proc p ON p.pronamespace = s.oid AND p.proname::text = w.name
            """,
            row => (Key: row.GetString(0), Owner: row.GetString(1), IsOwner: row.GetBoolean(2)), cancellationToken,
            ("schemas", wanted.Select(Names.SchemaOf).ToArray()),
            ("names", wanted.Select(name => Names.Split(name).Name).ToArray())).ConfigureAwait(false))
            .ToDictionary(row => row.Key, row => (row.Owner, row.IsOwner));
    }

    /// <summary>Those of the names that an ordinary query calls as a routine which may write and lock: not one of PostgreSQL.</summary>
    public Task<List<string>> ReadVolatileRoutinesAsync(IEnumerable<string> names, CancellationToken cancellationToken)
    {
        List<string> wanted = [.. names.Distinct()];
        return ReadAsync("""
            SELECT DISTINCT w.written
            FROM unnest(@written, @schemas, @names) w (written, schema, name)
            JOIN pg_proc p ON p.proname::text = w.name AND p.provolatile = 'v'
            JOIN pg_namespace s ON s.oid = p.pronamespace
            WHERE s.nspname::text NOT IN ('pg_catalog', 'information_schema') AND w.schema IN ('', s.nspname::text)
              AND (w.schema <> '' OR NOT EXISTS (
                  SELECT FROM pg_proc b WHERE b.proname::text = w.name AND b.pronamespace = 'pg_catalog'::regnamespace))
            """, row => row.GetString(0), cancellationToken,
            ("written", wanted.ToArray()),
            ("schemas", wanted.Select(name => Names.Split(name).Schema).ToArray()),
            ("names", wanted.Select(name => Names.Split(name).Name).ToArray()));
    }

    /// <summary>The columns, constraints, triggers and policies of tables, as <c>kind oid name</c>.</summary>
    public async Task<HashSet<string>> ReadPartsAsync(IEnumerable<uint> tables, CancellationToken cancellationToken) =>
    [
        .. await ReadAsync("""
            SELECT concat_ws(' ', 'AddColumn', a.attrelid, a.attname)
            FROM pg_attribute a
            WHERE a.attrelid = ANY (@tables::oid[]) AND a.attnum > 0 AND NOT a.attisdropped
            UNION ALL
            SELECT concat_ws(' ', 'AddConstraint', c.conrelid, c.conname) FROM pg_constraint c WHERE c.conrelid = ANY (@tables::oid[])
            UNION ALL
            SELECT concat_ws(' ', 'AddTrigger', t.tgrelid, t.tgname) FROM pg_trigger t WHERE t.tgrelid = ANY (@tables::oid[])
            UNION ALL
            SELECT concat_ws(' ', 'AddPolicy', p.polrelid, p.polname) FROM pg_policy p WHERE p.polrelid = ANY (@tables::oid[])
            """, row => row.GetString(0), cancellationToken, ("tables", tables.Distinct().ToArray())).ConfigureAwait(false),
    ];

    /// <summary>An object that depends on a table or column, so that these can neither be dropped nor get another type.</summary>
    /// <param name="Table">The table.</param>
    /// <param name="Column">The column; empty for the table as a whole.</param>
    /// <param name="Name">The object, for people: <c>view failing</c>.</param>
    /// <param name="Drop">The statement that drops a view; empty for another object.</param>
    /// <param name="Holders">The names in a plan; the object is gone when the plan changes one of them.</param>
    internal sealed record Dependent(uint Table, string Column, string Name, string Drop, IReadOnlyList<string> Holders);

    /// <summary>What depends on tables and columns.</summary>
    /// <param name="wanted">Tables with a column, or with the empty string.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    public async Task<IReadOnlyList<Dependent>> ReadDependentsAsync(
        IReadOnlyCollection<(uint Table, string Column)> wanted, CancellationToken cancellationToken) => await ReadAsync("""
            WITH named AS (
                SELECT c.oid, c.relkind, CASE s.nspname WHEN 'public' THEN c.relname::text ELSE s.nspname || '.' || c.relname END AS name,
                    format('%I.%I', s.nspname, c.relname) AS sql
                FROM pg_class c
                JOIN pg_namespace s ON s.oid = c.relnamespace
            ),
            wanted AS (
                SELECT w.relation, w.part, a.attnum, n.name
                FROM unnest(@relations::oid[], @parts) w (relation, part)
                JOIN named n ON n.oid = w.relation
                LEFT JOIN pg_attribute a ON a.attrelid = w.relation AND a.attname::text = w.part
            ),
            dependent AS (
                SELECT w.*, d.classid, d.objid
                FROM wanted w
                JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = w.relation
                    AND (w.part = '' OR d.refobjsubid = w.attnum)
            )
            SELECT DISTINCT d.relation, d.part, CASE v.relkind WHEN 'm' THEN 'materialized view ' ELSE 'view ' END || v.name,
                CASE v.relkind WHEN 'm' THEN 'DROP MATERIALIZED VIEW ' ELSE 'DROP VIEW ' END || v.sql || ';', ARRAY[v.name]
            FROM dependent d
            JOIN pg_rewrite r ON r.oid = d.objid AND r.ev_class <> d.relation
            JOIN named v ON v.oid = r.ev_class
            WHERE d.classid = 'pg_rewrite'::regclass
            UNION ALL
            SELECT DISTINCT d.relation, d.part, 'policy ' || p.polname, '', ARRAY[d.name || '.' || p.polname]
            FROM dependent d
            JOIN pg_policy p ON p.oid = d.objid
            WHERE d.classid = 'pg_policy'::regclass AND d.part <> ''
            UNION ALL
            SELECT DISTINCT d.relation, d.part, 'trigger ' || t.tgname, '', ARRAY[d.name || '.' || t.tgname]
            FROM dependent d
            JOIN pg_trigger t ON t.oid = d.objid AND NOT t.tgisinternal
            WHERE d.classid = 'pg_trigger'::regclass AND d.part <> ''
            UNION ALL
            SELECT w.relation, w.part, format('constraint %s of %s', c.conname, o.name), '', ARRAY[o.name, o.name || '.' || c.conname]
            FROM wanted w
            JOIN pg_constraint c ON c.confrelid = w.relation AND c.conrelid <> w.relation AND c.contype = 'f' AND c.conparentid = 0
            JOIN named o ON o.oid = c.conrelid
            WHERE w.part = ''
            ORDER BY 1, 2, 3
            """,
            row => new Dependent(
                row.GetFieldValue<uint>(0), row.GetString(1), row.GetString(2), SqlCopy.Of(row.GetString(3)),
                row.GetFieldValue<string[]>(4)),
            cancellationToken,
            ("relations", wanted.Select(w => w.Table).ToArray()), ("parts", wanted.Select(w => w.Column).ToArray())).ConfigureAwait(false);

    /// <summary>An extension that a script creates.</summary>
    internal sealed record ExtensionFact(string Name, bool IsCreated, bool IsAvailable, bool NeedsSuperuser, bool IsTrusted);

    public Task<List<ExtensionFact>> ReadExtensionsAsync(IEnumerable<string> names, CancellationToken cancellationToken) => ReadAsync("""
        SELECT w.name, e.oid IS NOT NULL, a.name IS NOT NULL, coalesce(v.superuser, FALSE), coalesce(v.trusted, FALSE)
        FROM unnest(@names) w (name)
        LEFT JOIN pg_extension e ON e.extname::text = w.name
        LEFT JOIN pg_available_extensions a ON a.name::text = w.name
        LEFT JOIN pg_available_extension_versions v ON v.name = a.name AND v.version = a.default_version
        """,
        row => new ExtensionFact(row.GetString(0), row.GetBoolean(1), row.GetBoolean(2), row.GetBoolean(3), row.GetBoolean(4)),
        cancellationToken, ("names", names.Distinct().ToArray()));

    /// <summary>A column whose values the server makes.</summary>
    internal sealed record ComputedColumn(string Table, string Name, bool IsIdentity);

    /// <summary>The identity and generated columns of tables of the schema public, in the order of the columns.</summary>
    public Task<List<ComputedColumn>> ReadComputedColumnsAsync(IEnumerable<string> tables, CancellationToken cancellationToken) =>
        ReadAsync("""
            SELECT c.relname::text, a.attname::text, a.attidentity <> ''
            FROM pg_class c
            JOIN pg_attribute a ON a.attrelid = c.oid
            WHERE c.relnamespace = 'public'::regnamespace AND c.relname::text = ANY (@tables)
                AND a.attnum > 0 AND NOT a.attisdropped AND (a.attidentity <> '' OR a.attgenerated <> '')
            ORDER BY c.relname::text, a.attnum
            """,
            row => new ComputedColumn(row.GetString(0), row.GetString(1), row.GetBoolean(2)),
            cancellationToken, ("tables", tables.ToArray()));

    /// <summary>The sizes of tables with their indexes; empty when another session locks one of them.</summary>
    public async Task<Dictionary<uint, long>> ReadSizesAsync(IEnumerable<uint> tables, CancellationToken cancellationToken)
    {
        try
        {
            // The function opens the table. The session is used for nothing else afterwards.
            await ReadAsync("SET lock_timeout = '500ms'", _ => 0, cancellationToken).ConfigureAwait(false);
            return (await ReadAsync("""
                SELECT w.relation, coalesce(pg_total_relation_size(w.relation), 0)
                FROM unnest(@tables::oid[]) w (relation)
                """, row => (Oid: row.GetFieldValue<uint>(0), Bytes: row.GetInt64(1)), cancellationToken,
                ("tables", tables.Distinct().ToArray())).ConfigureAwait(false)).ToDictionary(row => row.Oid, row => row.Bytes);
        }
        catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.LockNotAvailable)
        {
            return [];
        }
    }

    private async Task<string[]> ReadPathAsync(CancellationToken cancellationToken) =>
    [
        "public",
        .. await ReadAsync("""
            SELECT s.nspname::text
            FROM pg_settings p
            CROSS JOIN LATERAL unnest(string_to_array(p.reset_val, ',')) WITH ORDINALITY e (entry, place)
            JOIN pg_namespace s ON s.nspname::text = replace(trim(e.entry, ' "'), '$user', current_user::text)
            WHERE p.name = 'search_path' AND s.nspname::text NOT IN ('public', 'pg_catalog')
            ORDER BY e.place
            """, row => row.GetString(0), cancellationToken).ConfigureAwait(false),
    ];

    private async Task<List<T>> ReadAsync<T>(
        string sql, Func<NpgsqlDataReader, T> read, CancellationToken cancellationToken, params (string Name, object Value)[] parameters)
    {
        using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        foreach (var (name, value) in parameters)
        {
            command.Parameters.AddWithValue(name, value is uint[] oids ? Array.ConvertAll(oids, oid => (long)oid) : value);
        }

        return await command.ListAsync(read, cancellationToken).ConfigureAwait(false);
    }
}
