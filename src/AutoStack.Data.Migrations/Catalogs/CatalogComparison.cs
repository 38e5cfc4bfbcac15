using System.Text.RegularExpressions;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>
/// Compares the expected catalog with the one found. Only AutoStack's tables are compared; an operator's other objects are ignored.
/// </summary>
internal sealed partial class CatalogComparison(Catalog expected, Catalog found)
{
    private const string Invalid = CatalogObject.Invalid;
    private const string Disabled = " DISABLED";

    // Columns are dropped after the objects that depend on them; differences without a statement come last.
    private const int AfterAll = 9;
    private const int Last = 10;

    // A check requires a value in these columns; databases that the Python services created have a NOT NULL instead.
    private static readonly Lazy<HashSet<string>> Filled = new(() =>
    [
        .. Catalog.Newest.RequiredColumns.Select(c => $"{c.Table}.{c.Column}"),
    ]);

    private readonly List<(int Phase, SchemaDifference Difference)> differences = [];

    // The schema of the extension's functions: an operator may have created the extension outside public.
    private readonly string? extensionSchema = found.Objects
        .FirstOrDefault(o => o is { Kind: SchemaObjectKind.Extension, Name: "uuid-ossp" })
        ?.Definition["SCHEMA ".Length..];

    // Views and foreign tables with the name of an expected table.
    private readonly HashSet<string> replaced =
        [.. found.Objects.Where(o => o.Kind == SchemaObjectKind.Table && o.Definition.StartsWith("a ", StringComparison.Ordinal))
            .Select(o => o.Name)];

    private readonly HashSet<CatalogObject> takenOver = [];

    public IReadOnlyList<SchemaDifference> Run()
    {
        foreach (var should in expected.Objects)
        {
            if (found.Find(should) is { } there)
            {
                CompareObject(should, there);
            }
            else if (!replaced.Contains(should.Table) && (should.Kind != SchemaObjectKind.Column || found.HasTable(should.Table)))
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
                Add(Last, there.Kind, null, there, $"Table {there.Name} exists, but no applied version creates it.", []);
            }
        }

