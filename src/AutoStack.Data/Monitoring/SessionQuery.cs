using System.Globalization;
using AutoStack.Data.Postgres;

namespace AutoStack.Data.Monitoring;

/// <summary>Reads the sessions of the server, and who blocks whom.</summary>
internal static class SessionQuery
{
    private sealed record Result(IReadOnlyList<SessionStats> Sessions, IReadOnlyList<PreparedTransactionStats> Prepared);

    public static async Task<(IReadOnlyList<SessionStats>? Sessions, IReadOnlyList<PreparedTransactionStats>? Prepared)> FindAsync(
        Look look, ServerIdentity server, CancellationToken cancellationToken)
    {
        // Asking who blocks a session stops the whole table of locks for a moment: only for those that wait for a lock.
        var found = await look.FindAsync(
            StatsParts.Sessions,
            "sessions",
            async results => new Result(
                await results.ListAsync(Read).ConfigureAwait(false), await results.ListAsync(ReadPrepared).ConfigureAwait(false)),
            [new Statement("""
                SELECT
                    a.id, a.datname::text, a.usename::text, coalesce(a.application_name, ''),
                    a.query IS DISTINCT FROM '<insufficient privilege>', a.state,
                    a.wait_event_type, a.wait_event,
                    extract(epoch FROM pg_catalog.clock_timestamp() - a.xact_start)::float8,
                    extract(epoch FROM pg_catalog.clock_timestamp() - a.state_change)::float8,
                    greatest(pg_catalog.age(a.backend_xmin), pg_catalog.age(a.backend_xid))::bigint,
                    CASE WHEN a.wait_event_type = 'Lock' THEN pg_catalog.pg_blocking_pids(a.id) ELSE '{}'::int[] END,
                    a.query
                FROM (
                    SELECT
                        s.pid AS id, s.datname, s.usename, s.application_name, s.query, s.state, s.wait_event_type, s.wait_event,
                        s.xact_start, s.state_change, s.backend_xmin, s.backend_xid
                    FROM pg_catalog.pg_stat_activity s
                    WHERE (s.backend_type = 'client backend' OR s.datid IS NOT NULL) AND s.pid <> pg_catalog.pg_backend_pid()
                    ORDER BY s.xact_start, id
                    LIMIT @limit
                ) a
                """, P.Of(IDatabaseMonitor.MaxRows, "limit")),
            new Statement("""
                SELECT p.gid, p.owner::text, extract(epoch FROM pg_catalog.clock_timestamp() - p.prepared)::float8,
                    pg_catalog.age(p.transaction)::bigint
                FROM pg_catalog.pg_prepared_xacts p
                WHERE p.database = pg_catalog.current_database()
                """)],
            cancellationToken).ConfigureAwait(false);
        if (found?.Sessions.Count(session => !session.IsVisible) is > 0 and var hidden)
        {
            look.Miss(
                StatsParts.Sessions,
                string.Create(CultureInfo.InvariantCulture, $"state and statement of {hidden} sessions of other roles"),
                $"The role {server.Role} is not a member of pg_read_all_stats.");
        }

        return (found?.Sessions, found?.Prepared);
    }

    private static SessionStats Read(RowReader row)
    {
        var (pid, database, role, application) = (row.Int(), row.TextOrNull(), row.TextOrNull(), row.Text());
        var (visible, state, waitKind, wait) = (row.Flag(), row.TextOrNull(), row.TextOrNull(), row.TextOrNull());
        var session = new SessionStats
        {
            Pid = pid,
            DatabaseName = database,
            Role = role,
            Application = application,
            IsVisible = visible,
            State = state,
            Wait = waitKind is null or "Client" ? null : $"{waitKind}: {wait}",
            TransactionSeconds = row.DoubleOrNull(),
            StateSeconds = row.DoubleOrNull(),
            XminAge = row.LongOrNull(),
            BlockedBy = [.. row.Array<int>().Distinct()],
            Statement = null,
            Operation = null,
        };
        var query = row.TextOrNull();
        return visible ? session with { Statement = StatementText.Shown(query), Operation = OperationNames.Find(query) } : session;
    }

    private static PreparedTransactionStats ReadPrepared(RowReader row) =>
        new(row.Text(), row.Text(), row.DoubleOrNull() ?? 0, row.Long());
}
