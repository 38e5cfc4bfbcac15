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

    /// <summary>Identifies the object in two catalogs.</summary>
    public (SchemaObjectKind Kind, string Table, string Name) Key => (Kind, Table, Name);

    /// <summary>The name for people: <c>users.email</c>.</summary>
    public string Path => Table.Length == 0 || Kind == SchemaObjectKind.Table ? Name : $"{Table}.{Name}";

    /// <summary>The table's name in SQL; only for AutoStack's tables.</summary>
    public string TableSql => "public." + Table;

    /// <summary>True for a unique index: it can refuse rows, so an extra one is never harmless.</summary>
    public bool IsUniqueIndex => Kind == SchemaObjectKind.Index && Definition.StartsWith("CREATE UNIQUE ", StringComparison.Ordinal);

    /// <summary>The parts of a column's definition.</summary>
    public ColumnParts Column()
    {
        var match = ColumnDefinition().Match(Definition);
        return new ColumnParts(
            match.Groups["type"].Value,
            match.Groups["required"].Success,
            match.Groups["default"] is { Success: true, Value: var value } ? value : null,
            match.Groups["generated"] is { Success: true, Value: var generated } ? generated : null);
    }

    /// <summary>The columns that a check requires to be NOT NULL.</summary>
    public IEnumerable<string> ColumnsNotNull() => IsNotNull().Matches(Definition).Select(m => m.Groups["column"].Value);

    [GeneratedRegex(@"(?<column>\w+)""? IS NOT NULL", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant)]
    private static partial Regex IsNotNull();

    [GeneratedRegex("^(?<type>.*?)(?<required> NOT NULL)?( DEFAULT (?<default>.*)| (?<generated>GENERATED .*))?$",
        RegexOptions.Singleline | RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant)]
    private static partial Regex ColumnDefinition();
}

/// <summary>A column: its type with any explicit collation, whether it is NOT NULL, its default, or how it is generated.</summary>
internal sealed record ColumnParts(string Type, bool Required, string? Default, string? Generated);
