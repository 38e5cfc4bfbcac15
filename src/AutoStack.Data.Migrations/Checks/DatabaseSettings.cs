using Npgsql;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>
/// Finds settings of the server, the database and the roles that write to it under which the library does not work, and event triggers.
/// </summary>
internal static class DatabaseSettings
{
    private static readonly string[] Tables = [.. Catalog.Newest.Objects.Where(o => o.Kind == SchemaObjectKind.Table).Select(o => o.Name)];

    private const string Session = "session";

    private sealed record Setting(string Place, string? Alter, string Name, string Value, string Role);

    public static async Task<IReadOnlyList<SchemaDifference>> FindAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var settings = await ReadAsync(connection, cancellationToken).ConfigureAwait(false);
        var hiding = await ReadHidingAsync(connection, cancellationToken).ConfigureAwait(false);
        List<SchemaDifference> differences = [.. settings.Select(setting => Of(setting, hiding)).OfType<SchemaDifference>()
            .DistinctBy(d => d.Name)];

        // The path of this session counts only where no setting explains it.
        if (differences.Exists(d => d.Name.EndsWith(" search_path", StringComparison.Ordinal) && !IsOfSession(d)))
        {
            differences.RemoveAll(IsOfSession);
        }

        return [.. differences, .. await ReadEventTriggersAsync(connection, cancellationToken).ConfigureAwait(false)];
    }

    private static bool IsOfSession(SchemaDifference d) => d.Name.StartsWith(Session + " ", StringComparison.Ordinal);

    private static SchemaDifference? Of(Setting setting, IReadOnlyList<(string Schema, string Table)> hiding)
    {
        var name = $"{setting.Place} {setting.Name}";
        switch (setting)
        {
            case { Name: "session_replication_role", Value: not "origin" }:
                return Found($"sets session_replication_role to {setting.Value}: triggers and foreign keys do not fire.",
                    "RESET session_replication_role");
            case { Name: "default_transaction_read_only", Value: "on" or "true" or "yes" or "1" }:
                return Found("makes transactions read-only, so that every write fails.", null) with { Protects = true };
            case { Name: "search_path" }:
                var path = setting.Value.Split(',').Select(part => part.Trim().Trim('"')).Where(part => part.Length > 0)
                    .Select(part => part == "$user" ? setting.Role : part).ToList();
                var before = path.TakeWhile(schema => schema != "public").ToList();
                if (hiding.FirstOrDefault(table => before.Contains(table.Schema)) is { Table: { } table } hidden)
                {
                    return Found($"has a search_path on which {hidden.Schema}.{table} hides public.{table}.", null) with
                    {
                        Obstacles = [new RepairObstacle(Visible.Text(
                            $"Move public before {hidden.Schema} in the search_path, or rename {hidden.Schema}.{table}."))],
                    };
                }

                return path.Contains("public") ? null : Found("has a search_path without public, where the tables are.",
                    $"SET search_path = {(path.Count == 0 ? "public" : setting.Value + ", public")}");
            default:
                return null;
        }

        SchemaDifference Found(string what, string? repair) => new(
            SchemaObjectKind.Setting, name, null, setting.Value,
            Visible.Text($"{char.ToUpperInvariant(setting.Place[0])}{setting.Place[1..]} {what}"),
            repair is null || setting.Alter is null ? [] : [Repair.Free(SqlCopy.Of($"{setting.Alter} {repair}"))])
        {
            Obstacles = repair is null || setting.Alter is not null ? []
                : [new RepairObstacle($"The configuration of the {setting.Place} sets it: change it there.")],

            // The path of this session may come from its connection string, which other sessions do not have.
            IsRemark = setting.Place == Session,
        };
    }

    // The roles that may write to the tables, and the role of this session; not those of people who only read.
    private static async Task<List<Setting>> ReadAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        using var command = new NpgsqlCommand("""
            SELECT
                CASE WHEN s.setrole = 0 THEN 'database ' || d.datname
                    WHEN s.setdatabase = 0 THEN 'role ' || r.rolname
                    ELSE 'role ' || r.rolname || ' in database ' || d.datname END,
                CASE WHEN s.setrole = 0 THEN format('ALTER DATABASE %I', d.datname)
                    WHEN s.setdatabase = 0 THEN format('ALTER ROLE %I', r.rolname)
                    ELSE format('ALTER ROLE %I IN DATABASE %I', r.rolname, d.datname) END,
                split_part(c.setting, '=', 1), substr(c.setting, strpos(c.setting, '=') + 1), coalesce(r.rolname, session_user)::text
            FROM pg_db_role_setting s
            JOIN pg_database d ON d.datname = current_database() AND s.setdatabase IN (0, d.oid)
            LEFT JOIN pg_roles r ON r.oid = s.setrole
            CROSS JOIN LATERAL unnest(s.setconfig) c (setting)
            WHERE s.setrole = 0 OR r.rolname IN (session_user, current_user)
                OR (NOT r.rolsuper AND has_table_privilege(s.setrole, to_regclass('public.deployments')::oid, 'INSERT'))
            UNION ALL
            SELECT 'server', NULL, s.name, s.setting, session_user::text
            FROM pg_settings s
            WHERE s.name IN ('session_replication_role', 'default_transaction_read_only')
              AND s.source IN ('configuration file', 'command line', 'environment variable', 'global')
            UNION ALL
            SELECT 'session', NULL, s.name, s.reset_val, session_user::text
            FROM pg_settings s
            WHERE s.name = 'search_path'
            """, connection);
        return await command.ListAsync(
            reader => new Setting(reader.GetString(0), reader.IsDBNull(1) ? null : reader.GetString(1), reader.GetString(2),
                reader.GetString(3), reader.GetString(4)),
            cancellationToken).ConfigureAwait(false);
    }

    private static async Task<List<(string Schema, string Table)>> ReadHidingAsync(
        NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        using var command = new NpgsqlCommand("""
            SELECT n.nspname::text, c.relname::text
            FROM pg_class c
            JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relname = ANY (@tables) AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname <> 'public' AND n.nspname !~ '^pg_'
            ORDER BY 1, 2
            """, connection);
        command.Parameters.AddWithValue("tables", Tables);
        return await command.ListAsync(reader => (reader.GetString(0), reader.GetString(1)), cancellationToken).ConfigureAwait(false);
    }

    private static async Task<List<SchemaDifference>> ReadEventTriggersAsync(
        NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        using var command = new NpgsqlCommand("""
            SELECT e.evtname::text,
                format('CREATE EVENT TRIGGER %I ON %s EXECUTE FUNCTION %s', e.evtname, e.evtevent, e.evtfoid::regprocedure)
            FROM pg_event_trigger e
            WHERE e.evtenabled <> 'D'
              AND NOT EXISTS (
                  SELECT FROM pg_depend d WHERE d.classid = 'pg_event_trigger'::regclass AND d.objid = e.oid AND d.deptype = 'e')
            ORDER BY 1
            """, connection);
        return await command.ListAsync(
            reader => new SchemaDifference(
                SchemaObjectKind.EventTrigger, reader.GetString(0), null, reader.GetString(1),
                Visible.Text($"Event trigger {reader.GetString(0)} runs with changes of the schema, those of an upgrade, too."), [])
            {
                IsRemark = true,
                Protects = true,
            },
            cancellationToken).ConfigureAwait(false);
    }
}
