using System.Text.RegularExpressions;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>Collects differences in the order in which their statements can run.</summary>
/// <param name="blocked">Tables that no statement may touch, and why.</param>
internal sealed partial class DifferenceList(IReadOnlyDictionary<string, string> blocked)
{
    // Columns are dropped after the objects that depend on them; differences without a statement come last.
    public const int First = -1;
    public const int AfterAll = 9;
    public const int Last = 10;

    private readonly List<(int Phase, SchemaDifference Difference)> differences = [];

    public IReadOnlyList<SchemaDifference> InOrder => [.. differences.OrderBy(d => d.Phase).Select(d => d.Difference)];

    /// <summary>Adds a difference that statements repair, unless something is in the way.</summary>
    public void Add(
        int phase,
        CatalogObject? should,
        CatalogObject? there,
        string message,
        IEnumerable<RepairStatement> repairs,
        string? obstacle = null)
    {
        obstacle ??= WhyBlocked(should ?? there!);
        var difference = Of(should, there, message);
        differences.Add((phase, obstacle is null
            ? difference with { Repairs = [.. repairs.Select(repair => repair with { Sql = SqlCopy.Of(repair.Sql) })] }
            : difference with { Obstacles = [new RepairObstacle(Visible.Text(obstacle))] }));
    }

    /// <summary>Adds an extra object that protects rows, which no statement removes.</summary>
    public void AddProtecting(CatalogObject? should, CatalogObject there, string message, SchemaObjectKind? kind = null) =>
        differences.Add((Last, Of(should, there, message) with { Kind = kind ?? there.Kind, Protects = true }));

    /// <summary>Adds a difference that is no drift.</summary>
    public void AddRemark(CatalogObject there, string message) =>
        differences.Add((Last, Of(null, there, message) with { IsRemark = true }));

    private static SchemaDifference Of(CatalogObject? should, CatalogObject? there, string message)
    {
        var o = (should ?? there)!;
        return new SchemaDifference(o.Kind, o.Path, should?.Definition, there?.Definition, Visible.Text(message), []);
    }

    private string? WhyBlocked(CatalogObject o) => blocked.GetValueOrDefault(o.Table) is { } own ? own
        : References().Match(o.Definition) is { Success: true } other ? blocked.GetValueOrDefault(other.Groups["table"].Value) : null;

    /// <summary>
    /// Drops come at 1. Keys come before foreign keys, then objects that use columns.
    /// </summary>
    public static int Phase(CatalogObject o) => o.Kind switch
    {
        SchemaObjectKind.Extension => 0,
        SchemaObjectKind.Table => 3,
        SchemaObjectKind.Column => 4,
        SchemaObjectKind.Function => 5,
        SchemaObjectKind.Constraint => Repair.Referenced(o) is not null ? 7 : 6,
        _ => 8,
    };

    [GeneratedRegex(@"^FOREIGN KEY .* REFERENCES public\.(?<table>\w+)\(", RegexOptions.CultureInvariant)]
    private static partial Regex References();
}
