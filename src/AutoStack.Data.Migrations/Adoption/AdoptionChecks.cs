using System.Text.RegularExpressions;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>The checks of rows that only an adoption needs: of values in <c>json</c>, and of constraints that the database lacks.</summary>
internal static partial class AdoptionChecks
{
    /// <summary>Checks that every value is valid jsonb.</summary>
    public static RowCheck OfJson(string before, string table, IReadOnlyList<string> columns) => new(
        before, $"{table} contains a value that is not valid jsonb", JsonColumns.Suspects(table, columns),
        "Correct the value in these rows, delete them, or keep json.", JsonColumns.Try(table, columns));

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
                script.Up.FileName,
                $"{index.Table} contains a value that an index expression cannot read",
                JsonColumns.Suspects(index.Table, columns),
                "Correct the value in these rows, or delete them.",
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
            return [RowCheck.OfQuery(before, $"Rows of {table} have the same {keys}",
                RowCheck.Duplicates(table, keys, string.Join(" AND ", keys.Split(", ").Select(k => k + " IS NOT NULL"))),
                "Change or delete all but one of each.")];
        }

        if (constraint.Kind == SchemaObjectKind.Constraint && ForeignKey().Match(definition) is { Success: true } foreign)
        {
            var (column, other) = (foreign.Groups["column"].Value, foreign.Groups["other"].Value);
            return [RowCheck.OfQuery(before, $"Rows of {table} reference a missing row of {other}", $"""
                SELECT *
                FROM public.{table} t
                WHERE {column} IS NOT NULL AND NOT EXISTS (SELECT FROM public.{other} o WHERE o.{foreign.Groups["key"].Value} = t.{column})
                """, $"Delete them, or set {column} to an existing row.")];
        }

        return [];
    }

    [GeneratedRegex(@" USING \w+ \((?<expression>.*)\)$",
        RegexOptions.Singleline | RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant)]
    private static partial Regex Indexed();

    [GeneratedRegex(@"^(UNIQUE|PRIMARY KEY) \((?<keys>[^()]+)\)$", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant)]
    private static partial Regex Key();

    [GeneratedRegex(@"^FOREIGN KEY \((?<column>\w+)\) REFERENCES (public\.)?(?<other>\w+)\((?<key>\w+)\)",
        RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant)]
    private static partial Regex ForeignKey();
}
