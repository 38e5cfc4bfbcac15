using AutoStack.Data.Cli.Lint;
using AutoStack.Data.Migrations;
using Spectre.Console;

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

    /// <summary>Says what a downgrade loses.</summary>
    public static void Announce(IAnsiConsole console, MigrationPlan plan)
    {
        var loss = Of(plan.Scripts);
        var way = $"Downgrade {plan.FromVersion} → {plan.ToVersion}";
        if (loss.IsNone)
        {
            console.WriteLine($"{way} drops no table and no column: no data is lost.");
            return;
        }

        console.WriteLine($"{way} loses all data in", new Style(Color.Yellow));
        List("tables", loss.Tables);
        List("columns", loss.Columns);

        void List(string what, IReadOnlyList<string> names)
        {
            if (names.Count > 0)
            {
                console.WriteLine($"  {what,-8} {string.Join(", ", names)}");
            }
        }
    }
}
