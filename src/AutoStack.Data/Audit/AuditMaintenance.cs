using System.Diagnostics.Metrics;
using AutoStack.Data.Partitions;
using AutoStack.Data.Postgres;
using Npgsql;

namespace AutoStack.Data.Audit;

/// <param name="db">Runs what is short.</param>
/// <param name="patient">Runs what reads many entries.</param>
internal sealed class AuditMaintenance(Db db, Db patient) : IAuditMaintenance
{
    private static readonly Gauge<double> Ahead = Telemetry.Meter.CreateGauge<double>(
        "autostack.audit.days_ahead", "d", "Days until the audit log has no partition for new entries, when they were last read.");

    public async Task<AuditStatus> FindStatusAsync(CancellationToken cancellationToken)
    {
        // The bound is printed and read in the same form of dates. The server counts -1 rows before the first ANALYZE. A partition that is
        // dropped meanwhile has no size.
        var rows = await db.ListAsync(
            row => (
                ReadAt: row.Time(), Name: row.TextOrNull(), Until: row.TimeOrNull(), Rows: row.LongOrNull(), Bytes: row.LongOrNull()),
            """
            SELECT pg_catalog.timezone('UTC', pg_catalog.statement_timestamp()), c.relname::text,
                pg_catalog.substring(pg_catalog.pg_get_expr(c.relpartbound, c.oid), 'TO \(''([^'']+)''\)')::timestamp,
                c.reltuples::bigint, pg_catalog.pg_total_relation_size(c.oid)
            FROM (SELECT 1) one
            LEFT JOIN pg_catalog.pg_namespace n ON n.nspname = 'autostack_audit'
            LEFT JOIN pg_catalog.pg_class p ON p.relnamespace = n.oid AND p.relname = 'changes'
            LEFT JOIN pg_catalog.pg_inherits i ON i.inhparent = p.oid
            LEFT JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid
            """, [], cancellationToken).ConfigureAwait(false);
        var status = new AuditStatus(
            rows[0].ReadAt,
            [
                .. from row in rows
                   where row is { Name: not null, Bytes: not null }
                   orderby row.Until ?? DateTimeOffset.MaxValue
                   select new AuditPartition(row.Name, row.Until, row.Rows < 0 ? null : row.Rows, row.Bytes ?? 0),
            ]);
        if (status.DaysAhead is not { } days)
        {
            return status;
        }

        Ahead.Record(days);
        return status with { Seals = await FindSealsAsync(cancellationToken).ConfigureAwait(false) };
    }

    public async Task<string?> FindSealAsync(long number, CancellationToken cancellationToken)
    {
        try
        {
            return await db.FindAsync(
                row => row.Text(), "SELECT pg_catalog.encode(s.hash, 'hex') FROM autostack_audit.seals s WHERE s.number = @number",
                [P.Of(number)], cancellationToken).ConfigureAwait(false);
        }
        catch (PostgresException exception) when (AuditUnavailableException.Of(exception) is { } unavailable)
        {
            throw unavailable;
        }
    }

    public async Task<AuditStatus> MaintainAsync(CancellationToken cancellationToken)
    {
        db.Writes();
        var status = await FindStatusAsync(cancellationToken).ConfigureAwait(false);
        if (!status.IsEnabled)
        {
            return status;
        }

        // A transaction each: the seals are kept when a table is in use.
        await RunAsync(new Statement("SELECT public.seal_audit_entries()"), cancellationToken).ConfigureAwait(false);
        await RunAsync(new Statement("SELECT public.create_audit_partitions()"), cancellationToken).ConfigureAwait(false);
        await RunAsync(new Statement("SELECT public.drop_audit_partitions()"), cancellationToken).ConfigureAwait(false);
        return await FindStatusAsync(cancellationToken).ConfigureAwait(false);
    }

    private async Task<AuditSeals?> FindSealsAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await db.FindAsync(
                row => new AuditSeals(
                    row.Long(), row.Long(), row.Text(), row.TimeOrNull(), row.TimeOrNull(),
                    row.LongOrNull() is { } seconds ? TimeSpan.FromSeconds(seconds) : null, row.TimeOrNull()), """
                SELECT s.number, s.until_seq, pg_catalog.encode(s.hash, 'hex'), s.sealed_at, (
                        SELECT c.at
                        FROM autostack_audit.changes c
                        WHERE c.seq > coalesce(s.until_seq, 0)
                        ORDER BY c.seq
                        LIMIT 1
                    ), extract(epoch FROM o.keep)::bigint, o.dropped_before
                FROM autostack_audit.audit_settings o
                LEFT JOIN LATERAL (
                    SELECT l.number, l.until_seq, l.hash, l.sealed_at
                    FROM autostack_audit.seals l
                    WHERE l.number = (SELECT pg_catalog.max(n.number) FROM autostack_audit.seals n)
                ) s ON TRUE
                """, [], cancellationToken).ConfigureAwait(false);
        }
        catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            return null;
        }
    }

    // The role's own limits are for statements that serve a request.
    private Task<bool> RunAsync(Statement statement, CancellationToken cancellationToken) => patient.WriteBatchAsync(
        async sets =>
        {
            await sets.SkipAsync().ConfigureAwait(false);
            return await sets.AnyAsync().ConfigureAwait(false);
        },
        [PartitionMaintenance.LiftLimits(), statement],
        cancellationToken,
        nameof(MaintainAsync));
}
