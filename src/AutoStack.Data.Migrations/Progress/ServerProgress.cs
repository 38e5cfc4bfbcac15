using Npgsql;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>What the server's own views of progress report: index builds, CLUSTER and VACUUM FULL, VACUUM, ANALYZE, COPY.</summary>
/// <param name="processId">The server process that runs the script.</param>
internal sealed class ServerProgress(int processId) : IProgressSource
{
    // Each phase of an index build counts another thing, and leaves the counts of earlier phases as they were.
    private const string Sql = """
        SELECT
            concat('building index ', coalesce(i.relname::text, 'of ' || t.relname),
                CASE WHEN p.partitions_total > 0 THEN format(' (partition %s of %s)', p.partitions_done + 1, p.partitions_total) END,
                ': ', regexp_replace(p.phase, '^building index: ', '')),
            CASE WHEN p.phase LIKE 'waiting%' THEN p.lockers_done
                WHEN p.phase ~ 'loading|sorting' THEN p.tuples_done ELSE p.blocks_done END,
            nullif(CASE WHEN p.phase LIKE 'waiting%' THEN p.lockers_total
                WHEN p.phase ~ 'loading|sorting' THEN p.tuples_total ELSE p.blocks_total END, 0),
            CASE WHEN p.phase LIKE 'waiting%' THEN 'transactions'
                WHEN p.phase ~ 'loading|sorting' THEN 'rows' ELSE 'blocks' END
        FROM pg_stat_progress_create_index p
        LEFT JOIN pg_class i ON i.oid = p.index_relid
        LEFT JOIN pg_class t ON t.oid = p.relid
        WHERE p.pid = @pid AND p.phase IS NOT NULL
        UNION ALL
        SELECT concat(lower(p.command), ' ', (SELECT t.relname FROM pg_class t WHERE t.oid = p.relid), ': ', p.phase),
            nullif(p.heap_blks_scanned, 0), nullif(p.heap_blks_total, 0), 'blocks'
        FROM pg_stat_progress_cluster p
        WHERE p.pid = @pid AND p.phase IS NOT NULL
        UNION ALL
        SELECT concat('vacuum ', (SELECT t.relname FROM pg_class t WHERE t.oid = p.relid), ': ', p.phase),
            p.heap_blks_scanned, nullif(p.heap_blks_total, 0), 'blocks'
        FROM pg_stat_progress_vacuum p
        WHERE p.pid = @pid AND p.phase IS NOT NULL
        UNION ALL
        SELECT concat('analyze ', (SELECT t.relname FROM pg_class t WHERE t.oid = p.relid), ': ', p.phase),
            p.sample_blks_scanned, nullif(p.sample_blks_total, 0), 'blocks'
        FROM pg_stat_progress_analyze p
        WHERE p.pid = @pid AND p.phase IS NOT NULL
        UNION ALL
        SELECT concat('copy ', (SELECT t.relname FROM pg_class t WHERE t.oid = p.relid)), p.tuples_processed, NULL, 'rows'
        FROM pg_stat_progress_copy p
        WHERE p.pid = @pid AND p.command IS NOT NULL
        LIMIT 1
        """;

    public async Task<StepProgress?> ReadAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        using var command = new NpgsqlCommand(Sql, connection);
        command.Parameters.AddWithValue("pid", processId);
        var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        await using var closing = reader.ConfigureAwait(false);
        if (!await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
        {
            return null;
        }

        long? done = reader.IsDBNull(1) ? null : reader.GetInt64(1);
        return new StepProgress("", TimeSpan.Zero, Visible.Text(reader.GetString(0)))
        {
            Done = reader.IsDBNull(2) && (done == 0 || reader.GetString(3) != "rows") ? null : done,
            Total = reader.IsDBNull(2) ? null : reader.GetInt64(2),
            Unit = reader.GetString(3),
        };
    }
}
