using System.CommandLine;
using AutoStack.Data.Cli.Lint;
using AutoStack.Data.Cli.Output;
using AutoStack.Data.Migrations;
using AutoStack.Data.Migrations.Internal;
using Spectre.Console;

namespace AutoStack.Data.Cli.Commands;

/// <summary>The tables and columns that down scripts drop, and the tables whose rows they delete, according to their text.</summary>
internal sealed record DataLoss(IReadOnlyList<string> Tables, IReadOnlyList<string> Columns, IReadOnlyList<string> Rows)
{
    public bool IsNone => Tables.Count == 0 && Columns.Count == 0 && Rows.Count == 0;

    public static DataLoss Of(IEnumerable<MigrationScript> plan)
    {
        var statements = plan.SelectMany(script => script.Down.Statements).ToList();
        var dropped = statements.SelectMany(SchemaObject.Dropped).ToLookup(o => o.Kind);
        var tables = new SortedSet<string>(dropped["TABLE"].Select(o => o.Name), StringComparer.Ordinal);
        var columns = new SortedSet<(string Table, string Column)>(dropped["COLUMN"].Select(o => (o.Table!, o.Name)));

        var emptied = new SortedSet<string>(statements.SelectMany(Emptied), StringComparer.Ordinal);

        // The columns and rows of a dropped table are not listed again.
        return new DataLoss(
            [.. tables],
            [.. columns.Where(c => !tables.Contains(c.Table)).Select(c => $"{c.Table}.{c.Column}")],
            [.. emptied.Where(t => !tables.Contains(t))]);
    }

    // A DELETE may also be part of a WITH.
    private static IEnumerable<string> Emptied(SqlStatement statement)
    {
        var cursor = statement.Read();
        if (cursor.Take("TRUNCATE"))
        {
            cursor.Take("TABLE");
            foreach (var item in cursor.Items())
            {
                item.Take("ONLY");
                if (item.TakeName() is { } table)
                {
                    yield return table;
                }
            }
        }

        for (; !cursor.AtEnd; cursor.Skip())
        {
            if (cursor.Take("DELETE FROM") && (cursor.Take("ONLY") || true) && cursor.TakeName() is { } table)
            {
                yield return table;
            }
        }
    }

    /// <summary>Prints what a downgrade of a database loses, and how many rows and values that are.</summary>
    public static async Task AnnounceAsync(Session session, ParseResult parsed, MigrationPlan plan, CancellationToken cancellationToken)
    {
        Announce(session.Error, plan);
        var loss = Of(plan.Scripts);
        if (loss.IsNone || session.Connection(parsed) is not { } connection)
        {
            return;
        }

        var server = new MigrationServer(connection, session.ShowsValues, session.AskPassword);
        var open = await server.ConnectReadOnlyAsync(TimeSpan.Zero, session.Progress, cancellationToken).ConfigureAwait(false);
        await using var closing = open.ConfigureAwait(false);
        var (rows, values) = await RowCounts.ReadAsync(
            open,
            [.. loss.Tables, .. loss.Rows],
            loss.Columns.Select(column => column.Split('.', 2)).Select(parts => (parts[0], parts[1])),
            cancellationToken).ConfigureAwait(false);
        var held = rows.Select(count => (count, "row")).Concat(values.Select(count => (count, "value")))
            .Where(one => one.count.Number is not 0).ToList();
        foreach (var (count, noun) in held)
        {
            session.Error.WriteLine($"  {count.Name}: {count.Describe(noun)}");
        }

        var empty = rows.Count + values.Count - held.Count;
        if (empty > 0)
        {
            session.Error.WriteLine(held.Count == 0 ? "  All of them are empty." : "  The others are empty.");
        }
    }

    /// <summary>Prints what a downgrade loses.</summary>
    public static void Announce(IAnsiConsole console, MigrationPlan plan)
    {
        var loss = Of(plan.Scripts);
        var way = $"Downgrade {SetLines.Ways([plan.Sets[0]])}";
        if (loss.IsNone)
        {
            console.WriteLine($"{way} loses no data: no table or column is dropped and no row is deleted.");
            return;
        }

        console.WriteLine(
            $"{way} loses {(loss.Tables.Count + loss.Columns.Count > 0 ? "all data in" : "data")}", new Style(Color.Yellow));
        List("tables", loss.Tables);
        List("columns", loss.Columns);
        List("rows of", loss.Rows);

        void List(string what, IReadOnlyList<string> names)
        {
            if (names.Count > 0)
            {
                console.WriteLine($"  {what,-8} {string.Join(", ", names)}");
            }
        }
    }
}
