namespace AutoStack.Data.Integrity;

/// <summary>Parts of the statements that read what the catalog says about the tables of AutoStack.</summary>
internal static class CatalogSql
{
    /// <summary>
    /// The tables <c>c</c> of the schema in which <c>deployments</c> is, if they have its owner: tables that another role has put there
    /// are not AutoStack's, and their constraints may run code of that role.
    /// </summary>
    internal const string FromTables = """
        FROM pg_catalog.pg_class m
        JOIN pg_catalog.pg_class c ON c.relnamespace = m.relnamespace AND c.relowner = m.relowner AND c.relkind = 'r'
        """;

    /// <summary>Selects the schema and the owner. Needs <see cref="FromTables"/>.</summary>
    internal const string OfAutoStack = "m.oid = pg_catalog.to_regclass('deployments')::oid";

    /// <summary>The columns pages, table and name of a row of <see cref="Target.Read"/>, of the table <c>c</c>.</summary>
    internal const string TableColumns = """
        pg_catalog.pg_relation_size(c.oid) / pg_catalog.current_setting('block_size')::bigint,
        c.oid::regclass::text,
        coalesce((
            SELECT CASE
                WHEN pg_catalog.bool_and(a.atttypid IN ('uuid'::regtype::oid, 'bigint'::regtype::oid, 'integer'::regtype::oid))
                THEN pg_catalog.string_agg(pg_catalog.format('t.%I::pg_catalog.text', a.attname), ' || '':'' || ' ORDER BY u.ordinal)
            END
            FROM pg_catalog.pg_index i
            CROSS JOIN pg_catalog.unnest(i.indkey::smallint[]) WITH ORDINALITY AS u (attnum, ordinal)
            JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = u.attnum
            WHERE i.indrelid = c.oid AND i.indisprimary
        ), 't.ctid::pg_catalog.text')
        """;
}
