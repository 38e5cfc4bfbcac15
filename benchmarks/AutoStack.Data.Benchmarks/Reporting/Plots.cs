using System.Globalization;
using System.Text.RegularExpressions;
using AutoStack.Data.Benchmarks.Running;
using AutoStack.Data.Cli.Plotting;

namespace AutoStack.Data.Benchmarks.Reporting;

/// <summary>Bars per case and subject, as multiples of the baseline.</summary>
internal static partial class Plots
{
    // Some ratios are above 200; on an axis that shows them whole, the differences around 1 would be thinner than a pixel.
    private const double End = 5;

    public static async Task WriteAsync(string folder, IReadOnlyList<Comparison> comparisons)
    {
        await File.WriteAllTextAsync(Path.Combine(folder, "time.svg"), Of("Time", comparisons, c => c.TimeRatio));
        await File.WriteAllTextAsync(Path.Combine(folder, "bytes.svg"), Of("Bytes allocated", comparisons, c => c.BytesRatio));
    }

    /// <summary>The comparisons in a table that a run has written.</summary>
    public static IReadOnlyList<Comparison> Read(string csv) =>
    [
        .. File.ReadLines(csv).Skip(1).Select(line => Row().Match(line)).Select(row => new Comparison(
            new Measurement(
                row.Groups["case"].Value,
                row.Groups["subject"].Value,
                IsBaseline: row.Groups["subject"].Value == Subjects.Npgsql,
                Number(row, "ns"),
                Number(row, "bytes")),
            Number(row, "time"),
            Number(row, "allocated"))),
    ];

    private static string Of(string quantity, IReadOnlyList<Comparison> comparisons, Func<Comparison, double> ratio)
    {
        var baseline = comparisons.FirstOrDefault(c => c.Measurement.IsBaseline)?.Measurement.Subject ?? "the baseline";
        return BarChart.Of(
            $"{quantity} as a multiple of {baseline}",
            [.. comparisons.Where(c => !c.Measurement.IsBaseline)
                .Select(c => new Bar(c.Measurement.Case, c.Measurement.Subject, ratio(c)))],
            baseline,
            End);
    }

    private static double Number(Match row, string column) => double.Parse(row.Groups[column].Value, CultureInfo.InvariantCulture);

    [GeneratedRegex("^\"(?<case>[^\"]*)\",(?<subject>[^,]*),(?<ns>[^,]*),(?<bytes>[^,]*),(?<time>[^,]*),(?<allocated>[^,]*)$")]
    private static partial Regex Row();
}
