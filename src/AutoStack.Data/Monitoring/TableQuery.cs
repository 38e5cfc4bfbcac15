using AutoStack.Data.Postgres;

namespace AutoStack.Data.Monitoring;

/// <summary>Reads the tables from the catalog and the statistics; no row of a table is read.</summary>
internal static class TableQuery
{
    /// <summary>What is missing where the role may not read the columns.</summary>
    public const string Bloat = "bloat of some tables";

    // Of a page and a row, in bytes: what PostgreSQL keeps besides the values.
    private const int PageHeader = 24;
    private const int RowHeader = 28;
    private const int Alignment = 8;

    private sealed record Row(TableStats Table, bool MayRead);

    public static async Task<IReadOnlyList<TableStats>?> FindAsync(Look look, CancellationToken cancellationToken)
    {
        var tables = await look.FindAsync(
            StatsParts.Tables, "tables", results => results.ListAsync(Read), [new Statement("""
                WITH locked AS MATERIALIZED (
                    SELECT l.relation AS id
                    FROM pg_catalog.pg_locks l
                    WHERE l.mode = 'AccessExclusiveLock' AND l.relation IS NOT NULL AND l.pid <> pg_catalog.pg_backend_pid()
                ),
                chosen AS MATERIALIZED (
                    SELECT
                        c.oid AS id, n.nspname, c.relname, c.reltoastrelid, c.relpages, c.reltuples, c.reloptions, c.relfrozenxid,
                        c.oid IN (SELECT l.id FROM locked l) OR EXISTS (
                            SELECT
                            FROM pg_catalog.pg_index i
                            WHERE i.indrelid = c.oid AND i.indexrelid IN (SELECT l.id FROM locked l)) AS is_locked
                    FROM pg_catalog.pg_class c
                    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                    WHERE c.relkind IN ('r', 'm') AND c.relpersistence <> 't' AND n.nspname NOT IN ('pg_catalog', 'information_schema')
                    ORDER BY c.relpages DESC, id
                    LIMIT @limit
                ),
                widths AS (
                    SELECT
                        s.schemaname, s.tablename, pg_catalog.count(s.attname) AS known,
                        pg_catalog.sum(pg_catalog.float8mul((1::real - s.null_frac)::float8, s.avg_width::float8)) AS width
                    FROM pg_catalog.pg_stats s
                    WHERE NOT s.inherited AND s.schemaname NOT IN ('pg_catalog', 'information_schema')
                    GROUP BY s.schemaname, s.tablename
                )
                SELECT
                    c.nspname::text, c.relname::text,
                    CASE WHEN c.is_locked THEN NULL ELSE pg_catalog.pg_total_relation_size(c.id) END,
                    CASE WHEN c.is_locked THEN NULL ELSE pg_catalog.pg_relation_size(c.id) END,
                    CASE WHEN c.is_locked THEN NULL WHEN c.reltoastrelid = 0::oid THEN 0
                        ELSE pg_catalog.pg_total_relation_size(c.reltoastrelid) END,
                    CASE WHEN c.is_locked THEN NULL ELSE pg_catalog.pg_indexes_size(c.id) END,
                    pg_catalog.pg_stat_get_live_tuples(c.id), pg_catalog.pg_stat_get_dead_tuples(c.id),
                    pg_catalog.pg_stat_get_tuples_inserted(c.id), pg_catalog.pg_stat_get_tuples_updated(c.id),
                    pg_catalog.pg_stat_get_tuples_hot_updated(c.id), pg_catalog.pg_stat_get_tuples_deleted(c.id),
                    pg_catalog.pg_stat_get_numscans(c.id), pg_catalog.pg_stat_get_tuples_returned(c.id),
                    coalesce((
                        SELECT pg_catalog.sum(pg_catalog.pg_stat_get_numscans(i.indexrelid))
                        FROM pg_catalog.pg_index i
                        WHERE i.indrelid = c.id), 0)::bigint,
                    pg_catalog.pg_stat_get_blocks_hit(c.id),
                    pg_catalog.pg_stat_get_blocks_fetched(c.id) - pg_catalog.pg_stat_get_blocks_hit(c.id),
                    pg_catalog.timezone('UTC', greatest(
                        pg_catalog.pg_stat_get_last_vacuum_time(c.id), pg_catalog.pg_stat_get_last_autovacuum_time(c.id))),
                    pg_catalog.timezone('UTC', greatest(
                        pg_catalog.pg_stat_get_last_analyze_time(c.id), pg_catalog.pg_stat_get_last_autoanalyze_time(c.id))),
                    pg_catalog.age(c.relfrozenxid)::bigint,
                    c.relpages::bigint, c.reltuples::float8,
                    coalesce((
                        SELECT o.option_value::int
                        FROM pg_catalog.pg_options_to_table(c.reloptions) o
                        WHERE o.option_name = 'fillfactor'), 100),
                    pg_catalog.current_setting('block_size')::int,
                    CASE WHEN w.known = (
                        SELECT pg_catalog.count(a.attnum)
                        FROM pg_catalog.pg_attribute a
                        WHERE a.attrelid = c.id AND a.attnum > 0 AND NOT a.attisdropped) THEN w.width END,
                    pg_catalog.has_table_privilege(c.id, 'SELECT')
                FROM chosen c
                LEFT JOIN widths w ON w.schemaname = c.nspname AND w.tablename = c.relname
                """, P.Of(IDatabaseMonitor.MaxRows, "limit"))],
            cancellationToken).ConfigureAwait(false);
        if (tables?.Any(row => row.Table.TotalBytes is null) == true)
        {
            look.Miss(StatsParts.Tables, "sizes of locked tables", "Another session holds them exclusively.");
        }

        if (tables?.Any(row => row is { MayRead: false, Table.BloatBytes: null }) == true)
        {
            look.Miss(StatsParts.Tables, Bloat, "The role may not read all their columns.");
        }

        return tables is null ? null : [.. tables.Select(row => row.Table).OrderByDescending(table => table.TotalBytes ?? 0)];
    }

