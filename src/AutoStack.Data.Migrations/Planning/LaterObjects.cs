namespace AutoStack.Data.Migrations.Internal;

/// <summary>
/// Tables and columns that pending versions make and that are there already: a service's <c>create_all</c> has made them beside the journal, or the journal is
/// older than the database. The scripts would fail on them.
/// </summary>
internal static class LaterObjects
{
    private const int Named = 3;

    /// <summary>Their names, tables first; empty when there is none.</summary>
    public static IReadOnlyList<string> Find(Catalog found, int version)
    {
        var applied = Catalog.Expected(version);
        return
        [
            .. Catalog.Newest.Objects
                .Where(o => applied.Find(o) is null && found.Find(o) is not null)
                .Where(o => o.Kind == SchemaObjectKind.Table || (o.Kind == SchemaObjectKind.Column && applied.HasTable(o.Table)))
                .OrderBy(o => o.Kind)
                .Select(o => o.Path),
        ];
    }

    /// <summary>The version up to which everything that the versions after this one make is there, exactly as they make it.</summary>
    public static int Reached(Catalog found, int version)
    {
        while (version < MigrationScript.Embedded.Count && Made(version + 1) is { Count: > 0 } made && made.All(o => found.Find(o)?.Definition == o.Definition))
        {
            version++;
        }

        return version;
    }

    /// <summary>Why no script is run.</summary>
    public static string Message(int version, IReadOnlyList<string> names) =>
        $"The journal is at version {version}, and what later versions make is there already ({string.Join(", ", names.Take(Named))}{(names.Count > Named ? ", …" : "")}): " +
        "something else made it. Take it over: autostack-db adopt. Nothing was changed.";

    // A script that changes rows alone makes nothing that could tell whether it ran.
    private static List<CatalogObject> Made(int version)
    {
        var before = Catalog.Expected(version - 1);
        return [.. Catalog.Expected(version).Objects.Where(o => before.Find(o)?.Definition != o.Definition)];
    }
}
