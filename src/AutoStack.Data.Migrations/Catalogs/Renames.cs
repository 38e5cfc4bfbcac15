namespace AutoStack.Data.Migrations.Internal;

/// <summary>
/// Recognises tables, functions and columns that were renamed or moved, by their content: an expected object that is missing is then not
/// created empty beside the one that has its rows. What may be a renamed object, without proof, gets no statement.
/// </summary>
internal sealed partial class Renames
{
    private readonly Catalog expected;
    private readonly Surroundings around;
    private readonly List<Rename> done = [];
    private readonly Dictionary<string, string> blocked = [];
    private readonly Dictionary<CatalogObject, string> unsure = [];
    private readonly HashSet<CatalogObject> candidates = [];

    public Renames(Catalog expected, Catalog found, Surroundings around)
    {
        (this.expected, Found, this.around) = (expected, found, around);
        foreach (var table in expected.Objects.Where(o => o.Kind == SchemaObjectKind.Table))
        {
            FindTable(table);
        }

        foreach (var function in expected.Objects.Where(o => o.Kind == SchemaObjectKind.Function))
        {
            FindFunction(function);
        }

        foreach (var table in expected.Objects.Where(o => o.Kind == SchemaObjectKind.Table && Found.HasTable(o.Name)))
        {
            FindColumns(table.Name);
        }
    }

    /// <summary>An object under another name, or in another schema, and the statement that brings it back.</summary>
    internal sealed record Rename(CatalogObject Expected, CatalogObject There, string What, RepairStatement Repair);

    /// <summary>The found catalog as if nothing had been renamed or moved.</summary>
    public Catalog Found { get; private set; }

    /// <summary>What was recognised.</summary>
    public IReadOnlyList<Rename> Done => done;

    /// <summary>Expected tables that may exist under another name, and why no statement touches them.</summary>
    public IReadOnlyDictionary<string, string> Blocked => blocked;

    /// <summary>Why a missing column gets no statement; null when nothing looks like it.</summary>
    public string? WhyUnsure(CatalogObject missing) => unsure.GetValueOrDefault(missing);

    /// <summary>True for an extra column that may be a missing one: dropping it may lose the data of the missing one.</summary>
    public bool IsCandidate(CatalogObject extra) => candidates.Contains(extra);

    private void FindTable(CatalogObject table)
    {
        var elsewhere = around.Tables.Where(t => t.Name == table.Name).ToList();
        if (Found.HasTable(table.Name))
        {
            // A table of another schema in the found catalog was read because public has none of its name.
            if (elsewhere is [var moved] && around.Moved.Contains(moved.Id))
            {
                TakeMoved(table, moved);
            }
            else
            {
                FindStandIn(table);
            }

            return;
        }

        var here = Found.Objects
            .Where(o => o.Kind == SchemaObjectKind.Table && expected.Find(o) is null && !Catalog.Newest.HasTable(o.Name)
                && !around.IsMeant(o) && o.Definition.Length == 0)
            .ToList();
        var same = here.Where(o => IsSameTable(table.Name, o.Name)).ToList();
        if (same is [var only] && elsewhere.Count == 0)
        {
            done.Add(new Rename(table, only, $"table {only.Name} is the same under another name.",
                Repair.On(only.Name, TableLockMode.AccessExclusive, $"ALTER TABLE public.{only.Sql} RENAME TO {table.Name}")));
            Found = Rewriting.Table(Found, only, table.Name);
            return;
        }

        var near = here.Where(o => Likeness(table.Name, Columns(Found, o.Name)) >= Near).Select(o => o.Name)
            .Concat(around.Tables.Where(t => Likeness(table.Name, t.Columns) >= Near).Select(t => $"{t.Schema}.{t.Name}"))
            .ToList();
        if (near.Count > 0)
        {
            blocked[table.Name] = $"Table {table.Name} may be {string.Join(" or ", near)}, which " +
                $"{(near.Count == 1 ? "has" : "have")} its columns: rename or move the right one back, or list it as meant.";
        }
    }

    private void TakeMoved(CatalogObject table, ForeignTable moved)
    {
        var there = Found.Find(table)!;
        if (Likeness(table.Name, moved.Columns) == 1 && HasSameKey(table.Name, table.Name) && IsLinked(moved))
        {
            done.Add(new Rename(table, there, $"it is in the schema {moved.Schema}.",
                Repair.On(table.Name, TableLockMode.AccessExclusive, $"ALTER TABLE {moved.SchemaSql}.{there.Sql} SET SCHEMA public")));
            Found = Rewriting.Schema(Found, moved.SchemaSql, there.Sql);
            return;
        }

        Found = new Catalog([.. Found.Objects.Where(o => o.Table != table.Name)]);
        blocked[table.Name] = $"Table {moved.Schema}.{table.Name} has its name, but is not proven to be it by its columns, its key, or a " +
            "foreign key or trigger that leads into public: move it back if it is the table, or list it as meant.";
    }

    private void FindFunction(CatalogObject function)
    {
        var moved = around.Functions.Where(f => f.Signature == function.Name && around.Moved.Contains(f.Id)).ToList();
        if (Found.Find(function) is { } there)
        {
            if (moved is not [var from])
            {
                return;
            }

            var name = Rewriting.NameOf(function);
            var back = Rewriting.Schema(Found, from.SchemaSql, name);
            if (back.Find(function)!.Definition == function.Definition && IsExecuted($"{from.SchemaSql}.{name}"))
            {
                done.Add(new Rename(function, there, $"it is in the schema {from.SchemaSql}.",
                    Repair.Free($"ALTER FUNCTION {from.SchemaSql}.{function.Name} SET SCHEMA public")));
                Found = back;
            }
            else
            {
                Found = new Catalog([.. Found.Objects.Where(o => o.Key != function.Key)]);
            }

            return;
        }

        var same = Found.Objects.Where(o => o.Kind == SchemaObjectKind.Function && expected.Find(o) is null
            && Rewriting.Function(Found, o, function).Find(function)?.Definition == function.Definition
            && IsExecuted($"public.{Rewriting.NameOf(o)}")).ToList();
        if (same is [var only])
        {
            done.Add(new Rename(function, only, $"function {only.Name} is the same under another name.",
                Repair.Free($"ALTER FUNCTION {only.Sql} RENAME TO {Rewriting.NameOf(function)}")));
            Found = Rewriting.Function(Found, only, function);
        }
    }

