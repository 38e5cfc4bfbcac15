using System.Globalization;
using System.Text;
using System.Text.Json;
using AutoStack.Data.Cli.Output;

namespace AutoStack.Data.Cli.Bench;

/// <summary>The report as files: JSON as <c>--json</c> prints it, CSV with a row per point, and plots.</summary>
internal static class PoolFiles
{
    private const string Json = "pool.json";
    private const string Csv = "pool.csv";

    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false);

    /// <summary>Creates the folder and checks that it is writable, before a run of minutes.</summary>
    public static void Prepare(string folder, string asGiven)
    {
        try
        {
            Directory.CreateDirectory(folder);
            var probe = Path.Combine(folder, Path.GetRandomFileName());
            File.WriteAllText(probe, "");
            File.Delete(probe);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw Failure.Usage($"--output: {asGiven} cannot be written to: {exception.Message}");
        }
    }

    /// <summary>Writes the files over those of an earlier run; returns the report with their paths, relative to a directory.</summary>
    public static async Task<PoolReport> WriteAsync(PoolReport report, string folder, string directory, CancellationToken cancellationToken)
    {
        var plots = PoolPlots.Of(report);
        string[] names = [Json, Csv, .. plots.Keys];
        report = report with { Files = [.. names.Select(name => Path.GetRelativePath(directory, Path.Combine(folder, name)))] };
        await WriteAsync(Json, JsonSerializer.Serialize(PoolJson.Of(report), JsonResults.Format) + "\n").ConfigureAwait(false);
        await WriteAsync(Csv, CsvOf(report.Points)).ConfigureAwait(false);
        foreach (var (name, svg) in plots)
        {
            await WriteAsync(name, svg).ConfigureAwait(false);
        }

        return report;

        Task WriteAsync(string name, string text) => File.WriteAllTextAsync(Path.Combine(folder, name), text, Utf8, cancellationToken);
    }

    internal static string CsvOf(IEnumerable<PoolPoint> points)
    {
        var csv = new StringBuilder(
            "pool_size,rate,arrivals,throughput,wait_p50_ms,wait_p99_ms,execution_p50_ms,execution_p99_ms,total_p50_ms,total_p99_ms," +
            "total_max_ms,late_start_p99_ms,timeouts,refused,errors,runs,throughput_min,throughput_max,total_p99_min_ms," +
            "total_p99_max_ms\n");
        foreach (var p in points)
        {
            // A lost quantile is an empty cell.
            csv.AppendJoin(',', new object?[]
            {
                p.PoolSize, p.Rate, p.Arrivals, p.Throughput, p.Wait.P50Ms, p.Wait.P99Ms, p.Execution.P50Ms, p.Execution.P99Ms,
                p.Total.P50Ms, p.Total.P99Ms, p.MaxMs, p.LateStartP99Ms, p.Timeouts, p.Refused, p.Errors.Values.Sum(),
                Runs(p).Count, Runs(p).Min(run => run.Throughput), Runs(p).Max(run => run.Throughput),
                Runs(p).Min(run => run.Total.P99Ms),
                Runs(p).Any(run => run.Total.P99Ms is null) ? null : Runs(p).Max(run => run.Total.P99Ms),
            }.Select(value => Convert.ToString(value, CultureInfo.InvariantCulture))).Append('\n');
        }

        return csv.ToString();

        static IReadOnlyList<PoolPoint> Runs(PoolPoint point) => point.Runs is { Count: > 0 } runs ? runs : [point];
    }
}
