using System.Globalization;

namespace AutoStack.Data.Cli.Bench;

/// <summary>The columns of the table of points.</summary>
internal static class PoolTable
{
    /// <summary>The heading of each column, and its cell for a point.</summary>
    public static IReadOnlyList<(string Heading, Func<PoolPoint, string> Cell)> Columns { get; } =
    [
        ("pool", p => p.PoolSize.ToString(CultureInfo.InvariantCulture)),
        ("offered/s", p => p.Rate.ToString("0.##", CultureInfo.InvariantCulture)),
        ("done/s", p => p.Throughput.ToString("0.0", CultureInfo.InvariantCulture)),
        ("wait p50", p => Milliseconds(p.Wait.P50Ms)),
        ("p99", p => Milliseconds(p.Wait.P99Ms)),
        ("execution p50", p => Milliseconds(p.Execution.P50Ms)),
        ("p99", p => Milliseconds(p.Execution.P99Ms)),
        ("total p50", p => Milliseconds(p.Total.P50Ms)),
        ("p99", p => Milliseconds(p.Total.P99Ms)),
        ("varies", Variation),
        ("max", p => Milliseconds(p.MaxMs)),
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
