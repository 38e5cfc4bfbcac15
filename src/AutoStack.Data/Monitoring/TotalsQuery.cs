using System.Text.Json;
using AutoStack.Data.Postgres;

namespace AutoStack.Data.Monitoring;

/// <summary>Reads the counters of the database and its server. Those of checkpoints are in another view from PostgreSQL 17 on.</summary>
internal static class TotalsQuery
{
    // A statement that names a view which the server does not have is refused as a whole: the server decides, and hands the row on in a
    // setting of the transaction.
    private const string Checkpoints = """
        DO $look$
        DECLARE
            found text;
        BEGIN
            IF to_regclass('pg_catalog.pg_stat_checkpointer') IS NULL THEN
                SELECT json_build_object(
                    'timed', b.checkpoints_timed, 'requested', b.checkpoints_req, 'ms', b.checkpoint_write_time,
                    'blocks', b.buffers_checkpoint, 'background', b.buffers_clean, 'since', timezone('UTC', b.stats_reset))
                FROM pg_stat_bgwriter b INTO found;
            ELSE
                SELECT json_build_object(
                    'timed', c.num_timed, 'requested', c.num_requested, 'ms', c.write_time,
                    'blocks', c.buffers_written, 'background', b.buffers_clean, 'since', timezone('UTC', c.stats_reset))
                FROM pg_stat_checkpointer c, pg_stat_bgwriter b INTO found;
            END IF;
            PERFORM set_config('autostack.checkpoints', found, TRUE);
        END
        $look$
        """;

    public static Task<DatabaseTotals?> FindAsync(Look look, CancellationToken cancellationToken) => look.FindAsync(
        StatsParts.Totals,
        "database",
        async results => (await results.FindAsync(Read).ConfigureAwait(false))!,

        [new Statement(Checkpoints), new Statement("""
            SELECT
                CASE WHEN pg_catalog.has_database_privilege(d.oid, 'CONNECT') THEN pg_catalog.pg_database_size(d.oid) END,
                pg_catalog.current_setting('max_connections')::int, s.numbackends,
                s.xact_commit, s.xact_rollback, s.deadlocks, s.temp_files, s.temp_bytes, s.blks_hit, s.blks_read,
                s.sessions_abandoned, s.conflicts, s.checksum_failures, pg_catalog.age(d.datfrozenxid)::bigint,
                pg_catalog.timezone('UTC', s.stats_reset),
                w.wal_bytes::bigint, w.wal_buffers_full, pg_catalog.timezone('UTC', w.stats_reset),
                pg_catalog.current_setting('autostack.checkpoints')
            FROM pg_catalog.pg_database d
            JOIN pg_catalog.pg_stat_database s ON s.datid = d.oid
            CROSS JOIN pg_catalog.pg_stat_wal w
            WHERE d.datname = pg_catalog.current_database()
            """)],
        cancellationToken);

    private static DatabaseTotals Read(RowReader row)
    {
        var stats = new DatabaseTotals
        {
            Bytes = row.LongOrNull(),
            MaxConnections = row.Int(),
            Connections = row.Int(),
            Commits = row.Long(),
            Rollbacks = row.Long(),
            Deadlocks = row.Long(),
            TempFiles = row.Long(),
            TempBytes = row.Long(),
            BlocksHit = row.Long(),
            BlocksRead = row.Long(),
            SessionsLost = row.Long(),
            Conflicts = row.Long(),
            ChecksumFailures = row.LongOrNull(),
            FreezeAge = row.Long(),
            ResetAt = row.TimeOrNull(),
            WalBytes = row.Long(),
            WalBuffersFull = row.Long(),
            WalResetAt = row.TimeOrNull(),
            TimedCheckpoints = 0,
            RequestedCheckpoints = 0,
            CheckpointWriteMs = 0,
            CheckpointBlocks = 0,
            BackgroundBlocks = 0,
            CheckpointsResetAt = null,
        };
        using var json = JsonDocument.Parse(row.Text());
        var checkpoints = json.RootElement;
        return stats with
        {
            TimedCheckpoints = checkpoints.GetProperty("timed").GetInt64(),
            RequestedCheckpoints = checkpoints.GetProperty("requested").GetInt64(),
            CheckpointWriteMs = checkpoints.GetProperty("ms").GetDouble(),
            CheckpointBlocks = checkpoints.GetProperty("blocks").GetInt64(),
            BackgroundBlocks = checkpoints.GetProperty("background").GetInt64(),
            CheckpointsResetAt = checkpoints.GetProperty("since") is { ValueKind: JsonValueKind.String } since
                ? new DateTimeOffset(since.GetDateTime(), TimeSpan.Zero) : null,
        };
    }
}
