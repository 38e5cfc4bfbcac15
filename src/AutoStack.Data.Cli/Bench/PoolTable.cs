using System.Globalization;
using AutoStack.Data.Cli.Output;

namespace AutoStack.Data.Cli.Bench;

/// <summary>The columns of the table of points.</summary>
internal static class PoolTable
{
    /// <summary>The columns, and their cells for a point.</summary>
    public static IReadOnlyList<(Column Column, Func<PoolPoint, string> Cell)> Columns { get; } =
    [
        (new Column("pool", Right: true), p => p.PoolSize.ToString(CultureInfo.InvariantCulture)),
        (new Column("offered/s", Right: true), p => p.Rate.ToString("0.##", CultureInfo.InvariantCulture)),
        (new Column("done/s", Right: true), p => p.Throughput.ToString("0.0", CultureInfo.InvariantCulture)),
        (new Column("wait p50", Right: true, LeftOut: 3), p => Milliseconds(p.Wait.P50Ms)),
        (new Column("wait p99", Right: true, LeftOut: 3), p => Milliseconds(p.Wait.P99Ms)),
        (new Column("exec p50", Right: true, LeftOut: 4), p => Milliseconds(p.Execution.P50Ms)),
        (new Column("exec p99", Right: true, LeftOut: 4), p => Milliseconds(p.Execution.P99Ms)),
        (new Column("total p50", Right: true), p => Milliseconds(p.Total.P50Ms)),
        (new Column("total p99", Right: true), p => Milliseconds(p.Total.P99Ms)),
        (new Column("varies", Right: true, LeftOut: 1), Variation),
        (new Column("max", Right: true, LeftOut: 2), p => Milliseconds(p.MaxMs)),
    ];

    public static string Milliseconds(double? value) => value switch
    {
        null => "lost",
        < 10 => value.Value.ToString("0.00", CultureInfo.InvariantCulture),
        < 100 => value.Value.ToString("0.0", CultureInfo.InvariantCulture),
        _ => value.Value.ToString("0", CultureInfo.InvariantCulture),
    };

    /// <summary>Half the distance between the shortest and the longest p99 of the measurements, as a part of their median.</summary>
    private static string Variation(PoolPoint point)
    {
        if (point.Runs.Count < 2 || point.Runs.Any(run => run.Total.P99Ms is null))
        {
            return "";
        }

        var half = (point.Runs.Max(run => run.Total.P99Ms!.Value) - point.Runs.Min(run => run.Total.P99Ms!.Value)) / 2;
        return FormattableString.Invariant($"±{100 * half / point.Total.P99Ms:0}%");
    }

    /// <summary>The number of lost statements by reason; empty when none was lost.</summary>
    public static string Failed(PoolPoint point) => string.Join(", ", new[]
    {
        (Count: point.Timeouts, Noun: "timeout"),
        (Count: point.Errors.Values.Sum(), Noun: "error"),
    }.Where(part => part.Count > 0)
        .Select(part => Output.Screen.Count(part.Count, part.Noun))
        .Concat(point.Refused > 0 ? [$"{point.Refused} refused"] : []));
}