    private void FindColumns(string table)
    {
        var order = expected.Objects.Where(o => o.Kind == SchemaObjectKind.Column && o.Table == table).ToList();
        var missing = order.Where(o => Found.Find(o) is null).ToList();
        var extra = Found.Objects.Where(o => o.Kind == SchemaObjectKind.Column && o.Table == table && expected.Find(o) is null
            && !around.IsMeant(o) && Catalog.Newest.Find(o) is null).ToList();
        foreach (var column in missing)
        {
            var alike = extra.Where(o => o.Column().Type == column.Column().Type && o.Column().Generated is null).ToList();
            var proven = alike.Where(o => IsAtPlaceOf(column, o, order) || HasDependentsOf(column, o)).ToList();
            if (proven is [var only])
            {
                done.Add(new Rename(column, only, $"column {only.Name} is the same under another name.",
                    Repair.On(
                        table, TableLockMode.AccessExclusive, $"ALTER TABLE public.{table} RENAME COLUMN {only.Sql} TO {column.Name}")));
                Found = Rewriting.Column(Found, only, column.Name);
                extra.Remove(only);
                continue;
            }

            var possible = (proven.Count > 0 ? proven : alike)
                .Where(o => proven.Count > 0 || !around.EmptyColumns.Contains((table, o.Name))).ToList();
            if (possible.Count > 0)
            {
                candidates.UnionWith(possible);
                unsure[column] = $"Column {column.Path} may be {string.Join(" or ", possible.Select(o => o.Name))}, of the same type: " +
                    $"rename the right one (ALTER TABLE {column.TableSql} RENAME COLUMN {possible[0].Sql} TO {column.Name}), or list " +
                    $"{(possible.Count == 1 ? "it" : "them")} as meant.";
            }
        }
    }

    private const double Near = 2.0 / 3;

    // A table of another installation in the same database has the same columns and keys, and refers to tables beside it.
    private bool IsLinked(ForeignTable moved) => Found.Objects.Any(o => o.Table == moved.Name
        ? (o.Kind == SchemaObjectKind.Constraint && o.Definition.Contains(" REFERENCES public.", StringComparison.Ordinal))
            || (o.Kind == SchemaObjectKind.Trigger && o.Definition.Contains(" EXECUTE FUNCTION public.", StringComparison.Ordinal))
        : o.Kind == SchemaObjectKind.Constraint && !IsMoved(o.Table)
            && o.Definition.Contains($" REFERENCES {moved.SchemaSql}.{moved.Name}(", StringComparison.Ordinal));

    private bool IsMoved(string table) => around.Tables.Any(t => t.Name == table && around.Moved.Contains(t.Id));

    // A copy of a function has its text, and no trigger.
    private bool IsExecuted(string function) => Found.Objects.Any(o => o.Kind == SchemaObjectKind.Trigger && !IsMoved(o.Table)
        && o.Definition.Contains($" EXECUTE FUNCTION {function}(", StringComparison.Ordinal));

    // Between the neighbours of the missing column, and no column was dropped there: a column that was added later stands at the end.
    private bool IsAtPlaceOf(CatalogObject missing, CatalogObject other, List<CatalogObject> order)
    {
        var at = order.IndexOf(missing);
        var before = at == 0 ? 0 : Found.Find(order[at - 1])?.Place;
        var after = at == order.Count - 1 ? null : Found.Find(order[at + 1])?.Place;
        return other.Place > 0 && before == other.Place - 1 && (after is null || after == other.Place + 1);
    }

    // An index, constraint or trigger of the missing column is there, and is that of the other one.
    private bool HasDependentsOf(CatalogObject missing, CatalogObject other) => expected.Objects.Any(o =>
        o.Table == missing.Table && o.Kind is SchemaObjectKind.Index or SchemaObjectKind.Constraint or SchemaObjectKind.Trigger
        && Found.Find(o) is { } there && there.Definition != o.Definition
        && Rewriting.ColumnOf(there, other, missing.Name) == o.Definition);

    // A copy has the columns, but neither the key under its name nor the foreign keys of others.
    private bool IsSameTable(string table, string other) =>
        Likeness(table, Columns(Found, other)) == 1 && HasSameKey(table, other);

    private bool HasSameKey(string table, string other) => expected.Objects
        .Where(o => o.Kind == SchemaObjectKind.Constraint && o.Table == table
            && o.Definition.StartsWith("PRIMARY KEY", StringComparison.Ordinal))
        .All(key => Found.Objects.Any(o => o.Kind == SchemaObjectKind.Constraint && o.Table == other && o.Name == key.Name
            && o.Definition == key.Definition));

    // The part of the expected columns that the other table has with the same type.
    private double Likeness(string table, IReadOnlyList<string> columns)
    {
        var wanted = Columns(expected, table);
        return wanted.Count == 0 ? 0 : (double)wanted.Intersect(columns).Count() / wanted.Count;
    }

    private static List<string> Columns(Catalog catalog, string table) =>
        [.. catalog.Objects.Where(o => o.Kind == SchemaObjectKind.Column && o.Table == table).Select(o => $"{o.Name} {o.Column().Type}")];
}
