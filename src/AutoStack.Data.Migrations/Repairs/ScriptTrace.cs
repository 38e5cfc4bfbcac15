namespace AutoStack.Data.Migrations.Internal;

/// <summary>Whether the objects of a database show that a script of the core ran.</summary>
/// <param name="Witnesses">The number of objects that only this script creates, changes or drops.</param>
/// <param name="Missing">Those of them that are not as the script leaves them.</param>
internal sealed record ScriptTrace(int Witnesses, IReadOnlyList<string> Missing)
{
    private const int MaxNamed = 3;

    /// <summary>No object shows whether the script ran: it changes rows only, or later scripts replaced its objects.</summary>
    public static ScriptTrace Unknown { get; } = new(0, []);

    /// <summary>True when every object is as the script leaves it.</summary>
    public bool IsThere => Witnesses > 0 && Missing.Count == 0;

    /// <summary>True when no object is as the script leaves it.</summary>
    public bool IsMissing => Witnesses > 0 && Missing.Count == Witnesses;

    /// <summary>The missing objects in a sentence, without its end.</summary>
    public string MissingNames => string.Join(", ", Missing.Take(MaxNamed)) + (Missing.Count > MaxNamed ? ", …" : "");

    /// <summary>Compares the objects of a script with those of the database.</summary>
    /// <param name="version">The version of the script.</param>
    /// <param name="current">The version of the journal, whose later scripts may have changed the objects again.</param>
    /// <param name="differences">The differences of the database from the expected catalog of the journal's version.</param>
    public static ScriptTrace Of(int version, int current, IReadOnlyList<SchemaDifference> differences)
    {
        var (before, after, now) = (Catalog.Expected(version - 1), Catalog.Expected(version), Catalog.Expected(current));
        var witnesses = after.Objects
            .Where(o => before.Find(o)?.Definition != o.Definition && now.Find(o)?.Definition == o.Definition)
            .Concat(before.Objects.Where(o => after.Find(o) is null && now.Find(o) is null))
            .ToList();
        var differing = differences.Where(d => !d.IsRemark).Select(d => (d.Kind, d.Name)).ToHashSet();
        var missing = witnesses
            .Where(o => differing.Contains((o.Kind, o.Path)) || differing.Contains((SchemaObjectKind.Table, o.Table)))
            .Select(o => o.Path)
            .ToList();
        return new ScriptTrace(witnesses.Count, missing);
    }
}
