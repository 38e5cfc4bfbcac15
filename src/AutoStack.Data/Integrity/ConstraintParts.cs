using AutoStack.Data.Monitoring;
using AutoStack.Data.Postgres;

namespace AutoStack.Data.Integrity;

/// <summary>
/// What constraints and unique keys promise, on the rows themselves: a constraint that is not validated, a disabled trigger, a session with
/// <c>session_replication_role = replica</c> and an index damaged by another collation let rows pass.
/// </summary>
internal static class ConstraintParts
{
    public static CatalogPart ForeignKeys { get; } = new(
        Severity.Error, "a row refers to one that is not there", $"""
        SELECT c.relname::text || '.' || k.conname::text, {CatalogSql.TableColumns},
            pg_catalog.format(
                'pg_catalog.num_nulls(%s) OPERATOR(pg_catalog.=) 0 AND NOT EXISTS (SELECT FROM %s p WHERE %s)',
                f.columns, k.confrelid::regclass, f.condition)
        {CatalogSql.FromTables}
        JOIN pg_catalog.pg_constraint k ON k.conrelid = c.oid AND k.contype = 'f'
        CROSS JOIN LATERAL (
            SELECT
                pg_catalog.string_agg(pg_catalog.format('t.%I', a.attname), ', ') AS columns,
                pg_catalog.string_agg(
                    pg_catalog.format('p.%I OPERATOR(%I.%s) t.%I', b.attname, n.nspname, o.oprname, a.attname), ' AND ') AS condition
            FROM ROWS FROM (
                pg_catalog.unnest(k.conkey), pg_catalog.unnest(k.confkey), pg_catalog.unnest(k.conpfeqop)) AS u (own, other, op)
            JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.own
            JOIN pg_catalog.pg_attribute b ON b.attrelid = k.confrelid AND b.attnum = u.other
            JOIN pg_catalog.pg_operator o ON o.oid = u.op
            JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace
        ) f
        WHERE {CatalogSql.OfAutoStack}
          AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint r WHERE r.oid = k.conparentid AND r.conrelid = k.conrelid)
        """, () => [],
        "Restore the missing row from a backup, or remove the row that refers to it.");

    public static CatalogPart Checks { get; } = new(
        Severity.Error, "a row violates the constraint", $"""
        SELECT c.relname::text || '.' || k.conname::text, {CatalogSql.TableColumns},
            pg_catalog.format('(%s) IS FALSE', pg_catalog.pg_get_expr(k.conbin, k.conrelid))
        {CatalogSql.FromTables}
        JOIN pg_catalog.pg_constraint k ON k.conrelid = c.oid AND k.contype = 'c'
        WHERE {CatalogSql.OfAutoStack}
        """, () => [],
        "Give the row a value that the constraint allows.");

    // A function, since the planner knows that a column without NULL has none, and would not look.
    public static CatalogPart RequiredColumns { get; } = new(
        Severity.Error, "a required column is null", $"""
        SELECT c.relname::text || ' (NOT NULL)', {CatalogSql.TableColumns},
            pg_catalog.format('pg_catalog.num_nulls(%s) OPERATOR(pg_catalog.>) 0', f.columns)
        {CatalogSql.FromTables}
        CROSS JOIN LATERAL (
            SELECT pg_catalog.string_agg(pg_catalog.format('t.%I', a.attname), ', ') AS columns
            FROM pg_catalog.pg_attribute a
            WHERE a.attrelid = c.oid AND a.attnum > 0 AND a.attnotnull AND NOT a.attisdropped
        ) f
        WHERE {CatalogSql.OfAutoStack} AND f.columns IS NOT NULL
        """, () => [],
        "Give the row a value.");

    // Each row, found by its place, is looked up by its key: the index must return this row and no other one.
    public static CatalogPart UniqueKeys { get; } = new(
        Severity.Error, "a key is there twice, or its index does not find the row", $"""
        SELECT c.relname::text || '.' || x.relname::text, {CatalogSql.TableColumns},
            pg_catalog.format(
                '(SELECT pg_catalog.count(m.tid) OPERATOR(pg_catalog.>) 0
                    AND (pg_catalog.count(u.tid) OPERATOR(pg_catalog.<>) 1
                        OR pg_catalog.bool_or(u.tid OPERATOR(pg_catalog.=) t.ctid) IS NOT TRUE)
                FROM (
                    SELECT ctid AS tid, %2$s FROM ONLY %1$s
                    WHERE ctid OPERATOR(pg_catalog.=) t.ctid AND (%3$s) AND pg_catalog.num_nulls(%4$s) OPERATOR(pg_catalog.=) 0
                ) m
                LEFT JOIN (SELECT ctid AS tid, %2$s FROM ONLY %1$s WHERE %3$s) u ON %5$s)',
                c.oid::regclass, f.keys, coalesce(pg_catalog.pg_get_expr(i.indpred, i.indrelid), 'TRUE'), f.definitions, f.condition)
        {CatalogSql.FromTables}
        JOIN pg_catalog.pg_index i ON i.indrelid = c.oid AND i.indisunique AND i.indislive AND i.indisvalid
        JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
        CROSS JOIN LATERAL (
            SELECT
                pg_catalog.string_agg(pg_catalog.format('(%s) AS key%s', k.definition, k.ordinal), ', ') AS keys,
                pg_catalog.string_agg(pg_catalog.format('(%s)', k.definition), ', ') AS definitions,
                pg_catalog.string_agg(pg_catalog.format('u.key%s OPERATOR(pg_catalog.=) m.key%1$s', k.ordinal), ' AND ') AS condition
            FROM (
                SELECT n.ordinal, pg_catalog.pg_get_indexdef(i.indexrelid, n.ordinal, FALSE) AS definition
                FROM pg_catalog.generate_series(1, i.indnkeyatts::integer) AS n (ordinal)
            ) k
        ) f
        WHERE {CatalogSql.OfAutoStack}
        """, () => [],
        "Remove or change all rows of the key but one, then rebuild the index: REINDEX INDEX CONCURRENTLY …");

    /// <summary>Constraints that are not validated, disabled triggers, and indexes that are not valid.</summary>
    public static FactPart States { get; } = new(
        Severity.Error, "constraints", _ => new Statement($"""
        {RangeSql.Open}
            SELECT c.oid, c.relname::text AS name
            {CatalogSql.FromTables}
            WHERE {CatalogSql.OfAutoStack}
        {RangeSql.Judge}
            SELECT s.name || '.' || k.conname::text AS id, 'a constraint is not validated' AS problem
            FROM seen s
            JOIN pg_catalog.pg_constraint k ON k.conrelid = s.oid AND NOT k.convalidated
            UNION ALL
            SELECT s.name || '.' || coalesce(k.conname, g.tgname)::text, 'a trigger is disabled'
            FROM seen s
            JOIN pg_catalog.pg_trigger g ON g.tgrelid = s.oid AND g.tgenabled IN ('D', 'R')
            LEFT JOIN pg_catalog.pg_constraint k ON k.oid = g.tgconstraint
            UNION ALL
            SELECT s.name || '.' || x.relname::text, 'an index is not valid'
            FROM seen s
            JOIN pg_catalog.pg_index i ON i.indrelid = s.oid AND NOT (i.indisvalid AND i.indisready)
            JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
            WHERE NOT EXISTS (
                SELECT
                FROM pg_catalog.pg_locks l
                WHERE l.relation = s.oid AND l.mode = 'ShareUpdateExclusiveLock' AND l.granted)
        {RangeSql.Close}
        """),
        "Run autostack-db check --fix: it validates constraints, enables triggers and builds indexes again.");
}