        return [.. differences.OrderBy(d => d.Phase).Select(d => d.Difference)];
    }

    private void Missing(CatalogObject should)
    {
        var unnamed = should.Kind is SchemaObjectKind.Index or SchemaObjectKind.Constraint
            ? found.Objects.FirstOrDefault(
                o => expected.Find(o) is null && !takenOver.Contains(o) && Repair.TakeOver(should, o) is not null)
            : null;
        if (unnamed is not null)
        {
            takenOver.Add(unnamed);
            Add(Phase(should), should.Kind, should, unnamed,
                $"{Title(should)} is missing; {Word(unnamed.Kind)} {unnamed.Name} is the same under another name.",
                [Repair.TakeOver(should, unnamed)!]);
        }
        else if (should.Kind == SchemaObjectKind.Table)
        {
            var columns = expected.Objects.Where(o => o.Kind == SchemaObjectKind.Column && o.Table == should.Table).Select(Placed);
            Add(Phase(should), should.Kind, should, null, $"{Title(should)} is missing.", [Repair.CreateTable(should, columns)]);
        }
        else if (should.Kind != SchemaObjectKind.Extension || !found.Objects.Any(UsesBuiltIn) || expected.Objects.Any(LacksDefault))
        {
            var needsValue = should.Kind == SchemaObjectKind.Column && should.Column() is { Required: true, Default: null };
            Add(Phase(should), should.Kind, should, null,
                $"{Title(should)} is missing.{(needsValue ? " Existing rows need a value." : "")}", Repair.Create(Placed(should)));
        }
    }

    // PostgreSQL 13 and later generate such ids without the extension.
    private static bool UsesBuiltIn(CatalogObject o) => o.Kind == SchemaObjectKind.Column && o.Column().Default == "gen_random_uuid()";

    private bool LacksDefault(CatalogObject o) =>
        o.Kind == SchemaObjectKind.Column && UuidFunction().IsMatch(o.Column().Default ?? "") && found.Find(o)?.Column().Default is null;

    private void Extra(CatalogObject there)
    {
        var (kind, title) = (there.Kind, Title(there));
        var later = Catalog.Newest.Find(there) is not null;
        var inTheWay = expected.Objects.Any(o => o.Name == there.Name && o.Kind is SchemaObjectKind.Index or SchemaObjectKind.Constraint);
        if (kind == SchemaObjectKind.Column)
        {
            Add(AfterAll, kind, null, there, $"{title} is not part of the schema. Dropping it loses its data.", [Repair.Drop(there)],
                losesData: true);
        }
        else if (kind == SchemaObjectKind.Index && !inTheWay && (later || !there.IsUniqueIndex))
        {
            var broken = there.Definition.EndsWith(Invalid, StringComparison.Ordinal)
                ? " It is invalid: a concurrent build failed or was interrupted." : "";
            Add(Last, kind, null, there,
                (later ? $"{title} exists before the version that creates it." : $"{title} is an extra index, which is allowed.") + broken,
                [], remark: true);
        }
        else
        {
            var needed = kind is SchemaObjectKind.Index || (kind is SchemaObjectKind.Constraint && !IsForeignKey(there));
            Add(needed ? 2 : 1, kind, null, there,
                later ? $"{title} exists before the version that creates it." : $"{title} is not part of the schema.",
                [Repair.Drop(there)]);
        }
    }

    private void CompareObject(CatalogObject should, CatalogObject there)
    {
        if (should.Kind == SchemaObjectKind.Column)
        {
            CompareColumn(should, there);
            return;
        }

        if (should.Definition == there.Definition || should.Kind == SchemaObjectKind.Extension)
        {
            return;
        }

        var title = Title(should);
        var (message, statements) = (should.Kind, there.Definition[Math.Min(should.Definition.Length, there.Definition.Length)..]) switch
        {
            (SchemaObjectKind.Table, _) => ($"{title} is {there.Definition}.", RepairTable(there)),
            (SchemaObjectKind.Index, Invalid) => ($"{title} is invalid: a concurrent build failed or was interrupted.", Replace()),
            (SchemaObjectKind.Constraint, Repair.NotValid) =>
                ($"{title} is not validated: older rows are unchecked.", Repair.Validate(should)),
            (SchemaObjectKind.Constraint, Disabled) => ($"{title} is disabled: its triggers are off, and rows may violate it.", Replace()),
            (SchemaObjectKind.Trigger, Disabled) => ($"{title} is disabled.", Repair.EnableTrigger(should)),
            (SchemaObjectKind.Function, _) when Returns(should) == Returns(there) =>
                ($"{title} is defined differently.", Repair.Create(should)),
            _ => ($"{title} is defined differently.", Replace()),
        };
        Add(Phase(should), should.Kind, should, there, message, statements);

        string[] Replace() => [Repair.Drop(there), .. Repair.Create(should)];
    }

    private static string[] RepairTable(CatalogObject there)
    {
        // A view or a foreign table in place of a table was created on purpose: no statement replaces it.
        var parts = there.Definition.Split(", ");
        return parts.Any(p => p is not ("unlogged" or "under row level security")) ? [] :
        [
            .. parts.Select(p => $"ALTER TABLE {there.TableSql} {(p == "unlogged" ? "SET LOGGED" : "DISABLE ROW LEVEL SECURITY")}"),
        ];
    }

    private void CompareColumn(CatalogObject should, CatalogObject there)
    {
        var (wanted, actual) = (Placed(should).Column(), there.Column());
        if (UuidFunction().IsMatch(wanted.Default ?? "") && UuidFunction().IsMatch(actual.Default ?? ""))
        {
            wanted = wanted with { Default = actual.Default };
        }

        if (actual.Required && Filled.Value.Contains(there.Path))
        {
            wanted = wanted with { Required = true };
        }

        var parts = new List<string>();
        if (actual.Type != wanted.Type)
        {
            parts.Add($"is {actual.Type} instead of {wanted.Type}");
        }

        if (actual.Generated is not null)
        {
            parts.Add($"is {actual.Generated}");
        }
        else if (actual.Default != wanted.Default)
        {
            parts.Add((actual.Default, wanted.Default) switch
            {
                (null, _) => $"lacks the default {wanted.Default}",
                (_, null) => $"has the default {actual.Default}",
                _ => $"has the default {actual.Default} instead of {wanted.Default}",
            });
        }

        if (actual.Required != wanted.Required)
        {
            parts.Add(actual.Required ? "refuses NULL" : "allows NULL");
        }

        if (parts.Count == 0)
        {
            return;
        }

        // The server refuses to change the type of a column that a trigger's condition uses.
        var triggers = actual.Type == wanted.Type ? [] : expected.Objects
            .Where(o => o.Kind == SchemaObjectKind.Trigger && o.Table == should.Table && found.Find(o) is not null
                && Regex.IsMatch(o.Definition, $@"\b{Regex.Escape(should.Name)}\b"))
            .ToList();
        Add(Phase(should), should.Kind, should, there, $"{Title(should)} {string.Join(", ", parts)}.",
        [
            .. triggers.Select(Repair.Drop),
            Repair.AlterColumn(there, wanted, actual),
            .. triggers.Where(t => found.Find(t)!.Definition == t.Definition).SelectMany(Repair.Create),
        ]);
    }

    private CatalogObject Placed(CatalogObject o) => o.Kind == SchemaObjectKind.Column && extensionSchema is not null and not "public"
        ? o with { Definition = o.Definition.Replace("public.uuid_", extensionSchema + ".uuid_", StringComparison.Ordinal) }
        : o;

    private void Add(
        int phase,
        SchemaObjectKind kind,
        CatalogObject? should,
        CatalogObject? there,
        string message,
        string[] statements,
        bool remark = false,
        bool losesData = false)
    {
        var difference = new SchemaDifference(
            kind,
            (should ?? there)!.Path,
            should?.Definition,
            there?.Definition,
            Visible.Text(message),
            [.. statements.Select(SqlCopy.Of)])
        {
            IsRemark = remark,
            LosesData = losesData,
        };
        differences.Add((phase, difference));
    }

    // Drops come at 1, those of keys that foreign keys depend on at 2. Keys come before foreign keys, then objects that use columns.
    private static int Phase(CatalogObject o) => o.Kind switch
    {
        SchemaObjectKind.Extension => 0,
        SchemaObjectKind.Table => 3,
        SchemaObjectKind.Column => 4,
        SchemaObjectKind.Function => 5,
        SchemaObjectKind.Constraint => IsForeignKey(o) ? 7 : 6,
        _ => 8,
    };

    private static bool IsForeignKey(CatalogObject o) =>
        o.Kind == SchemaObjectKind.Constraint && o.Definition.StartsWith("FOREIGN KEY", StringComparison.Ordinal);

    private static string Title(CatalogObject o) => $"{o.Kind} {o.Path}";

    private static string Word(SchemaObjectKind kind) => kind.ToString().ToLowerInvariant();

    private static string Returns(CatalogObject function) =>
        function.Definition.Split('\n').FirstOrDefault(l => l.StartsWith(" RETURNS ", StringComparison.Ordinal)) ?? "";

    [GeneratedRegex(@"^(""[^""]+""\.|\w+\.)?(uuid_generate_v4|gen_random_uuid)\(\)$", RegexOptions.CultureInvariant)]
    private static partial Regex UuidFunction();
}
