using System.Text.RegularExpressions;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>
/// Compares what should be with what is. Only tables of ours are looked at: whatever else an operator keeps in the database is left alone.
/// </summary>
internal sealed partial class CatalogComparison(Catalog expected, Catalog found)
{
    private const string Invalid = CatalogObject.Invalid;
    private const string Disabled = " DISABLED";

    // Columns are dropped when nothing rests on them any more; then comes what has no statement.
    private const int AfterAll = 9;
    private const int Last = 10;

    // A check says of these columns what a NOT NULL would: databases that the Python services made have the NOT NULL.
    private static readonly Lazy<HashSet<string>> Filled = new(() =>
    [
        .. Catalog.Newest.Objects.Where(o => o.Name.EndsWith("_required_check", StringComparison.Ordinal))
            .SelectMany(o => o.ColumnsNotNull().Select(column => $"{o.Table}.{column}")),
    ]);

    private readonly List<(int Phase, SchemaDifference Difference)> differences = [];

    // Where the functions of the extension are: an operator may have put it beside public.
    private readonly string? extensionSchema = found.Objects.FirstOrDefault(o => o is { Kind: SchemaObjectKind.Extension, Name: "uuid-ossp" })
        ?.Definition["SCHEMA ".Length..];

    // Views and foreign tables that have the name of a table.
    private readonly HashSet<string> replaced =
        [.. found.Objects.Where(o => o.Kind == SchemaObjectKind.Table && o.Definition.StartsWith("a ", StringComparison.Ordinal)).Select(o => o.Name)];

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
                Add(Last, there.Kind, null, there, $"Table {there.Name} is there, but no version that is applied makes it: something else did.", []);
            }
        }

        return [.. differences.OrderBy(d => d.Phase).Select(d => d.Difference)];
    }

    private void Missing(CatalogObject should)
    {
        var unnamed = should.Kind is SchemaObjectKind.Index or SchemaObjectKind.Constraint
            ? found.Objects.FirstOrDefault(o => expected.Find(o) is null && !takenOver.Contains(o) && Mending.TakeOver(should, o) is not null)
            : null;
        if (unnamed is not null)
        {
            takenOver.Add(unnamed);
            Add(Phase(should), should.Kind, should, unnamed,
                $"{Title(should)} is missing; {Word(unnamed.Kind)} {unnamed.Name} is the same under another name.", [Mending.TakeOver(should, unnamed)!]);
        }
        else if (should.Kind == SchemaObjectKind.Table)
        {
            var columns = expected.Objects.Where(o => o.Kind == SchemaObjectKind.Column && o.Table == should.Table).Select(Placed);
            Add(Phase(should), should.Kind, should, null, $"{Title(should)} is missing.", [Mending.CreateTable(should, columns)]);
        }
        else if (should.Kind != SchemaObjectKind.Extension || !found.Objects.Any(UsesBuiltIn) || expected.Objects.Any(LacksDefault))
        {
            var needsValue = should.Kind == SchemaObjectKind.Column && should.Column() is { Required: true, Default: null };
            Add(Phase(should), should.Kind, should, null,
                $"{Title(should)} is missing.{(needsValue ? " Rows that are there need a value for it." : "")}", Mending.Create(Placed(should)));
        }
    }

    // Since version 13 the server makes such numbers without the extension.
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
            Add(AfterAll, kind, null, there, $"{title} is not part of the schema. Dropping it loses what is in it.", [Mending.Drop(there)], losesData: true);
        }
        else if (kind == SchemaObjectKind.Index && !inTheWay && (later || !there.IsUniqueIndex))
        {
            var broken = there.Definition.EndsWith(Invalid, StringComparison.Ordinal) ? " It is invalid: a concurrent build failed or was cut off." : "";
            Add(Last, kind, null, there, (later ? $"{title} is there before the version that makes it." : $"{title} is beside the schema.") + broken, [], remark: true);
        }
        else
        {
            var needed = kind is SchemaObjectKind.Index || (kind is SchemaObjectKind.Constraint && !IsForeignKey(there));
            Add(needed ? 2 : 1, kind, null, there,
                later ? $"{title} is there before the version that makes it." : $"{title} is not part of the schema.", [Mending.Drop(there)]);
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
            (SchemaObjectKind.Table, _) => ($"{title} is {there.Definition}.", MendTable(there)),
            (SchemaObjectKind.Index, Invalid) => ($"{title} is invalid: a concurrent build failed or was cut off.", Replace()),
            (SchemaObjectKind.Constraint, Mending.NotValid) => ($"{title} is not validated: rows from before it are unchecked.", Mending.Validate(should)),
            (SchemaObjectKind.Constraint, Disabled) => ($"{title} is switched off: its triggers are disabled, and rows may break it.", Replace()),
            (SchemaObjectKind.Trigger, Disabled) => ($"{title} is disabled.", Mending.EnableTrigger(should)),
            (SchemaObjectKind.Function, _) when Returns(should) == Returns(there) => ($"{title} is defined differently.", Mending.Create(should)),
            _ => ($"{title} is defined differently.", Replace()),
        };
        Add(Phase(should), should.Kind, should, there, message, statements);

        string[] Replace() => [Mending.Drop(there), .. Mending.Create(should)];
    }

    private static string[] MendTable(CatalogObject there)
    {
        // A view or a foreign table in the place of a table is nobody's accident.
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

        var said = new List<string>();
        if (actual.Type != wanted.Type)
        {
            said.Add($"is {actual.Type} instead of {wanted.Type}");
        }

        if (actual.Generated is not null)
        {
            said.Add($"is {actual.Generated}");
        }
        else if (actual.Default != wanted.Default)
        {
            said.Add((actual.Default, wanted.Default) switch
            {
                (null, _) => $"lacks the default {wanted.Default}",
                (_, null) => $"has the default {actual.Default}",
                _ => $"has the default {actual.Default} instead of {wanted.Default}",
            });
        }

        if (actual.Required != wanted.Required)
        {
            said.Add(actual.Required ? "refuses NULL" : "allows NULL");
        }

        if (said.Count == 0)
        {
            return;
        }

        // The server changes no type under a trigger that looks at the column.
        var triggers = actual.Type == wanted.Type ? [] : expected.Objects
            .Where(o => o.Kind == SchemaObjectKind.Trigger && o.Table == should.Table && found.Find(o) is not null
                && Regex.IsMatch(o.Definition, $@"\b{Regex.Escape(should.Name)}\b"))
            .ToList();
        Add(Phase(should), should.Kind, should, there, $"{Title(should)} {string.Join(", ", said)}.",
        [
            .. triggers.Select(Mending.Drop),
            Mending.AlterColumn(there, wanted, actual),
            .. triggers.Where(t => found.Find(t)!.Definition == t.Definition).SelectMany(Mending.Create),
        ]);
    }

    private CatalogObject Placed(CatalogObject o) => o.Kind == SchemaObjectKind.Column && extensionSchema is not null and not "public"
        ? o with { Definition = o.Definition.Replace("public.uuid_", extensionSchema + ".uuid_", StringComparison.Ordinal) }
        : o;

    private void Add(
        int phase, SchemaObjectKind kind, CatalogObject? should, CatalogObject? there, string message, string[] statements, bool remark = false, bool losesData = false) =>
        differences.Add((phase, new SchemaDifference(kind, (should ?? there)!.Path, should?.Definition, there?.Definition, Visible.Text(message), [.. statements.Select(SqlCopy.Of)])
        {
            IsRemark = remark,
            LosesData = losesData,
        }));

    // Drops come at 1, of what keys of others rest on at 2. Keys come before the foreign keys that rest on them, what uses columns after those.
    private static int Phase(CatalogObject o) => o.Kind switch
    {
        SchemaObjectKind.Extension => 0,
        SchemaObjectKind.Table => 3,
        SchemaObjectKind.Column => 4,
        SchemaObjectKind.Function => 5,
        SchemaObjectKind.Constraint => IsForeignKey(o) ? 7 : 6,
        _ => 8,
    };

    private static bool IsForeignKey(CatalogObject o) => o.Kind == SchemaObjectKind.Constraint && o.Definition.StartsWith("FOREIGN KEY", StringComparison.Ordinal);

    private static string Title(CatalogObject o) => $"{o.Kind} {o.Path}";

    private static string Word(SchemaObjectKind kind) => kind.ToString().ToLowerInvariant();

    private static string Returns(CatalogObject function) => function.Definition.Split('\n').FirstOrDefault(l => l.StartsWith(" RETURNS ", StringComparison.Ordinal)) ?? "";

    [GeneratedRegex(@"^(""[^""]+""\.|\w+\.)?(uuid_generate_v4|gen_random_uuid)\(\)$", RegexOptions.CultureInvariant)]
    private static partial Regex UuidFunction();
}
