using Npgsql;

namespace AutoStack.Data.Cli.Bench;

/// <summary>The connections that the server allows, and those in use.</summary>
/// <param name="Version">The version of the server.</param>
/// <param name="MaxConnections"><c>max_connections</c>.</param>
/// <param name="Reserved"><c>superuser_reserved_connections</c> and, from PostgreSQL 16, <c>reserved_connections</c>.</param>
/// <param name="Others">The connections of other clients, in every database.</param>
/// <param name="Free">The connections left for this role, within the limits of the database and the role.</param>
internal sealed record ServerLimits(string Version, int MaxConnections, int Reserved, int Others, int Free)
{
    public static async Task<ServerLimits> ReadAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var command = new NpgsqlCommand("""
            WITH others AS (
                SELECT a.datname, a.usename
                FROM pg_stat_activity a
                WHERE a.backend_type = 'client backend' AND a.pid <> pg_backend_pid()
            )
            SELECT current_setting('server_version'),
                current_setting('max_connections')::int,
                current_setting('superuser_reserved_connections')::int
                    + coalesce(nullif(current_setting('reserved_connections', TRUE), '')::int, 0),
                (SELECT count(*) FROM others)::int,
                CASE
                    WHEN d.datconnlimit >= 0 THEN d.datconnlimit - (SELECT count(*) FROM others o WHERE o.datname = d.datname)::int
                END,
                CASE
                    WHEN r.rolconnlimit >= 0 THEN r.rolconnlimit - (SELECT count(*) FROM others o WHERE o.usename = r.rolname)::int
                END
            FROM pg_database d
            CROSS JOIN pg_roles r
            WHERE d.datname = current_database() AND r.rolname = session_user
            """, connection);
        await using var disposing = command.ConfigureAwait(false);
        var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        await using (reader.ConfigureAwait(false))
        {
            await reader.ReadAsync(cancellationToken).ConfigureAwait(false);
            var (max, reserved, others) = (reader.GetInt32(1), reader.GetInt32(2), reader.GetInt32(3));
            var free = max - reserved - others;
            foreach (var column in (int[])[4, 5])
            {
                free = reader.IsDBNull(column) ? free : Math.Min(free, reader.GetInt32(column));
            }

            return new ServerLimits(reader.GetString(0), max, reserved, others, Math.Max(0, free));
        }
    }
}
