using AutoStack.Data.Postgres;

namespace AutoStack.Data.Monitoring;

/// <summary>Reads the indexes from the catalog and the statistics, and finds those that others make superfluous.</summary>
internal static class IndexQuery
{
    /// <summary>What is missing where the role may not read the columns.</summary>
    public const string Bloat = "bloat of some indexes";

    // Of a page and an entry of a btree index, in bytes: what PostgreSQL keeps besides the values. A bitmap of NULLs fills the header up.
    private const int PageHeader = 24 + 16;
    private const int EntryHeader = 8 + 4;
    private const int NullBitmap = 8;
    private const int Alignment = 8;
    private const int DefaultFillFactor = 90;

    // What an index is made of; two lists of one length and order, of columns and of everything else about each.
    private sealed record Row(IndexStats Index, string Method, string[] Columns, string[] Ways, string Condition, bool MayRead);

    public static async Task<IReadOnlyList<IndexStats>?> FindAsync(Look look, CancellationToken cancellationToken)
    {
        var rows = await look.FindAsync(
            StatsParts.Indexes, "indexes", results => results.ListAsync(Read), [new Statement("""
                WITH locked AS MATERIALIZED (
                    SELECT l.relation AS id
                    FROM pg_catalog.pg_locks l
                    WHERE l.mode = 'AccessExclusiveLock' AND l.relation IS NOT NULL AND l.pid <> pg_catalog.pg_backend_pid()
                ),
                chosen AS MATERIALIZED (
                    SELECT
                        c.oid, c.oid AS id, n.nspname, c.relname, c.relam, c.relpages::bigint AS pages, c.reltuples::float8 AS entries,
                        c.reloptions
                    FROM pg_catalog.pg_class c
                    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                    WHERE c.relkind = 'i' AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
                    ORDER BY c.relpages DESC, id
                    LIMIT @limit
                ),
                measured AS MATERIALIZED (
                    SELECT s.schemaname, s.tablename, s.attname, s.null_frac, s.avg_width
                    FROM pg_catalog.pg_stats s
                    WHERE NOT s.inherited AND s.schemaname NOT IN ('pg_catalog', 'information_schema')
                ),
                widths AS (
                    SELECT
                        c.id, pg_catalog.bool_and(s.avg_width IS NOT NULL) AS are_known,
                        pg_catalog.bool_or(s.null_frac > 0::real) AS have_nulls,
                        pg_catalog.sum(pg_catalog.float8mul((1::real - s.null_frac)::float8, s.avg_width::float8)) AS width
                    FROM chosen c
                    JOIN pg_catalog.pg_index i ON i.indexrelid = c.id
                    CROSS JOIN LATERAL pg_catalog.generate_series(1, i.indnatts::int) k (place)
                    JOIN pg_catalog.pg_attribute a
                        ON a.attrelid = CASE WHEN i.indkey[k.place - 1] = 0::smallint THEN c.id ELSE i.indrelid END
                        AND a.attnum = CASE WHEN i.indkey[k.place - 1] = 0::smallint THEN k.place::smallint ELSE i.indkey[k.place - 1] END
                    JOIN pg_catalog.pg_class r ON r.oid = a.attrelid
                    LEFT JOIN measured s ON s.schemaname = c.nspname AND s.tablename = r.relname AND s.attname = a.attname
                    GROUP BY c.id
                )
                SELECT
                    c.nspname::text, t.relname::text, c.relname::text,
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
                    coalesce(pg_catalog.pg_get_expr(i.indpred, i.indrelid), ''),
                    c.pages, c.entries,
                    (
                        SELECT o.option_value::int
                        FROM pg_catalog.pg_options_to_table(c.reloptions) o
                        WHERE o.option_name = 'fillfactor'),
                    pg_catalog.current_setting('block_size')::int,
                    CASE WHEN w.are_known THEN w.width END, coalesce(w.have_nulls, FALSE),
                    pg_catalog.has_table_privilege(i.indrelid, 'SELECT')
                FROM chosen c
                JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid
                JOIN pg_catalog.pg_class t ON t.oid = i.indrelid
                JOIN pg_catalog.pg_am m ON m.oid = c.relam
                LEFT JOIN widths w ON w.id = c.id
                """, P.Of(IDatabaseMonitor.MaxRows, "limit"))],
            cancellationToken).ConfigureAwait(false);
        if (rows?.Any(row => row.Index.Bytes is null) == true)
        {
            look.Miss(StatsParts.Indexes, "sizes of locked indexes", "Another session holds them or their tables exclusively.");
        }

        if (rows?.Any(row => row is { Method: "btree", MayRead: false, Index.BloatBytes: null }) == true)
        {
            look.Miss(StatsParts.Indexes, Bloat, "The role may not read all their columns.");
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
        var found = new Row(index, row.Text(), row.Array<string>(), row.Array<string>(), row.Text(), MayRead: true);
        var (pages, entries, fillFactor, block) = (
            row.Long(), row.DoubleOrNull() ?? 0, row.IntOrNull() ?? DefaultFillFactor, row.Int());

        // ANALYZE finds no width in an empty table.
        var (width, hasNulls) = (row.DoubleOrNull() ?? (entries == 0 ? 0 : null), row.Flag());
        return found with
        {
            Index = width is { } known && found.Method == "btree"
                ? index with { BloatBytes = BloatOf(pages, entries, known + (hasNulls ? NullBitmap : 0), fillFactor, block) } : index,
            MayRead = row.Flag(),
        };
    }

    // The pages that the index has, less its first one and the leaves that its entries would fill if each stood for one row.
    private static long BloatOf(long pages, double entries, double width, int fillFactor, int block)
    {
        var entry = EntryHeader + (Math.Ceiling(width / Alignment) * Alignment);
        var perPage = Math.Max(1, Math.Floor((block - PageHeader) * fillFactor / 100.0 / entry));
        return Math.Max(0, pages - 1 - (long)Math.Ceiling(Math.Max(0, entries) / perPage)) * block;
    }
}