    private static Row Read(RowReader row)
    {
        var table = new TableStats
        {
            Schema = row.Text(),
            Name = row.Text(),
            TotalBytes = row.LongOrNull(),
            HeapBytes = row.LongOrNull(),
            ToastBytes = row.LongOrNull(),
            IndexBytes = row.LongOrNull(),
            LiveRows = row.Long(),
            DeadRows = row.Long(),
            Inserted = row.Long(),
            Updated = row.Long(),
            HotUpdated = row.Long(),
            Deleted = row.Long(),
            SequentialScans = row.Long(),
            SequentialRows = row.Long(),
            IndexScans = row.Long(),
            BlocksHit = row.Long(),
            BlocksRead = row.Long(),
            LastVacuum = row.TimeOrNull(),
            LastAnalyze = row.TimeOrNull(),
            FreezeAge = row.Long(),
            BloatBytes = null,
        };
        var (pages, rows, fillFactor, block) = (row.Long(), row.DoubleOrNull() ?? 0, row.Int(), row.Int());

        // ANALYZE finds no width in an empty table.
        var width = row.DoubleOrNull() ?? (rows == 0 ? 0 : null);
        return new Row(
            width is { } known ? table with { BloatBytes = BloatOf(pages, rows, known, fillFactor, block) } : table, row.Flag());
    }

    // The pages that the table has, less those that its rows would fill.
    private static long BloatOf(long pages, double rows, double width, int fillFactor, int block)
    {
        var row = RowHeader + (Math.Ceiling(width / Alignment) * Alignment);
        var perPage = Math.Max(1, Math.Floor((block - PageHeader) * fillFactor / 100.0 / row));
        return Math.Max(0, pages - (long)Math.Ceiling(Math.Max(0, rows) / perPage)) * block;
    }
}
