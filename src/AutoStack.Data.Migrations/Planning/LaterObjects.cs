namespace AutoStack.Data.Migrations.Internal;

/// <summary>
/// Existing tables and columns that pending versions create: a service's <c>create_all</c> has created them, or the journal is older than
/// the database. The scripts would fail on them.
/// </summary>
internal static class LaterObjects
{
    private const int MaxNamed = 3;

    /// <summary>Finds their names, tables first.</summary>
    public static IReadOnlyList<string> Find(Catalog found, int version) =>
        [.. All(found, version).OrderBy(o => o.Kind).Select(o => o.Path)];

    /// <summary>
    /// The newest version up to which all objects exist exactly as the scripts after <paramref name="version"/> create them.
    /// </summary>
    public static int Reached(Catalog found, int version)
    {
        while (version < MigrationScript.Embedded.Count && Created(version + 1) is { Count: > 0 } created
            && created.All(o => found.Find(o)?.Definition == o.Definition))
        {
            version++;
        }

        return version;
    }

    /// <summary>
    /// The columns whose definition is another than that of the script which would add them, possibly IF NOT EXISTS: names that are taken.
    /// </summary>
    /// <param name="found">The catalog of the database.</param>
    /// <param name="version">The version in the journal.</param>
    /// <param name="scripts">The scripts of the plan.</param>
    public static IReadOnlyList<Obstacle> Taken(Catalog found, int version, IReadOnlyList<MigrationScript> scripts) =>
    [
        .. from script in scripts
           where script.Set == ScriptSet.CoreName
           let before = Catalog.Expected(script.Version - 1)
           let after = Catalog.Expected(script.Version)
           from o in All(found, version)
           where o.Kind == SchemaObjectKind.Column && before.Find(o) is null
           let wanted = after.Find(o)?.Definition
           let there = found.Find(o)!.Definition
           where wanted is not null && wanted != there
           select new Obstacle(ObstacleKind.NameTaken, script.Up.FileName,
               $"The column {o.Name} of {o.Table} exists already, as {Visible.Text(there)}; the script adds it as {wanted}.",
               $"Rename it: ALTER TABLE {o.TableSql} RENAME COLUMN {o.Name} TO …;", [o.Name]),
    ];

    /// <summary>
    /// True when an adoption could not take the objects over: they are neither all that their versions create, nor tables that a service's
    /// <c>create_all</c> creates in a database that is not at the documented version yet.
    /// </summary>
    public static bool AreForeign(Catalog found, int version) =>
        version >= MigrationPlanner.DocumentedVersion
        && MigrationPlanner.FindLater(found, version) is null
        && Find(found, Reached(found, version)).Count > 0;

    /// <summary>The message of the refusal.</summary>
    /// <param name="version">The version in the journal.</param>
    /// <param name="names">The objects.</param>
    /// <param name="detected">The version that the database has exactly; null when it has no version exactly.</param>
    public static string Message(int version, IReadOnlyList<string> names, DetectedVersion? detected) =>
        $"The journal is at version {version}, but objects of later versions exist already " +
        $"({string.Join(", ", names.Take(MaxNamed))}{(names.Count > MaxNamed ? ", …" : "")}): " +
        (detected is null ? "another program created them. Adopt the database: autostack-db adopt."
            : $"the database has the objects of version {detected.Version}. Record that version: autostack-db stamp --detect.") +
        " Nothing was changed.";

    private static IEnumerable<CatalogObject> All(Catalog found, int version)
    {
        var applied = Catalog.Expected(version);
        return Catalog.Newest.Objects
            .Where(o => applied.Find(o) is null && found.Find(o) is not null)
            .Where(o => o.Kind == SchemaObjectKind.Table || (o.Kind == SchemaObjectKind.Column && applied.HasTable(o.Table)));
    }

    // A script that changes only rows creates no object that would show whether it ran.
    private static List<CatalogObject> Created(int version)
    {
        var before = Catalog.Expected(version - 1);
        return [.. Catalog.Expected(version).Objects.Where(o => before.Find(o)?.Definition != o.Definition)];
    }
}
