namespace AutoStack.Data.Migrations.Internal;

/// <summary>The obstacles of a plan so far, and what they are found from.</summary>
/// <param name="plan">The effects of the plan.</param>
/// <param name="facts">Reads the catalog.</param>
/// <param name="place">The server, the database and the role.</param>
/// <param name="relations">The relations that exist, by the names of the plan.</param>
internal sealed class ObstacleList(
    PlannedEffects plan, CatalogFacts facts, CatalogFacts.Place place, IReadOnlyDictionary<string, RelationFact> relations)
{
    private readonly List<(int Order, Obstacle Obstacle)> obstacles = [];

    public PlannedEffects Plan => plan;

    public CatalogFacts Facts => facts;

    public CatalogFacts.Place Place => place;

    public IReadOnlyDictionary<string, RelationFact> Relations => relations;

    /// <summary>The role, for people.</summary>
    public string Role => Visible.Text(place.Role);

    /// <summary>The obstacles in the order in which the run would meet them.</summary>
    public IReadOnlyList<Obstacle> InOrder => [.. obstacles.OrderBy(found => found.Order).Select(found => found.Obstacle)];

    /// <summary>True for a part of a table, which has its name within the table.</summary>
    public static bool IsPart(Effect effect) =>
        effect.Kind is EffectKind.AddColumn or EffectKind.AddConstraint or EffectKind.AddTrigger or EffectKind.AddPolicy;

    /// <summary>The name with the schema in which an object of this name is created.</summary>
    public static string Qualified(string name) => Names.Split(name).Schema.Length > 0 ? name : $"public.{name}";

    /// <summary>The first names of a list, for people.</summary>
    public static string Listed(IReadOnlyList<string> names)
    {
        const int Most = 5;
        var shown = string.Join(", ", names.Take(Most).Select(Visible.Text));
        return names.Count > Most ? $"{shown} and {names.Count - Most} more" : shown;
    }

    /// <summary>Adds an object that has the name of one that the plan creates.</summary>
    public void AddTaken(PlannedEffect planned, string what, string mend, bool accepted = false) =>
        Add(planned, ObstacleKind.NameTaken,
            accepted ? $"{what} has the name of an index that the script creates: IF NOT EXISTS would accept it."
                : $"{what} exists already.",
            mend.StartsWith("ALTER", StringComparison.Ordinal) ? $"Rename it: {mend}" : mend,
            [IsPart(planned.Effect) ? planned.Effect.Part! : planned.Effect.Name]);

    /// <summary>Adds an obstacle of one script.</summary>
    public void Add(PlannedEffect planned, ObstacleKind kind, string what, string mend, IReadOnlyList<string> objects) =>
        Add(planned.Order, kind, planned.Step.FileName, what, mend, objects);

    /// <summary>Adds an obstacle at a place of the run; no script for one of the whole run.</summary>
    public void Add(int order, ObstacleKind kind, string? script, string what, string mend, IReadOnlyList<string>? objects = null) =>
        obstacles.Add((order, new Obstacle(kind, script, what, mend, objects ?? [])));
}
