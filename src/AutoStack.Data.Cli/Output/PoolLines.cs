using System.Globalization;
using AutoStack.Data.Cli.Bench;
using Spectre.Console;

namespace AutoStack.Data.Cli.Output;

/// <summary>The result of <c>bench pool</c> as text.</summary>
internal static class PoolLines
{
    public static void Write(IAnsiConsole output, PoolReport report)
    {
        var grid = new Grid([.. PoolTable.Columns.Select(column => column.Column), new Column("failed")]);
        foreach (var point in report.Points)
        {
            Color? colour = point.Meets(report.Plan.P99) ? null : Color.Yellow;
            grid.Add([.. PoolTable.Columns.Select(column => column.Cell(point)).Append(PoolTable.Failed(point))
                .Select(cell => new Cell(cell, colour))]);
        }

        grid.Write(output);
        output.WriteLine(FormattableString.Invariant(
            $"Milliseconds; medians of {report.Plan.Repeats} measurements. Load: {report.Plan.Mix}; PostgreSQL {report.Server.Version}."));
        if (report.Plan.Instances > 1)
        {
            output.WriteLine($"Statements are those of {report.Plan.Instances} instances together; a pool is that of one instance.");
        }

        output.WriteLine();
        Recommend(output, report);
        foreach (var warning in report.Warnings)
        {
            output.WriteLine(warning, new Style(Color.Yellow));
        }

        foreach (var file in report.Files)
        {
            output.WriteUnwrapped(file);
        }
    }

    private static void Recommend(IAnsiConsole output, PoolReport report)
    {
        var best = report.Recommendation.Best;
        var asked = FormattableString.Invariant($"{report.Plan.P99.TotalMilliseconds:0} ms");
        if (report.ConnectionString is not { } connectionString)
        {
            output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"No pool size kept its p99 within {asked}. Closest: {best.PoolSize} at {best.Rate:0.##} per second, " +
                $"with a p99 of {PoolTable.Milliseconds(best.Total.P99Ms)} ms."), new Style(Color.Red));
            return;
        }

        var each = report.Plan.Instances == 1 ? "" : $" in each of {report.Plan.Instances} instances";
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"Maximum Pool Size={best.PoolSize}{each}: the smallest pool with {best.Throughput:0} of at most " +
            $"{report.Recommendation.BestThroughput:0} statements per second and a p99 of " +
            $"{PoolTable.Milliseconds(best.Total.P99Ms)} ms, within the {asked} asked for."),
            new Style(Color.Green));
        output.WriteLine(Sure(report.Recommendation));
        if (report.Plan.Instances > 1)
        {
            output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"One instance has {best.Rate / report.Plan.Instances:0.#} of the {best.Rate:0.##} statements per second; all need " +
                $"{report.ConnectionsNeeded} connections, with one each that listens."));
        }

        output.WriteUnwrapped((report.OwnServer ? "Add to the connection string: " : "") + connectionString);
        if (report.PasswordLeftOut)
        {
            output.WriteLine("The password is left out.");
        }
    }

    private static string Sure(Recommendation chosen) => "How sure: " + (
        chosen.Largest is not { } largest ? $"another run may recommend {chosen.Smallest} or any larger pool."
        : chosen.Smallest == largest ? "another run would recommend the same."
        : $"another run may recommend {chosen.Smallest} to {largest}.");
}
