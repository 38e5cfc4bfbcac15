using System.Text;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>
/// What an optional feature changes in the catalog of the core, version by version: the objects that it adds or defines differently, and
/// those of the core that it removes.
/// </summary>
/// <param name="text">Lines as in <c>Expected.txt</c>; a line that begins with a minus sign names an object that is gone.</param>
internal sealed class FeatureCatalog(string text)
{
    private const char Gone = '-';

    private readonly List<Catalog.VersionedObject> objects = Catalog.Parse(Lines(text, gone: false));
    private readonly List<Catalog.VersionedObject> removed = Catalog.Parse(Lines(text, gone: true));

    /// <summary>The catalog of a database that has a version of the feature; the catalog below for version 0.</summary>
    public Catalog Over(Catalog below, int version)
    {
        var own = At(objects, version).ConvertAll(o => Beside(o, below.Find(o)));
        var hidden = At(removed, version).Concat(own).Select(o => o.Key).ToHashSet();
        return new Catalog([.. below.Objects.Where(o => !hidden.Contains(o.Key)), .. own]);
    }

    /// <summary>Renders what the versions 1, 2, … of a feature change in the catalog below them.</summary>
    public static string Format(Catalog below, IReadOnlyList<Catalog> versions)
    {
        var changed = versions.Select(catalog =>
            new Catalog([.. catalog.Objects.Where(o => below.Find(o)?.Definition != o.Definition)])).ToList();
        var gone = versions.Select(catalog => new Catalog([.. below.Objects.Where(o => catalog.Find(o) is null)])).ToList();
        return Catalog.Format(changed) + string.Concat(
            Catalog.Format(gone).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => $"{Gone}{line}\n"));
    }

    // Of a table that several features change: its definition lists what each of them makes unusual about it.
    private static CatalogObject Beside(CatalogObject own, CatalogObject? below) =>
        own.Kind == SchemaObjectKind.Table && below is not null
            ? own with { Definition = string.Join(", ", Parts(below).Union(Parts(own))) }
            : own;

    private static string[] Parts(CatalogObject table) => table.Definition.Split(", ", StringSplitOptions.RemoveEmptyEntries);

    private static List<CatalogObject> At(List<Catalog.VersionedObject> objects, int version) =>
        [.. objects.Where(o => o.From <= version && version <= (o.Until ?? int.MaxValue)).Select(o => o.Object)];

    private static string Lines(string text, bool gone)
    {
        var lines = new StringBuilder();
        foreach (var line in text.ReplaceLineEndings("\n").Split('\n').Where(line => line.StartsWith(Gone) == gone))
        {
            lines.Append(gone ? line[1..] : line).Append('\n');
        }

        return lines.ToString();
    }
}
