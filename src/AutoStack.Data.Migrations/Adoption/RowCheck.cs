using System.Text.RegularExpressions;
using Npgsql;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>Checks, before a script runs, whether existing rows violate it, so that the adoption stops between two steps.</summary>
internal sealed partial record RowCheck(AdoptionObstacle Obstacle, string Probe)
{
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

    /// <summary>The checks of a version: unique keys, and required values in columns that may be NULL.</summary>
    public static IEnumerable<RowCheck> Of(MigrationScript script, Catalog found)
    {
        var before = Catalog.Expected(script.Version - 1);
        return Catalog.Expected(script.Version).Objects
            .Where(o => before.HasTable(o.Table) && before.Find(o) is null && found.HasTable(o.Table))
            .Select(o => o.IsUniqueIndex ? UniqueKey(script, o)
                : o.Kind == SchemaObjectKind.Constraint ? RequiredValues(script, o, found)
                : null)
            .OfType<RowCheck>();
    }

    /// <summary>Checks that every value is valid jsonb.</summary>
    public static RowCheck OfJson(string before, string table, IReadOnlyList<string> columns) => new(
        new AdoptionObstacle(before, $"{table} contains a value that is not valid jsonb", JsonColumns.Suspects(table, columns),
            "Correct the value in these rows, delete them, or keep json."),
        JsonColumns.Try(table, columns));

    /// <summary>
    /// Checks a column that stays json: an index on an expression of it fails where the change to jsonb would have failed.
    /// </summary>
    public static IEnumerable<RowCheck> OfKeptJson(MigrationScript script, Catalog found)
    {
        var before = Catalog.Expected(script.Version - 1);
        return
            from index in Catalog.Expected(script.Version).Objects
            where index.Kind == SchemaObjectKind.Index && before.Find(index) is null
            let expression = Indexed().Match(index.Definition).Groups["expression"].Value
            let columns = found.Objects
                .Where(o => o.Kind == SchemaObjectKind.Column && o.Table == index.Table && o.Column().Type == "json"
                    && expression.Contains(o.Name + " ->", StringComparison.Ordinal))
                .Select(o => o.Name).ToList()
            where columns.Count > 0
            select new RowCheck(
                new AdoptionObstacle(
                    script.Up.FileName,
                    $"{index.Table} contains a value that an index expression cannot read",
                    JsonColumns.Suspects(index.Table, columns),
                    "Correct the value in these rows, or delete them."),
                JsonColumns.TryReading(index.Table, columns, expression));
    }

    /// <summary>True for a primary or unique key, which an index of the same name enforces.</summary>
    public static bool IsKey(SchemaDifference d) => d.Kind == SchemaObjectKind.Constraint && Key().IsMatch(d.Expected ?? "");

    /// <summary>Checks a key that is added or validated, which existing rows may violate.</summary>
    public static IEnumerable<RowCheck> OfConstraint(string before, SchemaDifference constraint)
    {
        var (table, definition) = (constraint.Name.Split('.')[0], constraint.Expected ?? "");
        if (constraint.Kind == SchemaObjectKind.Constraint && Key().Match(definition) is { Success: true } key)
        {
            var keys = key.Groups["keys"].Value;
            return [OfQuery(new AdoptionObstacle(before, $"Rows of {table} have the same {keys}",
                Duplicates(table, keys, string.Join(" AND ", keys.Split(", ").Select(k => k + " IS NOT NULL"))),
                "Change or delete all but one of each."))];
        }

        if (constraint.Kind == SchemaObjectKind.Constraint && ForeignKey().Match(definition) is { Success: true } foreign)
        {
            var (column, other) = (foreign.Groups["column"].Value, foreign.Groups["other"].Value);
            return [OfQuery(new AdoptionObstacle(before, $"Rows of {table} reference a missing row of {other}", $"""
                SELECT *
                FROM public.{table} t
                WHERE {column} IS NOT NULL AND NOT EXISTS (SELECT FROM public.{other} o WHERE o.{foreign.Groups["key"].Value} = t.{column})
                """, $"Delete them, or set {column} to an existing row."))];
        }

        return [];
    }

    /// <summary>A check that fails when the obstacle's query returns rows.</summary>
    public static RowCheck OfQuery(AdoptionObstacle obstacle) => new(obstacle, $"SELECT count(*) FROM ({obstacle.Query}) d");

    /// <summary>Runs the check: the obstacle, or null when the check passes.</summary>
    public async Task<AdoptionObstacle?> RunAsync(NpgsqlConnection connection, bool showValues, CancellationToken cancellationToken)
    {
        using var command = new NpgsqlCommand(Probe, connection) { CommandTimeout = 0 };
        try
        {
            var rows = (long)(await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false))!;
            return rows == 0 ? null : Obstacle with { What = $"{Obstacle.What} ({rows} {(rows == 1 ? "case" : "cases")})" };
        }
        catch (PostgresException exception) when (exception.SqlState.StartsWith("22", StringComparison.Ordinal))
        {
            return Obstacle with { What = $"{Obstacle.What}: {ServerError.Describe(exception, showValues)}".TrimEnd('.', ' ') };
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
        return OfQuery(new AdoptionObstacle(script.Up.FileName, what, Duplicates(table, keys, where), hint));
    }

    private static string Duplicates(string table, string keys, string where) =>
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
            .Where(c => IsDocumented(table, c)
                && found.Find(new CatalogObject(SchemaObjectKind.Column, table, c, ""))?.Column().Required == false)
            .ToList();
        if (columns.Count == 0)
        {
            return null;
        }

        var where = string.Join(" OR ", columns.Select(c => $"{c} IS NULL"));
        return new RowCheck(
            new AdoptionObstacle(
                script.Up.FileName,
                $"Rows of {table} lack a required value",
                $"SELECT *\nFROM public.{table}\nWHERE {where}",
                "Set the value, or delete the rows."),
            $"SELECT count(*) FROM public.{table} WHERE {where}");
    }

    private static IEnumerable<string> Words(string sql) => Word().Matches(sql).Select(m => m.Value);

    private static bool IsColumn(string table, string name) => Has(Catalog.Newest, table, name);

    private static bool IsDocumented(string table, string name) => Has(Catalog.Expected(AdoptionPlanner.DocumentedVersion), table, name);

    private static bool Has(Catalog catalog, string table, string name) =>
        catalog.Find(new CatalogObject(SchemaObjectKind.Column, table, name, "")) is not null;

    [GeneratedRegex(@" USING btree \((?<keys>.*?)\)( WHERE (?<where>.*))?$", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant)]
    private static partial Regex UniqueIndex();

    [GeneratedRegex(@" USING \w+ \((?<expression>.*)\)$",
        RegexOptions.Singleline | RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant)]
    private static partial Regex Indexed();

    [GeneratedRegex(@"^(UNIQUE|PRIMARY KEY) \((?<keys>[^()]+)\)$", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant)]
    private static partial Regex Key();

    [GeneratedRegex(@"^FOREIGN KEY \((?<column>\w+)\) REFERENCES (public\.)?(?<other>\w+)\((?<key>\w+)\)",
        RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant)]
    private static partial Regex ForeignKey();

    [GeneratedRegex(@"\w+", RegexOptions.CultureInvariant)]
    private static partial Regex Word();
}
