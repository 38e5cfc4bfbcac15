using System.Globalization;
using System.Text;
using System.Text.Json;
using AutoStack.Data.Benchmarks.Running;

namespace AutoStack.Data.Benchmarks.Reporting;

/// <summary>The results of a run: a table for people, one for programs, the ratios, and plots.</summary>
/// <param name="conditions">The conditions of the run.</param>
/// <param name="measurements">The measured cases; none when a filter names only questions that are not compared with the driver.</param>
/// <param name="remarks">Results in a sentence each.</param>
/// <param name="tables">Results in a table each, with the sentence before it.</param>
internal sealed class Report(
    Conditions conditions, IReadOnlyList<Measurement> measurements, IReadOnlyList<string> remarks, IReadOnlyList<string> tables)
{
    private static readonly JsonSerializerOptions Json =
        new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, WriteIndented = true };

    private readonly IReadOnlyList<Comparison> comparisons = Comparison.Of(measurements);

    /// <summary>The conditions, the table of the cases, the remarks and the other tables.</summary>
    public string ToMarkdown() => string.Join("\n\n", (string[])
    [
        List([conditions.Machine, conditions.Versions, conditions.Run]),
        .. comparisons.Count == 0 ? [] : (string[])[Cases()],
        .. remarks.Count == 0 ? [] : (string[])[List(remarks)],
        .. tables,
    ]);

    public string ToCsv()
    {
        var csv = new StringBuilder("case,subject,median_ns,bytes,time_ratio,bytes_ratio\n");
        foreach (var (m, time, bytes) in comparisons)
        {
            csv.Append(
                CultureInfo.InvariantCulture, $"\"{m.Case}\",{m.Subject},{m.Nanoseconds:0},{m.Bytes:0},{time:0.000},{bytes:0.000}\n");
        }

        return csv.ToString();
    }

    /// <summary>The ratios to the baseline, of everybody but the baseline.</summary>
    public string ToJson() => JsonSerializer.Serialize(
        comparisons.Where(c => !c.Measurement.IsBaseline).Select(c => new
        {
            c.Measurement.Case,
            c.Measurement.Subject,
            TimeRatio = Math.Round(c.TimeRatio, 3),
            BytesRatio = Math.Round(c.BytesRatio, 3),
        }),
        Json);

    public async Task WriteAsync(string folder)
    {
        Directory.CreateDirectory(folder);
        await File.WriteAllTextAsync(Path.Combine(folder, "results.md"), ToMarkdown() + "\n");
        if (comparisons.Count == 0)
        {
            return;
        }

        await File.WriteAllTextAsync(Path.Combine(folder, "results.csv"), ToCsv());
        await File.WriteAllTextAsync(Path.Combine(folder, "ratios.json"), ToJson() + "\n");
        await Plots.WriteAsync(folder, comparisons);
    }

    // A line per case: the baseline's time and bytes, and for everybody else the ratio of both.
    private string Cases()
    {
        string[] subjects = [.. comparisons.Where(c => !c.Measurement.IsBaseline).Select(c => c.Measurement.Subject).Distinct()];
        var baseline = comparisons.FirstOrDefault(c => c.Measurement.IsBaseline)?.Measurement.Subject ?? "";
        var rows = new List<string[]> { new[] { "case", $"{baseline}: time", "bytes" }.Concat(subjects).ToArray() };
        foreach (var group in comparisons.GroupBy(c => c.Measurement.Case))
        {
            var limit = group.First(c => c.Measurement.IsBaseline).Measurement;
            rows.Add([
                group.Key,
                Time(limit.Nanoseconds),
                limit.Bytes.ToString("N0", CultureInfo.InvariantCulture),
                .. subjects.Select(subject => group.FirstOrDefault(c => c.Measurement.Subject == subject) is { } c
                    ? string.Create(CultureInfo.InvariantCulture, $"{c.TimeRatio:0.00} · {c.BytesRatio:0.00}")
                    : ""),
            ]);
        }

        return $"Medians of one operation; of the others, time · bytes as multiples of {baseline}.\n\n{MarkdownTable.Of(rows)}";
    }

    private static string List(IEnumerable<string> items) => string.Join('\n', items.Select(item => $"* {item}"));

    private static string Time(double nanoseconds) => nanoseconds < 1e6
        ? string.Create(CultureInfo.InvariantCulture, $"{nanoseconds / 1e3:0} µs")
        : string.Create(CultureInfo.InvariantCulture, $"{nanoseconds / 1e6:0.0} ms");
}
