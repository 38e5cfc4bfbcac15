using AutoStack.Data.Postgres;

namespace AutoStack.Data.Monitoring;

/// <summary>Reads the indexes from the catalog and the statistics, and finds those that others make superfluous.</summary>
internal static class IndexQuery
{
    // What an index is made of; two lists of one length and order, of columns and of everything else about each.
    private sealed record Row(IndexStats Index, string Method, string[] Columns, string[] Ways, string Condition);

    public static async Task<IReadOnlyList<IndexStats>?> FindAsync(Look look, CancellationToken cancellationToken)
    {
        var rows = await look.FindAsync(
            StatsParts.Indexes, "indexes", results => results.ListAsync(Read), [new Statement("""
                WITH locked AS MATERIALIZED (
                    SELECT l.relation AS id
                    FROM pg_catalog.pg_locks l
                    WHERE l.mode = 'AccessExclusiveLock' AND l.relation IS NOT NULL AND l.pid <> pg_catalog.pg_backend_pid()
                )
                SELECT
                    n.nspname::text, t.relname::text, c.relname::text,
                    CASE WHEN c.oid IN (SELECT l.id FROM locked l) OR i.indrelid IN (SELECT l.id FROM locked l) THEN NULL
                        ELSE pg_catalog.pg_relation_size(c.oid) END,
                    pg_catalog.pg_stat_get_numscans(c.oid), pg_catalog.pg_stat_get_tuples_returned(c.oid),
                    i.indisunique, EXISTS (
                        SELECT FROM pg_catalog.pg_constraint o WHERE o.conindid = c.oid AND o.contype IN ('p', 'u', 'x')),
                    i.indisvalid,
                    m.amname::text,
                    pg_catalog.string_to_array(i.indkey::text, ' '),
                    ARRAY(
                        SELECT pg_catalog.format('%s %s %s', i.indclass[k.seq], i.indcollation[k.seq], i.indoption[k.seq])
                        FROM pg_catalog.generate_series(0, i.indnkeyatts - 1) k (seq)
                        ORDER BY k.seq),
                    coalesce(pg_catalog.pg_get_expr(i.indpred, i.indrelid), '')
                FROM (
                    SELECT c.oid, c.oid AS id, c.relname, c.relnamespace, c.relam
                    FROM pg_catalog.pg_class c
                    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                    WHERE c.relkind = 'i' AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
                    ORDER BY c.relpages DESC, id
                    LIMIT @limit
                ) c
                JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid
                JOIN pg_catalog.pg_class t ON t.oid = i.indrelid
                JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                JOIN pg_catalog.pg_am m ON m.oid = c.relam
                """, P.Of(IDatabaseMonitor.MaxRows, "limit"))],
            cancellationToken).ConfigureAwait(false);
        if (rows?.Any(row => row.Index.Bytes is null) == true)
        {
            look.Miss(StatsParts.Indexes, "sizes of locked indexes", "Another session holds them or their tables exclusively.");
        }

        return rows is null ? null : [.. Compared(rows).OrderByDescending(index => index.Bytes ?? 0)];
    }

    private static IEnumerable<IndexStats> Compared(IReadOnlyList<Row> rows) =>
        from row in rows
        join other in rows on (row.Index.Schema, row.Index.Table) equals (other.Index.Schema, other.Index.Table) into others
        select row.Index with { CoveredBy = others.FirstOrDefault(other => Covers(other, row))?.Index.Name };

    // Of two equal indexes, the later name is the superfluous one, unless the earlier is no constraint's.
    private static bool Covers(Row wide, Row narrow) =>
        wide != narrow && wide.Index.IsValid && narrow.Index is { IsValid: true, IsUnique: false, IsOfConstraint: false }
        && wide.Method == "btree" && narrow.Method == "btree" && wide.Condition == narrow.Condition
        && HasNoExpression(narrow) && HasNoExpression(wide)
        && narrow.Columns.Length == narrow.Ways.Length && narrow.Ways.Length <= wide.Ways.Length
        && wide.Columns.AsSpan(0, narrow.Columns.Length).SequenceEqual(narrow.Columns)
        && wide.Ways.AsSpan(0, narrow.Ways.Length).SequenceEqual(narrow.Ways)
        && (wide.Ways.Length > narrow.Ways.Length || wide.Index.IsUnique || wide.Columns.Length > narrow.Columns.Length
            || string.CompareOrdinal(wide.Index.Name, narrow.Index.Name) < 0);

    // The catalog writes 0 for an expression.
    private static bool HasNoExpression(Row row) => !row.Columns.Contains("0");

    private static Row Read(RowReader row)
    {
        var index = new IndexStats
        {
            Schema = row.Text(),
            Table = row.Text(),
            Name = row.Text(),
            Bytes = row.LongOrNull(),
            Scans = row.Long(),
            Entries = row.Long(),
            IsUnique = row.Flag(),
            IsOfConstraint = row.Flag(),
            IsValid = row.Flag(),
            CoveredBy = null,
        };
        return new Row(index, row.Text(), row.Array<string>(), row.Array<string>(), row.Text());
    }
}
