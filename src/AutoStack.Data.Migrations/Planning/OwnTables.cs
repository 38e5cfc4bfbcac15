using System.Text.RegularExpressions;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>
/// Tells AutoStack's tables from those of other programs that have the same names: many programs have users, sessions and deployments.
/// </summary>
internal static partial class OwnTables
{
    // The table with the most columns that no other program has: where it exists, it decides for the others.
    private const string Deciding = "deployments";

    private static readonly Lazy<Dictionary<string, HashSet<(string Column, string Type)>>> KnownColumns = new(() =>
    {
        var documented = Catalog.Expected(MigrationPlanner.DocumentedVersion);
        return Names.ToDictionary(
            name => name,
            name => ColumnsOf(documented.HasTable(name) ? documented : Catalog.Newest)
                .Where(column => column.Table == name).Select(column => (column.Name, column.Type)).ToHashSet(),
            StringComparer.Ordinal);
    });

    /// <summary>A column of a table.</summary>
    internal sealed record Column(string Table, string Name, string Type);

    /// <summary>The names of all of AutoStack's tables.</summary>
    public static IEnumerable<string> Names =>
        Catalog.Newest.Objects.Where(o => o.Kind == SchemaObjectKind.Table).Select(o => o.Name);

    /// <summary>The tables of a schema that are AutoStack's; empty when all are those of other programs.</summary>
    public static IReadOnlyList<string> Of(IEnumerable<Column> columns)
    {
        var own = columns.GroupBy(column => column.Table)
            .ToDictionary(table => table.Key, table => KnownColumns.Value.ContainsKey(table.Key) && IsOwn(table.Key, table));
        return own.TryGetValue(Deciding, out var decides) && !decides ? []
            : [.. own.Where(table => table.Value).Select(table => table.Key)];
    }

    /// <inheritdoc cref="Of(IEnumerable{Column})"/>
    public static IReadOnlyList<string> Of(Catalog found) => Of(ColumnsOf(found));

    /// <summary>How many of AutoStack's columns a table has, by name and type, and how many there are.</summary>
    public static (int There, int All) Count(string table, IEnumerable<Column> columns)
    {
        var known = KnownColumns.Value[table];
        return (columns.Count(column => known.Contains((column.Name, Plain(column.Type)))), known.Count);
    }

    // A database of another age lacks some columns, or has another type for some.
    private static bool IsOwn(string table, IEnumerable<Column> columns) => Count(table, columns) is var (there, all) && 2 * there > all;

    private static IEnumerable<Column> ColumnsOf(Catalog catalog) => catalog.Objects
        .Where(o => o.Kind == SchemaObjectKind.Column).Select(o => new Column(o.Table, o.Name, Plain(o.Column().Type)));

    private static string Plain(string type) => Modifier().Replace(type, "");

    [GeneratedRegex(@"\([\d, ]+\)| COLLATE .*", RegexOptions.CultureInvariant)]
    private static partial Regex Modifier();
}
