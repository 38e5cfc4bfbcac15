using System.Text.RegularExpressions;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>Compares columns: type, nullability, default.</summary>
internal sealed partial class ColumnComparison(Catalog expected, Catalog found, DifferenceList differences)
{
    // A check requires a value in these columns; databases that the Python services created have a NOT NULL instead.
    private static readonly Lazy<HashSet<string>> Filled = new(() =>
    [
        .. Catalog.Newest.RequiredColumns.Select(c => $"{c.Table}.{c.Column}"),
    ]);

    // The schema of the extension's functions: an operator may have created the extension outside public.
    private readonly string? extensionSchema = found.Objects
        .FirstOrDefault(o => o is { Kind: SchemaObjectKind.Extension, Name: "uuid-ossp" })
        ?.Definition["SCHEMA ".Length..];

    /// <summary>True when ids come from PostgreSQL's own function, so that the extension is not needed.</summary>
    public bool NeedsNoExtension =>
        found.Objects.Any(o => o.Kind == SchemaObjectKind.Column && o.Column().Default == BuiltIn)
        && !expected.Objects.Any(o => o.Kind == SchemaObjectKind.Column && IsExpectedId(o.Column().Default)
            && found.Find(o) is { } there && there.Column().Default is null);

    private const string BuiltIn = "gen_random_uuid()";

    /// <summary>The expected object with the extension's schema as the database has it.</summary>
    public CatalogObject Placed(CatalogObject o) => o.Kind == SchemaObjectKind.Column && extensionSchema is not null and not "public"
        ? o with { Definition = o.Definition.Replace("public.uuid_", extensionSchema + ".uuid_", StringComparison.Ordinal) }
        : o;

    /// <summary>Adds a difference when the columns differ.</summary>
    public void Compare(CatalogObject should, CatalogObject there)
    {
        var (wanted, actual) = (Placed(should).Column(), there.Column());
        if (IsExpectedId(should.Column().Default) && (actual.Default == BuiltIn || IsOfExtension(actual.Default)))
        {
            wanted = wanted with { Default = actual.Default };
        }

        if (actual.Required && Filled.Value.Contains(there.Path))
        {
            wanted = wanted with { Required = true };
        }

        if (actual.Required && !wanted.Required)
        {
            differences.Add(
                DifferenceList.Phase(should), should, there, $"Column {should.Path} refuses NULL.", [Repair.DropNotNull(there)]);
        }

        var parts = Parts(wanted, actual);
        if (parts.Count == 0)
        {
            return;
        }

        // The server refuses to change the type of a column that a trigger's condition uses.
        var triggers = actual.Type == wanted.Type ? [] : expected.Objects
            .Where(o => o.Kind == SchemaObjectKind.Trigger && o.Table == should.Table && found.Find(o)?.Definition == o.Definition
                && Regex.IsMatch(o.Definition, $@"\b{Regex.Escape(should.Name)}\b"))
            .ToList();
        var virtualColumn = actual.Generated?.EndsWith(" VIRTUAL", StringComparison.Ordinal) == true;
        differences.Add(
            DifferenceList.Phase(should),
            should,
            there,
            $"Column {should.Path} {string.Join(", ", parts)}.",
            [Repair.Without(triggers, Repair.AlterColumn(there, wanted, actual))],
            virtualColumn ? $"Column {should.Path} is generated when it is read and stores no value: drop and add it by hand."
                : actual.Type == wanted.Type ? null : WhyNotRetyped(should, actual.Type));
    }

    private static List<string> Parts(ColumnParts wanted, ColumnParts actual)
    {
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

        if (wanted.Required && !actual.Required)
        {
            parts.Add("allows NULL");
        }
        else if (wanted.Required && actual.Unchecked)
        {
            parts.Add("has a NOT NULL that is not validated: older rows are unchecked");
        }

        return parts;
    }

    // The server builds such an index or check anew and finds no operator for the expected type: an enum compared with its own value.
    private string? WhyNotRetyped(CatalogObject should, string type) =>
        type is "text" || type.StartsWith("character", StringComparison.Ordinal) ? null
        : found.Objects.FirstOrDefault(o => o.Table == should.Table && o.Kind is SchemaObjectKind.Index or SchemaObjectKind.Constraint
            && o.Definition.Contains("::" + type, StringComparison.Ordinal)
            && Regex.IsMatch(o.Definition, $@"\b{Regex.Escape(should.Name)}\b")) is { } user
            ? $"{user.Kind} {user.Path} compares column {should.Path} with a value of type {type}: drop it, run check again, and the " +
              "statements change the type and create it anew."
            : null;

    private static bool IsExpectedId(string? value) => value is not null && Generated().IsMatch(value);

    private bool IsOfExtension(string? value) => extensionSchema is not null && value == extensionSchema + ".uuid_generate_v4()";

    [GeneratedRegex(@"^public\.uuid_generate_v4\(\)$", RegexOptions.CultureInvariant)]
    private static partial Regex Generated();
}
