using AutoStack.Data.Monitoring;
using AutoStack.Data.Postgres;

namespace AutoStack.Data.Integrity;

/// <summary>What the server knows about damage of its own: checksums of pages, and versions of collations.</summary>
internal static class StorageParts
{
    public static FactPart Checksums { get; } = new(
        Severity.Error, "pages", _ => new Statement($"""
        {RangeSql.Open}
            SELECT coalesce(d.datname::text, 'shared tables') AS name, d.checksum_failures
            FROM pg_catalog.pg_stat_database d
            WHERE d.datid = 0::oid OR d.datname = pg_catalog.current_database()
        {RangeSql.Judge}
            SELECT s.name AS id, 'the server has read pages with a wrong checksum' AS problem
            FROM seen s
            WHERE s.checksum_failures > 0
        {RangeSql.Close}
        """),
        "Copy the disk, then restore from a backup to another one. The count starts anew with pg_stat_reset().");

    // The function is missing before PostgreSQL 15, which does not record the version.
    public static FactPart Collations { get; } = new(
        Severity.Error, "collations", _ => new Statement($"""
        {RangeSql.Open}
            SELECT d.datname::text AS name, pg_catalog.to_jsonb(d) OPERATOR(pg_catalog.->>) 'datcollversion' AS recorded,
                CASE WHEN pg_catalog.to_regproc('pg_catalog.pg_database_collation_actual_version') IS NOT NULL
                    THEN pg_catalog.query_to_xml(
                        'SELECT pg_catalog.pg_database_collation_actual_version(d.oid) AS actual FROM pg_catalog.pg_database d
                         WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()', FALSE, FALSE, '')::text
                END AS actual
            FROM pg_catalog.pg_database d
            WHERE d.datname = pg_catalog.current_database()
            UNION ALL
            SELECT o.collname::text, o.collversion, '<actual>' || pg_catalog.pg_collation_actual_version(o.oid) || '</actual>'
            FROM pg_catalog.pg_collation o
            WHERE o.collversion IS NOT NULL AND EXISTS (
                SELECT
                {CatalogSql.FromTables}
                JOIN pg_catalog.pg_index i ON i.indrelid = c.oid
                WHERE {CatalogSql.OfAutoStack} AND o.oid = ANY (i.indcollation::oid[]))
        {RangeSql.Judge}
            SELECT s.name AS id, 'the collation of the operating system has another version than the indexes' AS problem
            FROM seen s
            WHERE s.recorded IS NOT NULL AND s.actual IS NOT NULL
              AND pg_catalog.strpos(s.actual, '<actual>' || s.recorded || '</actual>') = 0
        {RangeSql.Close}
        """),
        "Rebuild the indexes on texts (REINDEX DATABASE CONCURRENTLY), then ALTER DATABASE … REFRESH COLLATION VERSION.");

    public static FactPart Encoding { get; } = new(
        Severity.Error, "encoding", _ => new Statement($"""
        {RangeSql.Open}
            SELECT pg_catalog.current_setting('server_encoding') AS encoding
        {RangeSql.Judge}
            SELECT s.encoding AS id, 'the encoding of the database is not UTF8' AS problem
            FROM seen s
            WHERE s.encoding <> 'UTF8'
        {RangeSql.Close}
        """),
        "Create a database with ENCODING 'UTF8', and restore a dump into it.");

    public static AmcheckPart Indexes { get; } = new("bt_index_check(regclass,boolean)", $"""
        SELECT c.relname::text || '.' || x.relname::text, 0::bigint, x.oid::regclass::text
        {CatalogSql.FromTables}
        JOIN pg_catalog.pg_index i ON i.indrelid = c.oid AND i.indisvalid AND i.indisready
        JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
        JOIN pg_catalog.pg_am a ON a.oid = x.relam AND a.amname = 'btree'
        WHERE {CatalogSql.OfAutoStack}
        """,
        (run, target, _) => new Statement("""
            SELECT pg_catalog.query_to_xml(pg_catalog.format(
                'SELECT 1 AS seen, %s.bt_index_check(%L::pg_catalog.regclass, %L::pg_catalog.bool) AS checked',
                @schema::text, @table::text, @heap::boolean), FALSE, FALSE, '')::text
            """, P.Text(target.Condition, name: "schema"), P.Text(target.Table, name: "table"), P.Of(run.ReadsAll, "heap")),
        "Rebuild the index: REINDEX INDEX CONCURRENTLY …");

    public static AmcheckPart Heaps { get; } = new("verify_heapam(regclass,boolean,boolean,text,bigint,bigint)", $"""
        SELECT c.relname::text, pg_catalog.pg_relation_size(c.oid) / pg_catalog.current_setting('block_size')::bigint, c.oid::regclass::text
        {CatalogSql.FromTables}
        WHERE {CatalogSql.OfAutoStack} AND pg_catalog.pg_relation_size(c.oid) > 0
        """,
        (_, target, range) => new Statement("""
            SELECT pg_catalog.query_to_xml(pg_catalog.format(
                'SELECT %5$s AS seen, pg_catalog.count(*) AS wrong, pg_catalog.string_agg(
                    ''page '' || h.blkno::pg_catalog.text || '' item '' || coalesce(h.offnum, 0)::pg_catalog.text,
                    pg_catalog.chr(10)) AS ids
                FROM %1$s.verify_heapam(%2$L::pg_catalog.regclass, FALSE, TRUE, ''none'', %3$s, %4$s) h',
                @schema::text, @table::text, @first::bigint, least(@last, s.pages - 1),
                least(@last, s.pages - 1) - @first + 1), FALSE, FALSE, '')::text
            FROM (
                SELECT pg_catalog.pg_relation_size(pg_catalog.to_regclass(@table))
                    / pg_catalog.current_setting('block_size')::bigint AS pages
            ) s
            WHERE s.pages > @first
            """,
            P.Text(target.Condition, name: "schema"),
            P.Text(target.Table, name: "table"),
            P.Of(range.First, "first"),
            P.Of(range.First + range.Count - 1, "last")),
        "Restore the rows of the page from a backup; the disk or the memory may be damaged.");
}
