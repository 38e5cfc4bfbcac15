using Npgsql;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>
/// The objects that other roles have created on the search path under names of PostgreSQL's own, and the schemas where every role may.
/// </summary>
internal sealed record ForeignObjectSearch(IReadOnlyList<ForeignObject> Objects, IReadOnlyList<OpenSchema> OpenSchemas)
{
    private const int MaxNamed = 10;

    /// <summary>
    /// The functions and aggregates that scripts, console and library call; a test plants each one that the library calls.
    /// </summary>
    private static readonly string[] Functions =
    [
        "acldefault", "aclexplode", "age", "array_agg", "array_cat", "array_length", "array_position", "array_to_string",
        "avg", "bool_and", "bool_or",
        "btrim", "cardinality", "ceil", "chr", "clock_timestamp", "concat_ws", "convert_from", "convert_to", "count", "current_database",
        "current_schemas", "current_setting", "date_part", "date_trunc", "decode", "encode", "extract", "first_value", "float8mul", "floor",
        "format", "format_type", "gen_random_uuid", "generate_series", "has_column_privilege", "has_database_privilege",
        "has_function_privilege", "has_table_privilege", "hashtext", "hashtextextended", "host", "isfinite", "jsonb_array_length",
        "jsonb_build_array",
        "jsonb_each", "jsonb_object_agg", "jsonb_set", "jsonb_typeof", "lag", "last_value", "lead", "left", "length", "lower", "ltrim",
        "make_interval", "max", "md5", "min", "normalize", "now", "num_nulls", "obj_description", "octet_length", "percentile_cont",
        "pg_advisory_lock", "pg_advisory_unlock", "pg_advisory_xact_lock", "pg_advisory_xact_lock_shared", "pg_backend_pid",
        "pg_blocking_pids", "pg_cancel_backend", "pg_collation_actual_version", "pg_current_snapshot", "pg_current_wal_lsn",
        "pg_current_xact_id_if_assigned", "pg_database_collation_actual_version", "pg_database_size", "pg_encoding_to_char",
        "pg_get_constraintdef", "pg_get_expr", "pg_get_indexdef", "pg_has_role", "pg_indexes_size", "pg_is_in_recovery",
        "pg_last_wal_receive_lsn", "pg_last_wal_replay_lsn", "pg_last_xact_replay_timestamp", "pg_ls_archive_statusdir", "pg_notify",
        "pg_options_to_table", "pg_partition_root", "pg_partition_tree", "pg_postmaster_start_time", "pg_relation_size", "pg_sleep",
        "pg_snapshot_xmax", "pg_stat_get_blocks_fetched", "pg_stat_get_blocks_hit", "pg_stat_get_dead_tuples",
        "pg_stat_get_last_analyze_time", "pg_stat_get_last_autoanalyze_time", "pg_stat_get_last_autovacuum_time",
        "pg_stat_get_last_vacuum_time", "pg_stat_get_live_tuples", "pg_stat_get_numscans", "pg_stat_get_tuples_deleted",
        "pg_stat_get_tuples_hot_updated", "pg_stat_get_tuples_inserted", "pg_stat_get_tuples_returned", "pg_stat_get_tuples_updated",
        "pg_terminate_backend", "pg_total_relation_size", "pg_try_advisory_lock", "pg_try_advisory_xact_lock", "pg_wal_lsn_diff",
        "pg_xact_status", "position", "query_to_xml", "quote_ident", "regexp_match", "regexp_matches", "regexp_replace", "repeat",
        "replace", "reverse", "right", "round", "row_number", "row_security_active", "row_to_json", "rtrim", "set_config", "sha256",
        "split_part", "starts_with", "statement_timestamp", "string_agg", "string_to_array", "strpos", "substr", "substring", "sum",
        "timezone", "to_char", "to_jsonb",
        "to_regclass", "to_regproc", "to_regprocedure", "unnest", "upper", "uuid_eq", "uuid_hash", "uuid_hash_extended",
        "uuid_ne",

        // An extension's function on the search path: the default of every id.
        "uuid_generate_v4",
    ];

