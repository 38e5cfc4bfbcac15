using System.Globalization;
using System.Text;
using System.Text.Json;
using AutoStack.Data.Benchmarks.Running;

namespace AutoStack.Data.Benchmarks.Reporting;

/// <summary>The results of a run: a table for people, one for programs, the ratios, and plots.</summary>
internal sealed class Report(Conditions conditions, IReadOnlyList<Measurement> measurements, IReadOnlyList<string> remarks)
{
    private static readonly JsonSerializerOptions Json =
        new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, WriteIndented = true };

    private readonly IReadOnlyList<Comparison> comparisons = Comparison.Of(measurements);

    /// <summary>A line per case: the baseline's time and bytes, and for everybody else the ratio of both.</summary>
    public string ToMarkdown()
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

        return $"""
            * {conditions.Machine}
            * {conditions.Versions}
            * {conditions.Run}

            Medians of one operation; of the others, time · bytes as multiples of {baseline}.

            {Table(rows)}
            {string.Concat(remarks.Select(remark => $"\n* {remark}"))}
            """.TrimEnd();
    }

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
        await File.WriteAllTextAsync(Path.Combine(folder, "results.csv"), ToCsv());
        await File.WriteAllTextAsync(Path.Combine(folder, "ratios.json"), ToJson() + "\n");
        await Plots.WriteAsync(folder, comparisons);
    }

    private static string Time(double nanoseconds) => nanoseconds < 1e6
        ? string.Create(CultureInfo.InvariantCulture, $"{nanoseconds / 1e3:0} µs")
        : string.Create(CultureInfo.InvariantCulture, $"{nanoseconds / 1e6:0.0} ms");

    // Padded, so that it reads in a terminal, too.
    private static string Table(List<string[]> rows)
    {
        int[] widths = [.. Enumerable.Range(0, rows[0].Length).Select(column => rows.Max(row => row[column].Length))];
        rows.Insert(1, [.. widths.Select((width, column) => new string('-', Math.Max(width - 1, 2)) + (column == 0 ? "-" : ":"))]);
        return string.Join('\n', rows.Select(row => "| " + string.Join(
            " | ", row.Select((cell, column) => column == 0 ? cell.PadRight(widths[column]) : cell.PadLeft(widths[column]))) + " |"));
    }
}
