namespace AutoStack.Data.Migrations.Internal;

/// <summary>
/// Compares the expected catalog with the one found. Only AutoStack's tables are compared; an operator's other objects are ignored.
/// </summary>
internal sealed class CatalogComparison
{
    private const string Invalid = CatalogObject.Invalid;
    private const string Disabled = " DISABLED";

    private readonly Catalog expected;
    private readonly Catalog found;
    private readonly Renames renames;
    private readonly DifferenceList differences;
    private readonly ColumnComparison columns;
    private readonly TableComparison tables;

    // Tables whose parts are not compared: views and foreign tables with their name, and those that may be under another name.
    private readonly HashSet<string> left;
    private readonly HashSet<CatalogObject> takenOver = [];

    public CatalogComparison(Catalog expected, Catalog found, Surroundings surroundings)
    {
        renames = new Renames(expected, found, surroundings);
        (this.expected, this.found) = (expected, renames.Found);
        var blocked = renames.Blocked.ToDictionary();
        foreach (var table in expected.Objects.Where(o => o.Kind == SchemaObjectKind.Table))
        {
            if (this.found.Find(table) is { } there && TableComparison.WhyBlocked(table, there) is { } why)
            {
                blocked.TryAdd(table.Name, why);
            }
        }

        differences = new DifferenceList(blocked);
        columns = new ColumnComparison(expected, this.found, differences);
        tables = new TableComparison(differences);
        left =
        [
            .. this.found.Objects.Where(o => o.Kind == SchemaObjectKind.Table && TableComparison.IsReplaced(o)).Select(o => o.Name),
            .. renames.Blocked.Keys,
        ];
    }

    public IReadOnlyList<SchemaDifference> Run()
    {
        foreach (var rename in renames.Done)
        {
            differences.Add(DifferenceList.First, rename.Expected, rename.There, $"{Title(rename.Expected)} is missing; {rename.What}",
                [rename.Repair]);
        }

        foreach (var should in expected.Objects)
        {
            if (found.Find(should) is { } there)
            {
                CompareObject(should, there);
            }
            else if (should.Kind == SchemaObjectKind.Table
                || (!left.Contains(should.Table) && (should.Kind != SchemaObjectKind.Column || found.HasTable(should.Table))))
            {
                Missing(should);
            }
        }

        foreach (var there in found.Objects.Where(o => !takenOver.Contains(o) && expected.Find(o) is null))
        {
            if (there.Table.Length > 0 && expected.HasTable(there.Table))
            {
                Extra(there);
            }
            else if (there.Kind == SchemaObjectKind.Table && Catalog.Newest.HasTable(there.Name))
            {
                differences.Add(DifferenceList.Last, null, there, $"Table {there.Name} exists, but no applied version creates it.", []);
            }
        }

        return differences.InOrder;
    }

    private void Missing(CatalogObject should)
    {
        var phase = DifferenceList.Phase(should);
        var unnamed = should.Kind is SchemaObjectKind.Index or SchemaObjectKind.Constraint or SchemaObjectKind.Trigger
            ? found.Objects.FirstOrDefault(
                o => expected.Find(o) is null && !takenOver.Contains(o) && Repair.TakeOver(should, o) is not null)
            : null;
        if (unnamed is not null)
        {
            takenOver.Add(unnamed);
            differences.Add(phase, should, unnamed,
                $"{Title(should)} is missing; {Word(unnamed.Kind)} {unnamed.Name} is the same under another name.",
                [Repair.TakeOver(should, unnamed)!]);
        }
        else if (should.Kind == SchemaObjectKind.Table)
        {
            var parts = expected.Objects.Where(o => o.Kind == SchemaObjectKind.Column && o.Table == should.Table).Select(columns.Placed);
            differences.Add(phase, should, null, $"{Title(should)} is missing.", [Repair.CreateTable(should, parts)]);
        }
        else if (should.Kind != SchemaObjectKind.Extension || !columns.NeedsNoExtension)
        {
            var needsValue = should.Kind == SchemaObjectKind.Column && should.Column() is { Required: true, Default: null };
            differences.Add(phase, should, null,
                $"{Title(should)} is missing.{(needsValue ? " Existing rows need a value." : "")}", Repair.Create(columns.Placed(should)),
                renames.WhyUnsure(should));
        }
    }

