using System.Text.Json;
using AutoStack.Data.Benchmarks.Reporting;
using AutoStack.Data.Benchmarks.Running;

namespace AutoStack.Data.Benchmarks.Tests;

public sealed class ReportTests
{
    private static readonly Measurement[] Measurements =
    [
        new("log tail", "Npgsql", IsBaseline: true, Nanoseconds: 200_000, Bytes: 1_000),
        new("log tail", "AutoStack.Data", IsBaseline: false, Nanoseconds: 204_000, Bytes: 1_050),
        new("log tail", "EF Core", IsBaseline: false, Nanoseconds: 300_000, Bytes: 2_500),
        new("claim next, workers 4", "Npgsql", IsBaseline: true, Nanoseconds: 4_000_000, Bytes: 3_000),
        new("claim next, workers 4", "AutoStack.Data", IsBaseline: false, Nanoseconds: 3_800_000, Bytes: 4_000),
    ];

    private static readonly Report Report = new(new Conditions("2 cores", ".NET", "scale small"), Measurements, ["live follow: 12 ms"], []);

    [Test]
    public void A_ratio_is_that_to_the_baseline_of_its_case() => Assert.That(
        Comparison.Of(Measurements).Select(c => c.TimeRatio), Is.EqualTo(new[] { 1, 1.02, 1.5, 1, 0.95 }).Within(1e-9));

    [Test]
    public void A_case_without_baseline_has_no_ratios() =>
        Assert.That(
            Comparison.Of([.. Measurements.Where(m => !m.IsBaseline || m.Case == "log tail")]).Select(c => c.Measurement.Case),
            Is.All.EqualTo("log tail"));

    [TestCase(new[] { 3.0 }, 3)]
    [TestCase(new[] { 9.0, 1, 2 }, 2)]
    [TestCase(new[] { 4.0, 1, 2, 90 }, 3)]
    public void The_median_is_the_middle(double[] values, double median) => Assert.That(Samples.Median(values), Is.EqualTo(median));

    [Test]
    public void The_ratios_are_a_list_of_everybody_but_the_baseline()
    {
        var ratios = JsonDocument.Parse(Report.ToJson()).RootElement.EnumerateArray().ToList();

        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                ratios[0].EnumerateObject().Select(p => p.Name), Is.EqualTo(new[] { "case", "subject", "time_ratio", "bytes_ratio" }));
            Assert.That(ratios.Select(RatioOf), Is.EqualTo(new[]
            {
                ("log tail", "AutoStack.Data", 1.02), ("log tail", "EF Core", 1.5), ("claim next, workers 4", "AutoStack.Data", 0.95),
            }));
        }
    }

    [Test]
    public void The_table_has_a_line_per_case()
    {
        var table = Report.ToMarkdown().Split('\n').Where(line => line.StartsWith('|'))
            .Select(line => line.Replace(" ", "", StringComparison.Ordinal)).ToList();

        using (Assert.EnterMultipleScope())
        {
            Assert.That(table, Has.Count.EqualTo(4));
            Assert.That(Report.ToMarkdown(), Does.EndWith("\n\n* live follow: 12 ms"));
            Assert.That(table[0], Is.EqualTo("|case|Npgsql:time|bytes|AutoStack.Data|EFCore|"));
            Assert.That(table[2], Is.EqualTo("|logtail|200µs|1,000|1.02·1.05|1.50·2.50|"));
            Assert.That(table[3], Is.EqualTo("|claimnext,workers4|4.0ms|3,000|0.95·1.33||"));
        }
    }

    [Test]
    public void The_csv_has_a_line_per_measurement() =>
        Assert.That(Report.ToCsv().Split('\n')[2], Is.EqualTo("\"log tail\",AutoStack.Data,204000,1050,1.020,1.050"));

    [Test]
    public async Task A_folder_gets_tables_ratios_and_plots()
    {
        var folder = Directory.CreateTempSubdirectory("autostack-report-").FullName;
        try
        {
            await Report.WriteAsync(Path.Combine(folder, "new"));

            Assert.That(
                Directory.GetFiles(Path.Combine(folder, "new")).Select(Path.GetFileName).Order(),
                Is.EqualTo(new[] { "bytes.svg", "ratios.json", "results.csv", "results.md", "time.svg" }));
            Assert.That(
                await File.ReadAllTextAsync(Path.Combine(folder, "new", "time.svg")),
                Does.Contain("<svg").And.Contain("claim next, workers 4"));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Test]
    public async Task A_run_without_cases_is_its_conditions_remarks_and_tables()
    {
        var folder = Directory.CreateTempSubdirectory("autostack-report-").FullName;
        try
        {
            await new Report(new Conditions("2 cores", ".NET", "small"), [], ["a remark"], ["Jobs.\n\n| queue |"]).WriteAsync(folder);

            Assert.That(Directory.GetFiles(folder).Select(Path.GetFileName), Is.EqualTo(new[] { "results.md" }));
            Assert.That(
                await File.ReadAllTextAsync(Path.Combine(folder, "results.md")),
                Is.EqualTo("* 2 cores\n* .NET\n* small\n\n* a remark\n\nJobs.\n\n| queue |\n"));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Test]
    public async Task Plots_are_drawn_again_from_the_table_of_a_run()
    {
        var folder = Directory.CreateTempSubdirectory("autostack-report-").FullName;
        try
        {
            await Report.WriteAsync(folder);
            var drawn = await File.ReadAllTextAsync(Path.Combine(folder, "time.svg"));
            File.Delete(Path.Combine(folder, "time.svg"));

            await Plots.WriteAsync(folder, Plots.Read(Path.Combine(folder, "results.csv")));

            Assert.That(await File.ReadAllTextAsync(Path.Combine(folder, "time.svg")), Is.EqualTo(drawn));
            Assert.That(drawn, Does.Contain("0.95").And.Contain("1.02").And.Contain("1.50").And.Contain("Npgsql = 1"));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static (string? Case, string? Subject, double TimeRatio) RatioOf(JsonElement row) =>
        (row.GetProperty("case").GetString(), row.GetProperty("subject").GetString(), row.GetProperty("time_ratio").GetDouble());
}
