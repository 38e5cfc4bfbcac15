using AutoStack.Data.Cli.Lint;
using AutoStack.Data.Migrations;

namespace AutoStack.Data.Cli.Commands;

/// <summary>The tables and columns that down scripts drop, as their text says it.</summary>
internal sealed record DataLoss(IReadOnlyList<string> Tables, IReadOnlyList<string> Columns)
{
    public bool IsNone => Tables.Count == 0 && Columns.Count == 0;

    public static DataLoss Of(IEnumerable<MigrationScript> plan)
    {
        var dropped = plan.SelectMany(script => script.Down.Statements).SelectMany(SchemaObject.Dropped).ToLookup(o => o.Kind);
        var tables = new SortedSet<string>(dropped["TABLE"].Select(o => o.Name), StringComparer.Ordinal);
        var columns = new SortedSet<(string Table, string Column)>(dropped["COLUMN"].Select(o => (o.Table!, o.Name)));

        // A column goes with its table: naming both would be noise.
        return new DataLoss([.. tables], [.. columns.Where(c => !tables.Contains(c.Table)).Select(c => $"{c.Table}.{c.Column}")]);
    }
}
