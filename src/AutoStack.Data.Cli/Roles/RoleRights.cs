using AutoStack.Data.Migrations.Internal;
using Npgsql;

namespace AutoStack.Data.Cli.Roles;

/// <summary>What the role of the connection needs for the script of the roles, told before anything runs.</summary>
internal static class RoleRights
{
    private sealed record Place(
        bool IsStandby, bool IsSuperuser, bool MayCreateRoles, string Role, string Database, string? DatabaseOwner, string? SchemaOwner,
        long Tables);

    /// <summary>Refuses a standby, and a role that is not a superuser.</summary>
    /// <exception cref="CliException">The message has what is missing.</exception>
    public static async Task RequireAsync(NpgsqlConnection connection, bool shared, CancellationToken cancellationToken)
    {
        using var command = new NpgsqlCommand("""
            SET search_path = pg_catalog, pg_temp;
            SET statement_timeout = '10s';
            SELECT pg_is_in_recovery(), r.rolsuper, r.rolcreaterole, r.rolname::text, d.datname::text,
                CASE WHEN NOT pg_has_role(d.datdba, 'USAGE') THEN pg_get_userbyid(d.datdba)::text END,
                CASE WHEN NOT pg_has_role(n.nspowner, 'USAGE') THEN pg_get_userbyid(n.nspowner)::text END,
                (SELECT count(*) FROM pg_class c
                    WHERE c.relnamespace = n.oid AND c.relkind IN ('r', 'p') AND NOT pg_has_role(c.relowner, 'USAGE'))
            FROM pg_roles r
            CROSS JOIN pg_database d
            CROSS JOIN pg_namespace n
            WHERE r.rolname = current_user AND d.datname = current_database() AND n.nspname = 'public'
            """, connection);
        var places = await command.ListAsync(
            row => new Place(
                row.GetBoolean(0), row.GetBoolean(1), row.GetBoolean(2), row.GetString(3), row.GetString(4), Text(row, 5), Text(row, 6),
                row.GetInt64(7)), cancellationToken).ConfigureAwait(false);
        if (places is not [var place])
        {
            throw new CliException(new Failure(ExitCode.Failed, "noSchema", "The database has no schema public."));
        }

        if (place.IsStandby)
        {
            throw new CliException(new Failure(ExitCode.Failed, "standby",
                "The server is a standby, which accepts no writes, and its rights are those of the primary: connect to the primary."));
        }

        if (!place.IsSuperuser)
        {
            throw new CliException(new Failure(ExitCode.Failed, "notSuperuser",
                $"The role {Visible.Text(place.Role)} is not a superuser, and the script of the roles needs one. It lacks " +
                $"{string.Join("; ", Lacks(place, shared))}. Connect as a superuser. Nothing was changed."));
        }
    }

    private static IEnumerable<string> Lacks(Place place, bool shared)
    {
        yield return "the right to take SUPERUSER, REPLICATION and BYPASSRLS from a role";
        if (!place.MayCreateRoles)
        {
            yield return "CREATEROLE, to create and change roles";
        }

        if (place.DatabaseOwner is { } database)
        {
            yield return $"the ownership of the database {Visible.Text(place.Database)} (owner {Visible.Text(database)})";
        }

        if (place.SchemaOwner is { } schema)
        {
            yield return $"the ownership of the schema public (owner {Visible.Text(schema)})";
        }

        if (place.Tables > 0)
        {
            yield return $"the ownership of {place.Tables} table{(place.Tables == 1 ? "" : "s")}, to change it";
        }

        if (!shared)
        {
            yield return "the rights on functions of PostgreSQL, to restrict them (--shared leaves them as they are)";
        }
    }

    private static string? Text(NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);
}
