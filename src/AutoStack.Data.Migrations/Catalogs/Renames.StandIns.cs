namespace AutoStack.Data.Migrations.Internal;

/// <content>A table that was set aside, with another in its place.</content>
internal sealed partial class Renames
{
    private readonly HashSet<string> standIns = [];

    /// <summary>True for an expected table in whose place another one may stand: what it has and lacks is not compared.</summary>
    public bool IsStandIn(CatalogObject table) => standIns.Contains(table.Name);

    private void FindStandIn(CatalogObject table)
    {
        var there = Found.Find(table)!;
        if (there.Definition.Length > 0 || !expected.Objects.Any(o => o.Table == table.Name && Found.Find(o)?.Definition != o.Definition))
        {
            return;
        }

        var here = Found.Objects
            .Where(o => o.Kind == SchemaObjectKind.Table && o.Definition.Length == 0 && expected.Find(o) is null
                && !Catalog.Newest.HasTable(o.Name) && !around.IsMeant(o))
            .Where(o => IsSetAside(table.Name, Columns(Found, o.Name), around.Filled.Contains(o.Name), $"public.{o.Sql}")
                || (HasSameKey(table.Name, o.Name) && !HasSameKey(table.Name, table.Name)
                    && Likeness(table.Name, Columns(Found, o.Name)) >= Near))
            .Select(o => o.Name);
        var elsewhere = around.Tables
            .Select(t => (Table: t, Path: $"{t.Schema}.{t.Name}"))
            .Where(t => !around.IsMeant(new CatalogObject(SchemaObjectKind.Table, t.Path, t.Path, ""))
                && IsSetAside(table.Name, t.Table.Columns, t.Table.HasRows, $"{t.Table.SchemaSql}.{t.Table.Name}"))
            .Select(t => t.Path);
        List<string> candidates = [.. here, .. elsewhere];
        if (candidates.Count > 0)
        {
            standIns.Add(table.Name);
            blocked[table.Name] = $"Table {table.Name} may be {string.Join(" or ", candidates)}, and another table stands in its place: " +
                $"compare their rows, rename or move the right one back, or list the other as meant.";
            Found = new Catalog([.. Found.Objects.Where(o => o.Table != table.Name || o.Kind == SchemaObjectKind.Table)]);
        }
    }

    // As like the expected table as the one in place, and either our foreign keys lead to it, or it has the rows.
    private bool IsSetAside(string table, IReadOnlyList<string> columns, bool hasRows, string sql)
    {
        var (like, inPlace) = (Likeness(table, columns), Likeness(table, Columns(Found, table)));
        return like >= Near && like >= inPlace
            && ((hasRows && (like > inPlace || !around.Filled.Contains(table)))
                || Found.Objects.Any(o => o.Kind == SchemaObjectKind.Constraint && expected.Find(o) is not null
                    && o.Definition.Contains($" REFERENCES {sql}(", StringComparison.Ordinal)));
    }
}