    /// <summary>
    /// Queries the catalog. The search path must be <see cref="SearchPath.Own"/>: otherwise the query itself may call a foreign object.
    /// </summary>
    public static async Task<ForeignObjectSearch> FindAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var objects = new List<ForeignObject>();
        var schemas = new List<OpenSchema>();
        using var command = new NpgsqlCommand($"""
            WITH RECURSIVE {TrustedRoles.Tables},
            -- The path that the session started with, not the one that the migrator has set since.
            searched AS (
                SELECT n.oid, n.nspname, n.nspowner, n.nspacl
                FROM pg_namespace n
                WHERE n.nspname <> 'pg_catalog' AND (n.nspname = 'public' OR n.nspname::text IN (
                    SELECT unnest(string_to_array(replace(replace(s.reset_val, '"', ''), '$user', current_user), ', '))
                    FROM pg_settings s
                    WHERE s.name = 'search_path'))
            ),
            found AS (
                SELECT 1 AS rank,
                    CASE p.prokind WHEN 'a' THEN 'aggregate' WHEN 'p' THEN 'procedure' ELSE 'function' END AS kind,
                    p.oid::regprocedure::text AS name,
                    p.proowner AS owner,
                    format(
                        'DROP %s %s',
                        CASE WHEN p.prokind IN ('a', 'p') THEN 'ROUTINE' ELSE 'FUNCTION' END,
                        p.oid::regprocedure) AS statement
                FROM pg_proc p
                JOIN searched s ON s.oid = p.pronamespace AND s.nspowner <> p.proowner
                WHERE p.proname::text = ANY (@functions)
                UNION ALL
                SELECT 2, 'operator', o.oid::regoperator::text, o.oprowner, format('DROP OPERATOR %s', o.oid::regoperator)
                FROM pg_operator o
                JOIN searched s ON s.oid = o.oprnamespace AND s.nspowner <> o.oprowner
                WHERE o.oprname IN (SELECT b.oprname FROM pg_operator b WHERE b.oprnamespace = 'pg_catalog'::regnamespace)
                UNION ALL
                SELECT 3, 'cast', format('(%s AS %s)', format_type(c.castsource, NULL), format_type(c.casttarget, NULL)), p.proowner,
                    format('DROP CAST (%s AS %s)', format_type(c.castsource, NULL), format_type(c.casttarget, NULL))
                FROM pg_cast c
                JOIN pg_proc p ON p.oid = c.castfunc
                JOIN pg_type f ON f.oid = c.castsource
                JOIN pg_type t ON t.oid = c.casttarget
                -- No statement meets another role's type, whose owner may create casts, unless a column has it.
                WHERE c.castcontext IN ('i', 'a') AND NOT EXISTS (
                    SELECT
                    FROM (VALUES (f.oid, f.typowner), (t.oid, t.typowner)) v (type, owner)
                    WHERE v.owner NOT IN (SELECT t.oid FROM trusted t)
                      AND NOT EXISTS (
                          SELECT
                          FROM pg_attribute a
                          JOIN pg_class r ON r.oid = a.attrelid AND r.relkind IN ('r', 'p')
                          JOIN pg_namespace n ON n.oid = r.relnamespace
                          JOIN pg_type y ON y.oid = a.atttypid
                          WHERE v.type IN (y.oid, y.typelem, y.typbasetype) AND a.attnum > 0 AND NOT a.attisdropped
                            AND ((n.nspname = 'public' AND r.relname::text = ANY (@tables))
                                OR r.relowner IN (SELECT t.oid FROM trusted t))))
                UNION ALL
                SELECT 4, s.nspname::text, '', 0, format('REVOKE CREATE ON SCHEMA %I FROM PUBLIC', s.nspname)
                FROM searched s
                WHERE EXISTS (
                    SELECT FROM aclexplode(coalesce(s.nspacl, acldefault('n', s.nspowner))) a
                    WHERE a.grantee = 0 AND a.privilege_type = 'CREATE')
            )
            SELECT f.rank, f.kind, f.name, r.rolname::text, f.statement
            FROM found f
            LEFT JOIN pg_roles r ON r.oid = f.owner
            WHERE f.owner NOT IN (SELECT t.oid FROM trusted t)
            ORDER BY f.rank, f.name
            """, connection);
        command.Parameters.AddWithValue("functions", Functions);
        command.Parameters.AddWithValue("tables", Catalog.Newest.Objects.Where(o => o.Kind == SchemaObjectKind.Table)
            .Select(o => o.Name).Append(Catalog.Journal).ToArray());
        var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        await using var closing = reader.ConfigureAwait(false);
        while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
        {
            var (kind, statement) = (reader.GetString(1), SqlCopy.Of(reader.GetString(4)));
            if (reader.GetInt32(0) == 4)
            {
                schemas.Add(new OpenSchema(kind, statement));
            }
            else
            {
                objects.Add(new ForeignObject(
                    Visible.Text($"{kind} {reader.GetString(2)}"), reader.IsDBNull(3) ? "" : reader.GetString(3), statement));
            }
        }

        return new ForeignObjectSearch(objects, schemas);
    }

    /// <summary>Reports open schemas, and refuses foreign objects.</summary>
    /// <exception cref="MigrationException"><see cref="MigrationError.ForeignObjects"/>.</exception>
    public static async Task RefuseAsync(
        NpgsqlConnection connection, bool allowed, IProgress<MigrationEvent>? progress, CancellationToken cancellationToken)
    {
        var found = await FindAsync(connection, cancellationToken).ConfigureAwait(false);
        foreach (var schema in found.OpenSchemas)
        {
            progress?.Report(new SchemaIsOpen(schema));
        }

        if (!allowed && found.Objects.Count > 0)
        {
            throw new MigrationException(MigrationError.ForeignObjects, found.Message);
        }
    }

    private string Message
    {
        get
        {
            var lines = Objects.Take(MaxNamed).Select(o => $"  {o.Statement};  -- owned by role {Visible.Text(o.Owner)}");
            var more = Objects.Count > MaxNamed ? $"\n  and {Objects.Count - MaxNamed} more, which 'check' lists." : "";
            return "Other roles have created objects on the search path whose names are PostgreSQL's own: a statement may call them " +
                "with the rights of its own role. " +
                $"Nothing was changed. Drop them, or allow them if they are known:\n{string.Join('\n', lines)}{more}";
        }
    }
}
