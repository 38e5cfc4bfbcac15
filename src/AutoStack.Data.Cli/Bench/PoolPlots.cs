using System.Globalization;
using AutoStack.Data.Cli.Plotting;

namespace AutoStack.Data.Cli.Bench;

/// <summary>Draws the report.</summary>
internal static class PoolPlots
{
    private const string Lost = "; points with a lost p99 are left out";
    private const string Offered = "statements offered per second";

    /// <summary>The SVG texts by file name.</summary>
    public static IReadOnlyDictionary<string, string> Of(PoolReport report)
    {
        var asked = report.Plan.P99.TotalMilliseconds;
        var each = report.Plan.Instances > 1 ? $"{report.Plan.Instances} instances together; " : "";
        var runs = $"{each}median of {report.Plan.Repeats} measurements, bars from the lowest to the highest";
        return new Dictionary<string, string>
        {
            ["throughput.svg"] = LineChart.Of("Throughput by pool size", runs, Offered, "statements done per second", logarithmic: false,
                ByPool(report, point => point.Throughput)),
            ["total-p99.svg"] = LineChart.Of("Total time of 99 of 100 statements, by pool size", runs + Lost, Offered,
                "milliseconds from the intended start", logarithmic: true, ByPool(report, point => point.Total.P99Ms),
                new Limit(FormattableString.Invariant($"asked for: {asked:0} ms"), asked)),
            ["wait-p99.svg"] = LineChart.Of("Wait of 99 of 100 statements for a connection, by load", runs + Lost, "Maximum Pool Size",
                "milliseconds", logarithmic: true, ByRate(report, point => point.Wait.P99Ms)),
        };
    }

    private static List<Line> ByPool(PoolReport report, Func<PoolPoint, double?> value) =>
    [
        .. report.Points.GroupBy(point => point.PoolSize).OrderBy(size => size.Key).Select(size => new Line(
            $"pool {size.Key}", [.. size.OrderBy(point => point.Rate).Select(point => Of(point, point.Rate, value))])),
    ];

    private static List<Line> ByRate(PoolReport report, Func<PoolPoint, double?> value) =>
    [
        .. report.Points.GroupBy(point => point.Rate).OrderBy(rate => rate.Key).Select(rate => new Line(
            rate.Key.ToString("0.##", CultureInfo.InvariantCulture) + "/s",
            [.. rate.OrderBy(point => point.PoolSize).Select(point => Of(point, point.PoolSize, value))])),
    ];

    private static Spread Of(PoolPoint point, double x, Func<PoolPoint, double?> value)
    {
        var runs = point.Runs.Select(value).ToList();
        return new Spread(x, runs.Contains(null) ? null : runs.Min(), value(point), runs.Contains(null) ? null : runs.Max());
    }
}
