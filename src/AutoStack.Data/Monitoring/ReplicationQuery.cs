using AutoStack.Data.Postgres;

namespace AutoStack.Data.Monitoring;

/// <summary>Reads replication slots, standbys and the archiver, and on a standby its own lag.</summary>
internal static class ReplicationQuery
{
    /// <summary>What is missing where the role is not a member of pg_monitor.</summary>
    public const string Waiting = "WAL files that wait for the archive";

    public static async Task<ReplicationStats?> FindAsync(Look look, ServerIdentity server, CancellationToken cancellationToken)
    {
        var found = await look.FindAsync(
            StatsParts.Replication,
            "replication",
            async results => await results.FindAsync(Read).ConfigureAwait(false) is { } own
                ? own with
                {
                    Slots = await results.ListAsync(ReadSlot).ConfigureAwait(false),
                    Standbys = await results.ListAsync(ReadStandby).ConfigureAwait(false),
                }
                : throw new InvalidOperationException("pg_stat_archiver has no row."),
            [new Statement("""
                SELECT
                    CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_wal_lsn_diff(
                        pg_catalog.pg_last_wal_receive_lsn(), pg_catalog.pg_last_wal_replay_lsn())::bigint END,
                    CASE WHEN NOT pg_catalog.pg_is_in_recovery() THEN NULL
                        WHEN pg_catalog.pg_last_wal_receive_lsn() = pg_catalog.pg_last_wal_replay_lsn() THEN 0
                        ELSE extract(epoch FROM
                            pg_catalog.clock_timestamp() - pg_catalog.pg_last_xact_replay_timestamp())::float8 END,
                    CASE WHEN pg_catalog.pg_is_in_recovery() THEN EXISTS (SELECT FROM pg_catalog.pg_stat_wal_receiver w) END,
                    pg_catalog.current_setting('archive_mode'), a.archived_count, a.failed_count,
                    pg_catalog.timezone('UTC', a.last_archived_time), pg_catalog.timezone('UTC', a.last_failed_time)
                FROM pg_catalog.pg_stat_archiver a
                """),
            new Statement("""
                SELECT
                    s.slot_name::text, s.slot_type, s.active,
                    pg_catalog.pg_wal_lsn_diff(
                        CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn()
                            ELSE pg_catalog.pg_current_wal_lsn() END,
                        s.restart_lsn)::bigint,
                    s.wal_status, greatest(pg_catalog.age(s.xmin), pg_catalog.age(s.catalog_xmin))::bigint
                FROM pg_catalog.pg_replication_slots s
                """),
            new Statement("""
                SELECT
                    s.application_name, pg_catalog.host(s.client_addr), s.state, s.sync_state,
                    pg_catalog.pg_wal_lsn_diff(
                        CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn()
                            ELSE pg_catalog.pg_current_wal_lsn() END,
                        s.replay_lsn)::bigint,
                    extract(epoch FROM s.replay_lag)::float8
                FROM pg_catalog.pg_stat_replication s
                """)],
            cancellationToken).ConfigureAwait(false);
        if (found?.Standbys.Any(standby => standby.State is null) == true)
        {
            look.Miss(StatsParts.Replication, "lag of standbys", $"The role {server.Role} is not a member of pg_read_all_stats.");
        }

        return found is { ArchiveMode: not "off" } && !server.IsStandby
            ? await WithWaitingAsync(look, found, cancellationToken).ConfigureAwait(false) : found;
    }

    // In a transaction of its own, which fails for roles that are not members of pg_monitor.
    private static async Task<ReplicationStats> WithWaitingAsync(Look look, ReplicationStats found, CancellationToken cancellationToken) =>
        await look.FindAsync(
            StatsParts.Replication,
            Waiting,
            async results => (await results.FindAsync(
                row => found with { ArchiveWaiting = row.Long(), ArchiveWaitingSeconds = row.DoubleOrNull() }).ConfigureAwait(false))!,
            [new Statement("""
                SELECT
                    pg_catalog.count(f.name),
                    extract(epoch FROM pg_catalog.clock_timestamp() - pg_catalog.min(f.modification))::float8
                FROM pg_catalog.pg_ls_archive_statusdir() f
                WHERE pg_catalog.right(f.name, 6) = '.ready'
                """)],
            cancellationToken).ConfigureAwait(false) ?? found;

    private static ReplicationStats Read(RowReader row) => new()
    {
        OwnLagBytes = row.LongOrNull(),
        OwnLagSeconds = row.DoubleOrNull(),
        IsReceiving = row.FlagOrNull(),
        ArchiveMode = row.Text(),
        Archived = row.Long(),
        ArchiveFailures = row.Long(),
        LastArchived = row.TimeOrNull(),
        LastArchiveFailure = row.TimeOrNull(),
        Slots = [],
        Standbys = [],
    };

    private static SlotStats ReadSlot(RowReader row) =>
        new(row.Text(), row.Text(), row.Flag(), row.LongOrNull(), row.TextOrNull(), row.LongOrNull());

    private static StandbyStats ReadStandby(RowReader row) =>
        new(row.Text(), row.TextOrNull(), row.TextOrNull(), row.TextOrNull(), row.LongOrNull(), row.DoubleOrNull());
}
