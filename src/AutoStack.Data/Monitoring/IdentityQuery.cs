using AutoStack.Data.Postgres;

namespace AutoStack.Data.Monitoring;

/// <summary>Reads which server and database it is, and the time there.</summary>
internal static class IdentityQuery
{
    private sealed record Row(DateTimeOffset At, ServerIdentity Server);

    public static async Task<(DateTimeOffset At, ServerIdentity Server)> ReadAsync(Look look, CancellationToken cancellationToken)
    {
        var row = await look.ReadAsync(results => results.FindAsync(Read), [new Statement("""
            SELECT
                pg_catalog.timezone('UTC', pg_catalog.clock_timestamp()),
                pg_catalog.current_setting('server_version_num')::int, d.datname::text, d.oid::bigint, current_user::text,
                pg_catalog.timezone('UTC', pg_catalog.pg_postmaster_start_time()), pg_catalog.pg_is_in_recovery(),
                pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE')
            FROM pg_catalog.pg_database d
            WHERE d.datname = pg_catalog.current_database()
            """)], cancellationToken).ConfigureAwait(false);
        return (row!.At, row.Server);
    }

    private static Row Read(RowReader row)
    {
        var at = row.Time();
        var (version, database, id, role) = (row.Int(), row.Text(), row.Long(), row.Text());
        return new Row(at, new ServerIdentity(version, database, id, role, row.Time(), row.Flag(), row.Flag()));
    }
}
