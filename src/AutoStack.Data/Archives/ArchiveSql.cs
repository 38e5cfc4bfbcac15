using AutoStack.Data.Postgres;

namespace AutoStack.Data.Archives;

/// <summary>The statements that read a partition. COPY takes no parameters: it reads settings of its transaction.</summary>
internal static class ArchiveSql
{
    /// <summary>The form of the rows, as manifests name it.</summary>
    public const string Options = "FORMAT csv, HEADER TRUE, ENCODING 'UTF8'";

    private const string From = "pg_catalog.current_setting('autostack.archive_from')::uuid";
    private const string Until = "pg_catalog.current_setting('autostack.archive_until')::uuid";

    /// <summary>
    /// The settings by which the server prints values without loss and names of types in one form, whatever those of the database are.
    /// </summary>
    public const string Form = """
        pg_catalog.set_config('datestyle', 'ISO, MDY', TRUE), pg_catalog.set_config('intervalstyle', 'postgres', TRUE),
            pg_catalog.set_config('bytea_output', 'hex', TRUE), pg_catalog.set_config('extra_float_digits', '3', TRUE),
            pg_catalog.set_config('quote_all_identifiers', 'off', TRUE), pg_catalog.set_config('statement_timeout', '0', TRUE)
        """;

    /// <summary>Everything that follows sees the rows of one moment, and nothing is changed.</summary>
    public static Statement Snapshot() => new("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY");

    /// <summary>The rows of a partition, in one number; no row when there is no such partition.</summary>
    public static Statement Content(string partition) => new(
        "SELECT c.row_count, c.content, c.newest FROM public.log_partition_content(@name, FALSE) c", P.Text(partition, name: "name"));

    /// <summary>The same, with the versions, and with the settings that the COPY needs.</summary>
    public static Statement Facts(string partition, Guid from, Guid until) => new($"""
        SELECT c.row_count, c.content,
            (SELECT pg_catalog.max(v.version)::bigint FROM public.schema_versions v WHERE v.script_set::text = 'core'),
            pg_catalog.current_setting('server_version'),
            pg_catalog.set_config('autostack.archive_from', @lower, TRUE), pg_catalog.set_config('autostack.archive_until', @upper, TRUE),
            {Form}
        FROM public.log_partition_content(@name, FALSE) c
        """, P.Text(partition, name: "name"), P.Text($"{from}", name: "lower"), P.Text($"{until}", name: "upper"));

    /// <summary>The columns of a table, in the order of its rows.</summary>
    public static Statement Columns(string table) => new("""
        SELECT a.attname::text, pg_catalog.format_type(a.atttypid, a.atttypmod), a.attnum AS ordinal
        FROM pg_catalog.pg_attribute a
        WHERE a.attrelid = pg_catalog.to_regclass('public.' || @name)::oid AND a.attnum > 0::int2 AND NOT a.attisdropped
        ORDER BY ordinal
        """, P.Text(table, name: "name"));

    /// <summary>Drops a partition that has the rows of an archive, in one transaction with the comparison.</summary>
    public static Statement Drop(string partition, long rows, string content, DateTimeOffset before) => new("""
        SELECT CASE
            WHEN c.row_count <> @rows OR c.content <> @content THEN 'changed'
            WHEN public.drop_log_partition(@name, @before) THEN 'dropped'
            ELSE 'kept'
        END
        FROM public.log_partition_content(@name, TRUE) c
        """, P.Text(partition, name: "name"), P.Of(rows), P.Text(content), P.Of(before));

    /// <summary>Reads the rows of a partition by its range, which reaches this partition only.</summary>
    public static Statement Copy(string table) => table switch
    {
        "deployment_logs" => new($"""
            COPY (
                SELECT l.* FROM public.deployment_logs l WHERE l.deployment_id >= {From} AND l.deployment_id < {Until}
                ORDER BY l.deployment_id, l.seq
            ) TO STDOUT ({Options})
            """),
        "deployment_runtime_logs" => new($"""
            COPY (
                SELECT l.* FROM public.deployment_runtime_logs l WHERE l.id >= {From} AND l.id < {Until} ORDER BY l.deployment_id, l.seq
            ) TO STDOUT ({Options})
            """),
        _ => new($"""
            COPY (
                SELECT h.* FROM public.deployment_health_checks h WHERE h.id >= {From} AND h.id < {Until}
                ORDER BY h.deployment_id, h.checked_at, h.id
            ) TO STDOUT ({Options})
            """),
    };

    /// <summary>The order of <see cref="Copy"/>, as manifests name it.</summary>
    public static string OrderOf(string table) =>
        table == "deployment_health_checks" ? "deployment_id, checked_at, id" : "deployment_id, seq";

    /// <summary>The first UUID of version 7 of a moment, which is a bound of a partition.</summary>
    public static string Floor(DateTimeOffset moment)
    {
        var time = moment.ToUnixTimeMilliseconds().ToString("x12", null);
        return $"{time[..8]}-{time[8..]}-0000-0000-000000000000";
    }
}
