using System.Text.RegularExpressions;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>Takes the statements from differences that need a missing column which no statement adds.</summary>
internal static class UnmetNeeds
{
    public static IReadOnlyList<SchemaDifference> Without(IReadOnlyList<SchemaDifference> differences)
    {
        List<string> columns =
        [
            .. differences.Where(d => d is { Kind: SchemaObjectKind.Column, Found: null, Obstacles.Count: > 0 }).Select(d => d.Name),
        ];
        return columns.Count == 0 ? differences :
        [
            .. differences.Select(d => d.Repairs.Count > 0 && columns.Find(column => Needs(d, column)) is { } needed
                ? d with
                {
                    Repairs = [],
                    Obstacles = [new RepairObstacle($"It needs column {needed}, which is missing: see what is in the way of that one.")],
                }
                : d),
        ];
    }

    private static bool Needs(SchemaDifference difference, string column)
    {
        var (table, name) = (column.Split('.')[0], Regex.Escape(column.Split('.')[1]));
        return difference.Expected is { } expected
            && difference.Kind is SchemaObjectKind.Index or SchemaObjectKind.Constraint or SchemaObjectKind.Trigger
            && (difference.Name.StartsWith(table + ".", StringComparison.Ordinal)
                ? Regex.IsMatch(expected, $@"\b{name}\b")
                : Regex.IsMatch(expected, $@" REFERENCES public\.{table}\([^()]*\b{name}\b"));
    }
}
