using System.Text.RegularExpressions;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>Takes the statements from differences that need a missing table, column or key which no statement adds.</summary>
internal static partial class UnmetNeeds
{
    public static IReadOnlyList<SchemaDifference> Without(IReadOnlyList<SchemaDifference> differences)
    {
        var missing = differences.Where(d => d is { Expected: not null, Obstacles.Count: > 0 }
            && (IsKey(d) || (d.Found is null && d.Kind is SchemaObjectKind.Table or SchemaObjectKind.Column))).ToList();
        return missing.Count == 0 ? differences :
        [
            .. differences.Select(d => d.Repairs.Count > 0 && missing.Find(other => Needs(d, other)) is { } needed
                ? d with
                {
                    Repairs = [],
                    Obstacles =
                    [
                        new RepairObstacle(
                            $"It needs {(IsKey(needed) ? "key" : needed.Kind == SchemaObjectKind.Table ? "table" : "column")} " +
                            $"{needed.Name}, which is missing: see what is in the way of that one."),
                    ],
                }
                : d),
        ];
    }

    // A foreign key needs a unique key of exactly its columns.
    private static bool IsKey(SchemaDifference d) => KeyColumns(d).Length > 0;

    private static string KeyColumns(SchemaDifference d) =>
        d.Kind is SchemaObjectKind.Constraint or SchemaObjectKind.Index
            ? Key().Match(d.Expected ?? "").Groups["columns"].Value : "";

    private static bool Needs(SchemaDifference difference, SchemaDifference missing)
    {
        if (IsKey(missing))
        {
            return difference.Kind == SchemaObjectKind.Constraint && (difference.Expected ?? "").Contains(
                $" REFERENCES public.{missing.Name.Split('.')[0]}({KeyColumns(missing)})", StringComparison.Ordinal);
        }

        var isOfTable = difference.Name.StartsWith(missing.Name.Split('.')[0] + ".", StringComparison.Ordinal);
        var expected = difference.Expected ?? "";
        if (missing.Kind == SchemaObjectKind.Table)
        {
            return isOfTable || expected.Contains($" REFERENCES public.{missing.Name}(", StringComparison.Ordinal);
        }

        var (table, name) = (missing.Name.Split('.')[0], Regex.Escape(missing.Name.Split('.')[1]));
        return difference.Kind is SchemaObjectKind.Index or SchemaObjectKind.Constraint or SchemaObjectKind.Trigger
            && (isOfTable
                ? Regex.IsMatch(expected, $@"\b{name}\b")
                : Regex.IsMatch(expected, $@" REFERENCES public\.{table}\([^()]*\b{name}\b"));
    }

    [GeneratedRegex(@"^(PRIMARY KEY|UNIQUE|CREATE UNIQUE INDEX \w+ ON public\.\w+ USING btree) \((?<columns>[\w, ]+)\)$",
        RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant)]
    private static partial Regex Key();
}
