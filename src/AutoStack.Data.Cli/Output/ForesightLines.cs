using AutoStack.Data.Migrations;
using Spectre.Console;

namespace AutoStack.Data.Cli.Output;

/// <summary>What would stop a run, and what a rehearsal costs, as text.</summary>
internal static class ForesightLines
{
    /// <summary>Prints each obstacle, and under it the mend.</summary>
    public static void Write(IAnsiConsole console, IReadOnlyList<Obstacle> obstacles)
    {
        foreach (var obstacle in obstacles)
        {
            console.WriteLine(
                $"{(obstacle.Script is null ? "The run" : obstacle.Script)} will fail: {obstacle.What}", new Style(Color.Yellow));
            console.WriteIndented(4, obstacle.Mend);
        }
    }

    /// <summary>Prints whom a rehearsal will stop, before it starts.</summary>
    public static void Announce(IAnsiConsole console, MigrationPlan plan, TimeSpan limit)
    {
        var until = limit == Timeout.InfiniteTimeSpan ? "Until then" : $"Until then, at most {limit.TotalSeconds:0} s,";
        var all = plan.RehearsalLocks.Where(table => table.StopsReaders).ToList();
        var writers = plan.RehearsalLocks.Where(table => table is { StopsReaders: false, StopsWriters: true }).ToList();
        console.WriteLine($"The rehearsal runs {Screen.Count(plan.Scripts.Count, "script")} in one transaction and rolls it back. " +
            (all.Count + writers.Count > 0 ? $"{until} it stops"
                : plan.Unforeseen.Count > 0 ? $"{until} it may stop readers and writers."
                : $"{until} it stops nobody, as far as the scripts show."),
            new Style(Color.Yellow));
        List("readers and writers of", all);
        List("writers of", writers);
        if (plan.Unforeseen.Count > 0)
        {
            console.WriteLine($"Code in {Names(plan.Unforeseen)} decides while it runs which tables it locks; they cannot be foreseen.");
        }

        if (plan.RehearsalLocks.Where(table => table.Rewrites).ToList() is { Count: > 0 } rewritten)
        {
            console.WriteLine("It writes many rows, whose dead copies take as much room again until a VACUUM:");
            List("", rewritten);
        }

        void List(string what, List<TableLock> tables)
        {
            if (tables.Count > 0)
            {
                console.WriteLine($"  {(what.Length == 0 ? "" : what.PadRight(23))}{string.Join(", ", tables.Select(Named))}");
            }
        }
    }

    /// <summary>Prints how long a rehearsal stopped readers and writers.</summary>
    public static void Write(IAnsiConsole console, IReadOnlyList<TableStop> stops)
    {
        const int Most = 5;
        foreach (var stop in stops.Take(Most))
        {
            console.WriteLine(stop.Readers > TimeSpan.Zero
                ? $"Readers of {stop.Table} were stopped for up to {Screen.Duration(stop.Readers)}, " +
                  $"writers for up to {Screen.Duration(stop.Writers)}."
                : $"Writers of {stop.Table} were stopped for up to {Screen.Duration(stop.Writers)}.");
        }

        if (stops.Count > Most)
        {
            console.WriteLine($"So were those of {stops.Count - Most} more tables, for less.");
        }
    }

    private static string Names(IReadOnlyList<string> scripts)
    {
        const int Most = 3;
        var shown = string.Join(", ", scripts.Take(Most));
        return scripts.Count > Most ? $"{shown} and {Screen.Count(scripts.Count - Most, "more script")}" : shown;
    }

    private static string Named(TableLock table) => table.Bytes is { } bytes ? $"{table.Table} ({Amount.Bytes(bytes)})" : table.Table;
}