    private void Extra(CatalogObject there)
    {
        var title = Title(there);
        var later = Catalog.Newest.Find(there) is not null;
        var unasked = later ? $"{title} exists before the version that creates it." : $"{title} is not part of the schema.";
        var nameNeeded = there.HasIndex && expected.Objects.Any(o => o.Name == there.Name && o.HasIndex);
        if (there.Kind == SchemaObjectKind.Column)
        {
            var refuses = found.Objects.Any(o => o.Table == there.Table && (o.Kind == SchemaObjectKind.Constraint || o.IsUniqueIndex)
                && Rewriting.ColumnOf(o, there, "") != o.Definition);
            differences.Add(DifferenceList.AfterAll, null, there, $"{title} is not part of the schema. Dropping it loses its data.",
                [Repair.DropColumn(there) with { LosesSecurity = refuses }],
                renames.IsCandidate(there) ? $"Column {there.Path} may be a missing one under another name." : null);
        }
        else if (nameNeeded)
        {
            // Names of indexes are unique in the schema: the object keeps its effect under another one.
            differences.Add(1, null, there, unasked, [Repair.MoveAside(there)]);
        }
        else if (there.Kind == SchemaObjectKind.Index && (later || !there.IsUniqueIndex))
        {
            var broken = there.Definition.EndsWith(Invalid, StringComparison.Ordinal)
                ? " It is invalid: a concurrent build failed or was interrupted." : "";
            differences.AddRemark(there, (later ? unasked : $"{title} is an extra index, which is allowed.") + broken);
        }
        else if (there.Kind == SchemaObjectKind.Index && there.Definition.EndsWith(Invalid, StringComparison.Ordinal))
        {
            differences.AddRemark(there, $"{unasked} It is invalid: a concurrent build failed or was interrupted.");
        }
        else
        {
            differences.AddProtecting(null, there, unasked);
        }
    }

    private void CompareObject(CatalogObject should, CatalogObject there)
    {
        switch (should.Kind)
        {
            case SchemaObjectKind.Column:
                columns.Compare(should, there);
                return;
            case SchemaObjectKind.Table:
                if (renames.IsStandIn(should))
                {
                    differences.Add(
                        DifferenceList.Phase(should), should, there, $"{Title(should)} is perhaps not the one of the scripts.", []);
                }

                tables.Compare(should, there);
                return;
            case SchemaObjectKind.Extension:
                return;
        }

        if (should.Definition == there.Definition)
        {
            return;
        }

        var title = Title(should);
        var suffix = there.Definition.StartsWith(should.Definition, StringComparison.Ordinal)
            ? there.Definition[should.Definition.Length..] : "";
        var (message, statements) = (should.Kind, suffix) switch
        {
            (SchemaObjectKind.Index, Invalid) =>
                ($"{title} is invalid: a concurrent build failed or was interrupted.", Repair.Replace(should, there)),
            (SchemaObjectKind.Constraint, Repair.NotValid) =>
                ($"{title} is not validated: older rows are unchecked.", [Repair.Validate(should)]),
            (SchemaObjectKind.Constraint, Disabled) =>
                ($"{title} is disabled: its triggers are off, and rows may violate it.", Repair.Replace(should, there)),
            (SchemaObjectKind.Trigger, Disabled) => ($"{title} is disabled.", Repair.EnableTrigger(should)),
            (SchemaObjectKind.Trigger, " REPLICA") => ($"{title} is defined differently.", Repair.EnableTrigger(should)),
            (SchemaObjectKind.Trigger, Repair.Always) =>
                ($"{title} fires always, and by the scripts not while session_replication_role is replica.",
                    Repair.EnableTrigger(should, fromAlways: true)),
            (SchemaObjectKind.Function, _) when Returns(should) == Returns(there) =>
                ($"{title} is defined differently. What only the found body refuses is refused no longer when it is replaced.",
                    [.. Repair.Create(should).Select(create => create with { LosesSecurity = true })]),
            _ => ($"{title} is defined differently.{Freed(should, there)}", Repair.Replace(should, there)),
        };
        differences.Add(DifferenceList.Phase(should), should, there, message, statements,
            statements.Length == 0 ? $"{title} has another definition than the scripts give it: compare the two and change it by hand."
            : WhyNotReplaced(there));
    }

    // The server does not drop a key that foreign keys refer to.
    private string? WhyNotReplaced(CatalogObject there) => there is { Kind: SchemaObjectKind.Constraint, HasIndex: true }
        && found.Objects.FirstOrDefault(o => o.Kind == SchemaObjectKind.Constraint && Repair.Referenced(o) == there.Table
            && o.Definition.Contains($" REFERENCES public.{there.Table}({there.KeyColumns})", StringComparison.Ordinal)) is { } key
        ? $"Constraint {key.Path} refers to it: drop that one, run check again, and the statements create both anew." : null;

    private static string Freed(CatalogObject should, CatalogObject there) => Repair.Freed(should, there) is { Count: > 0 } verbs
        ? $" {string.Join(" and ", verbs)} on {Repair.Referenced(should)} that it refuses now is refused no longer, " +
            "and changes or deletes " +
          $"rows of {should.Table}."
        : "";

    private static string Title(CatalogObject o) => $"{o.Kind} {o.Path}";

    private static string Word(SchemaObjectKind kind) => kind.ToString().ToLowerInvariant();

    private static string Returns(CatalogObject function) =>
        function.Definition.Split('\n').FirstOrDefault(l => l.StartsWith(" RETURNS ", StringComparison.Ordinal)) ?? "";
}
