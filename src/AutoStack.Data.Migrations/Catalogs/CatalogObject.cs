using System.Text.RegularExpressions;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>One object of the schema <c>public</c> as the server's catalog describes it.</summary>
/// <param name="Kind">The kind of object.</param>
/// <param name="Table">The table that the object belongs to, or its own name for a table; empty for extensions and functions.</param>
/// <param name="Name">The name, unquoted; that of a function includes the types of its arguments.</param>
/// <param name="Definition">
/// The server's definition. Empty for an ordinary table; otherwise it lists what is unusual about the table.
/// </param>
internal sealed partial record CatalogObject(SchemaObjectKind Kind, string Table, string Name, string Definition)
{
    /// <summary>The end of the definition of an index that a failed build left unusable.</summary>
    public const string Invalid = " INVALID";

    /// <summary>The name in SQL; the server quotes found names, expected names need no quotes.</summary>
    public string Sql { get; init; } = Name;

    /// <summary>The owner of a found table or function; null for other objects and for expected ones.</summary>
    public string? Owner { get; init; }

    /// <summary>The number of a found column in its table, which a dropped column keeps; 0 for other objects.</summary>
    public int Place { get; init; }

    /// <summary>Identifies the object in two catalogs.</summary>
    public (SchemaObjectKind Kind, string Table, string Name) Key => (Kind, Table, Name);

    /// <summary>The name for people: <c>users.email</c>.</summary>
    public string Path => Table.Length == 0 || Kind == SchemaObjectKind.Table ? Name : $"{Table}.{Name}";

    /// <summary>The table's name in SQL; only for AutoStack's tables.</summary>
    public string TableSql => "public." + Table;

    /// <summary>True for a unique index: it can refuse rows, so an extra one is never harmless.</summary>
    public bool IsUniqueIndex => Kind == SchemaObjectKind.Index && Definition.StartsWith("CREATE UNIQUE ", StringComparison.Ordinal);

    /// <summary>True for an index, and for a constraint that has one of its name.</summary>
    public bool HasIndex => Kind == SchemaObjectKind.Index || (Kind == SchemaObjectKind.Constraint
        && (Definition.StartsWith("PRIMARY KEY", StringComparison.Ordinal) || Definition.StartsWith("UNIQUE", StringComparison.Ordinal)
            || Definition.StartsWith("EXCLUDE", StringComparison.Ordinal)));

    /// <summary>The columns of a key; empty for other objects.</summary>
    public string KeyColumns => KeyForm().Match(Definition).Groups["columns"].Value;

    /// <summary>The parts of a column's definition.</summary>
    public ColumnParts Column()
    {
        var match = ColumnDefinition().Match(Definition);
        return new ColumnParts(
            match.Groups["type"].Value,
            match.Groups["required"].Success,
            match.Groups["unchecked"].Success,
            match.Groups["default"] is { Success: true, Value: var value } ? value : null,
            match.Groups["generated"] is { Success: true, Value: var generated } ? generated : null);
    }

    /// <summary>The columns that a check requires to be NOT NULL.</summary>
    public IEnumerable<string> ColumnsNotNull() => IsNotNull().Matches(Definition).Select(m => m.Groups["column"].Value);

    [GeneratedRegex(@"^(PRIMARY KEY|UNIQUE) \((?<columns>[^()]*)\)", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant)]
    private static partial Regex KeyForm();

    [GeneratedRegex(@"(?<column>\w+)""? IS NOT NULL", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant)]
    private static partial Regex IsNotNull();

    [GeneratedRegex(
        "^(?<type>.*?)((?<required> NOT NULL)(?<unchecked> NOT VALID)?)?( DEFAULT (?<default>.*)| (?<generated>GENERATED .*))?$",
        RegexOptions.Singleline | RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant)]
    private static partial Regex ColumnDefinition();
}

/// <summary>A column: its type with any explicit collation, whether it is NOT NULL, its default, or how it is generated.</summary>
/// <param name="Type">The type.</param>
/// <param name="Required">True for NOT NULL.</param>
/// <param name="Unchecked">True when the NOT NULL is NOT VALID, as PostgreSQL 18 allows: older rows may lack a value.</param>
/// <param name="Default">The default; null for none.</param>
/// <param name="Generated">How the column is generated; null when it is not.</param>
internal sealed record ColumnParts(string Type, bool Required, bool Unchecked, string? Default, string? Generated);
