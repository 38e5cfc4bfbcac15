using System.Text.RegularExpressions;
using Npgsql;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>
/// Checks, before a script runs, whether existing rows violate it: an upgrade then does not start, and an adoption stops between two steps.
/// </summary>
/// <param name="Before">The file name of the script.</param>
/// <param name="What">The problem, without a full stop.</param>
/// <param name="Query">A query that lists the rows.</param>
/// <param name="Hint">How to correct them; a statement where one usually suffices.</param>
/// <param name="Probe">Counts the rows, or fails when a value is not valid.</param>
internal sealed partial record RowCheck(string Before, string What, string Query, string Hint, string Probe)
{
    private const string NotValid = " NOT VALID";

    // Duplicates that the Python services are known to leave, by the index that refuses them.
    private static readonly Dictionary<string, (string What, string Hint)> Known = new(StringComparer.Ordinal)
    {
        ["deployment_stages_deployment_id_stage_name_key"] = ("A deployment has two stages of one name", """
            -- Keeps the last of each:
            DELETE FROM public.deployment_stages s
            USING public.deployment_stages o
            WHERE o.deployment_id = s.deployment_id AND lower(o.stage_name) = lower(s.stage_name)
              AND (coalesce(o.created_at, '-infinity'), o.id) > (coalesce(s.created_at, '-infinity'), s.id);
            """),
        ["deployment_containers_host_port_key"] = ("Two containers that are not stopped have the same host and port", """
            -- Only one of them can be running. Marks all but the last as stopped:
            UPDATE public.deployment_containers c
            SET status = 'stopped', stopped_at = now() AT TIME ZONE 'UTC'
            FROM public.deployment_containers o
            WHERE c.stopped_at IS NULL AND o.stopped_at IS NULL AND (o.host, o.port) = (c.host, c.port)
              AND (coalesce(o.created_at, '-infinity'), o.id) > (coalesce(c.created_at, '-infinity'), c.id);
            """),
        ["users_lower_email_key"] = ("Accounts have the same address except for case", """
            -- Decide which account keeps the address; change or delete the other one:
            UPDATE public.users SET email = 'other@example.com' WHERE id = '…';
            """),
    };

    /// <summary>
    /// The checks of a version: unique keys, and required values in columns that may be NULL. A constraint that is added as NOT VALID is
    /// checked before that, because it refuses every change of an old row until the rows are corrected; one that is there already is
    /// checked before it is validated.
    /// </summary>
    public static IEnumerable<RowCheck> Of(MigrationScript script, Catalog found)
    {
        var before = Catalog.Expected(script.Version - 1);
        return Catalog.Expected(script.Version).Objects
            .Where(o => before.HasTable(o.Table) && IsTable(o.Table))
            .Where(o => before.Find(o) is not { } old || (IsUnproven(old) && !IsUnproven(o) && IsUnproven(found.Find(o))))
            .Select(o => o.IsUniqueIndex ? UniqueKey(script, o)
                : o.Kind == SchemaObjectKind.Constraint ? RequiredValues(script, o, found)
                : null)
            .OfType<RowCheck>();

        // A view would run the code of its owner.
        bool IsTable(string name) =>
            found.Find(new CatalogObject(SchemaObjectKind.Table, name, name, "")) is { } table && !TableComparison.IsReplaced(table);

        static bool IsUnproven(CatalogObject? o) => o?.Definition.EndsWith(NotValid, StringComparison.Ordinal) == true;
    }

    /// <summary>A check that fails when its query returns rows.</summary>
    public static RowCheck OfQuery(string before, string what, string query, string hint) =>
        new(before, what, query, hint, $"SELECT count(*) FROM ({query}) d");

    /// <summary>Runs the check: the same with the number of cases, or null when the check passes.</summary>
    public async Task<RowCheck?> RunAsync(NpgsqlConnection connection, bool showValues, CancellationToken cancellationToken)
    {
        using var command = new NpgsqlCommand(Probe, connection) { CommandTimeout = 0 };
        try
        {
            var rows = (long)(await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false))!;
            return rows == 0 ? null : this with { What = $"{What} ({rows} {(rows == 1 ? "case" : "cases")})" };
        }
        catch (PostgresException exception) when (exception.SqlState.StartsWith("22", StringComparison.Ordinal))
        {
            return this with { What = $"{What}: {ServerError.Describe(exception, showValues)}".TrimEnd('.', ' ') };
        }
    }

    private static RowCheck? UniqueKey(MigrationScript script, CatalogObject index)
    {
        var parts = UniqueIndex().Match(index.Definition);
        var (table, keys, where) = (index.Table, parts.Groups["keys"].Value, parts.Groups["where"].Value);

        // Columns that the scripts add, such as seq, get their values from the scripts.
        if (!Words(keys + " " + where).Where(w => IsColumn(table, w)).All(w => IsDocumented(table, w)))
        {
            return null;
        }

        var (what, hint) = Known.GetValueOrDefault(
            index.Name, ($"Rows of {table} have the same {keys}", "Change or delete all but one of each."));
        return OfQuery(script.Up.FileName, what, Duplicates(table, keys, where), hint);
    }

    /// <summary>The query that lists the keys that several rows of a table have.</summary>
    public static string Duplicates(string table, string keys, string where) =>
        $"""
        SELECT {keys}, count(*), array_agg(id ORDER BY {(IsDocumented(table, "created_at") ? "created_at NULLS FIRST, id" : "id")}) AS ids
        FROM public.{table}{(where.Length == 0 ? "" : $"\nWHERE {where}")}
        GROUP BY {keys}
        HAVING count(*) > 1
        """;

    private static RowCheck? RequiredValues(MigrationScript script, CatalogObject check, Catalog found)
    {
        var table = check.Table;
        var columns = check.ColumnsNotNull()
            .Where(c => IsDocumented(table, c) && found.Find(new CatalogObject(SchemaObjectKind.Column, table, c, ""))?.Column()
                is { Required: false } or { Unchecked: true })
            .ToList();
        if (columns.Count == 0)
        {
            return null;
        }

        var where = string.Join(" OR ", columns.Select(c => $"{c} IS NULL"));
        return new RowCheck(
            script.Up.FileName,
            $"Rows of {table} lack a required value",
            $"SELECT *\nFROM public.{table}\nWHERE {where}",
            "Set the value, or delete the rows.",
            $"SELECT count(*) FROM public.{table} WHERE {where}");
    }

    private static IEnumerable<string> Words(string sql) => Word().Matches(sql).Select(m => m.Value);

    private static bool IsColumn(string table, string name) => Has(Catalog.Newest, table, name);

    private static bool IsDocumented(string table, string name) => Has(Catalog.Expected(MigrationPlanner.DocumentedVersion), table, name);

    private static bool Has(Catalog catalog, string table, string name) =>
        catalog.Find(new CatalogObject(SchemaObjectKind.Column, table, name, "")) is not null;

    [GeneratedRegex(@" USING btree \((?<keys>.*?)\)( WHERE (?<where>.*))?$", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant)]
    private static partial Regex UniqueIndex();

    [GeneratedRegex(@"\w+", RegexOptions.CultureInvariant)]
    private static partial Regex Word();
}
