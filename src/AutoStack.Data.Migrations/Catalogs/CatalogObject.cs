using System.Text.RegularExpressions;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>One object of the schema <c>public</c> as the server's catalog describes it.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Table">The table that it belongs to, for a table itself; empty for extensions and functions.</param>
/// <param name="Name">Its name, as it is; of a function with the types of its arguments.</param>
/// <param name="Definition">
/// What the server says of it, without its name where the name is not part of that. A table's is empty unless something about it is unusual.
/// </param>
internal sealed partial record CatalogObject(SchemaObjectKind Kind, string Table, string Name, string Definition)
{
    /// <summary>How the definition of an index ends that a build left unusable.</summary>
    public const string Invalid = " INVALID";

    /// <summary>The name as SQL writes it; the server quotes the names that are found, those that are expected need no quotes.</summary>
    public string Sql { get; init; } = Name;

    /// <summary>What makes it the same object in two catalogs.</summary>
    public (SchemaObjectKind Kind, string Table, string Name) Key => (Kind, Table, Name);

    /// <summary>The name that people read: <c>users.email</c>.</summary>
    public string Path => Table.Length == 0 || Kind == SchemaObjectKind.Table ? Name : $"{Table}.{Name}";

    /// <summary>The table as SQL writes it; only for tables of ours.</summary>
    public string TableSql => "public." + Table;

    /// <summary>True when it refuses rows: more of them than expected is never harmless.</summary>
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

/// <summary>A column: its type with a collation of its own, whether it refuses NULL, its default or how it is generated.</summary>
internal sealed record ColumnParts(string Type, bool Required, string? Default, string? Generated);
