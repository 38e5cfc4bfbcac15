using AutoStack.Data.Migrations.Internal;
using AutoStack.Data.Monitoring;
using Spectre.Console;

namespace AutoStack.Data.Cli.Output;

/// <summary>A look for people: one part in full, or every part in short.</summary>
internal static class StatsLines
{
    // Of a long list, in a look with every part.
    private const int Short = 10;
    private const int Long = 50;

    /// <summary>A watched look takes the place of the one before on a terminal, and follows it in a file.</summary>
    public static void Write(IAnsiConsole output, DatabaseStats stats, StatsChange? change, bool watched)
    {
        if (watched && output.Profile.Capabilities.Ansi)
        {
            output.Clear(home: true);
        }

        output.WriteLine(Heading(stats, change));
        foreach (var reset in change?.Resets ?? [])
        {
            output.WriteLine(Visible.Text(reset), new Style(Color.Yellow));
        }

        var parts = new object?[]
        {
            stats.Totals, stats.Tables, stats.Indexes, stats.Sessions, stats.Statements, stats.Replication, stats.Queue,
        };
        var most = parts.Count(part => part is not null) > 1 ? Short : Long;
        if (stats.Totals is { } totals)
        {
            Title("Database");
            TotalsLines.Write(output, totals, change, stats.At);
        }

        if (stats.Queue is { } queue)
        {
            Title("Queue");
            TotalsLines.Write(output, queue);
        }

        if (stats.Sessions is { } sessions)
        {
            Title("Sessions");
            SessionLines.Write(output, sessions, stats.PreparedTransactions ?? [], most);
        }

        if (stats.Statements is { } statements)
        {
            Title(change is null ? "Statements" : "Statements since then");
            TableLines.Write(output, statements, change, most);
        }

        if (stats.Tables is { } tables)
        {
            Title("Tables");
            TableLines.Write(output, tables, change, stats.At, most);
        }

        if (stats.Indexes is { } indexes)
        {
            Title("Indexes");
            TableLines.Write(output, indexes, stats.Tables, change, most);
        }

        if (stats.Replication is { } replication)
        {
            Title("Replication");
            TotalsLines.Write(output, replication, stats.At);
        }

        if (stats.NotVisible.Count > 0)
        {
            Title("Not visible");
            foreach (var missing in stats.NotVisible)
            {
                output.WriteLine($"{Visible.Text(missing.What)}: {Visible.Text(missing.Why)}", new Style(Color.Yellow));
            }
        }

        if (watched)
        {
            output.WriteLine();
        }

        void Title(string text)
        {
            output.WriteLine();
            output.WriteLine(text, new Style(decoration: Decoration.Bold));
        }
    }

    private static string Heading(DatabaseStats stats, StatsChange? change) => FormattableString.Invariant(
        $"{Visible.Text(stats.Server.DatabaseName)} on PostgreSQL {stats.Server.Version / 10_000}.{stats.Server.Version % 10_000}") +
        $"{(stats.Server.IsStandby ? ", a standby" : "")}, {stats.At:u}, up for {Amount.Ago(stats.Server.StartedAt, stats.At)}" +
        (change is null ? "" : $", compared with {Amount.Seconds(change.Seconds)} before");
}
