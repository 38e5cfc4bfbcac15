using System.Text.RegularExpressions;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>Takes the statements from differences that need a missing table or column which no statement adds.</summary>
internal static class UnmetNeeds
{
    public static IReadOnlyList<SchemaDifference> Without(IReadOnlyList<SchemaDifference> differences)
    {
        var missing = differences.Where(d => d is { Found: null, Expected: not null, Obstacles.Count: > 0 }
            && d.Kind is SchemaObjectKind.Table or SchemaObjectKind.Column).ToList();
        return missing.Count == 0 ? differences :
        [
            .. differences.Select(d => d.Repairs.Count > 0 && missing.Find(other => Needs(d, other)) is { } needed
                ? d with
                {
                    Repairs = [],
                    Obstacles =
                    [
                        new RepairObstacle(
                            $"It needs {(needed.Kind == SchemaObjectKind.Table ? "table" : "column")} {needed.Name}, which is missing: " +
                            "see what is in the way of that one."),
                    ],
                }
                : d),
        ];
    }

    private static bool Needs(SchemaDifference difference, SchemaDifference missing)
    {
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
}
