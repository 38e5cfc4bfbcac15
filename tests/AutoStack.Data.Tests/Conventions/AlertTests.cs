using System.ComponentModel;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.RegularExpressions;
using AutoStack.Data.Postgres;
using AutoStack.Data.Tests.Support;
using Npgsql;

namespace AutoStack.Data.Tests.Conventions;

/// <summary>
/// Every metric that the alerts and the dashboard name is emitted under that name: by the library, by the exporters, whose names are
/// recorded, or by the script for text files. Prometheus' own tool checks the rules and runs their tests.
/// </summary>
public sealed partial class AlertTests : DatabaseTests
{
    private static readonly string Folder = Path.Combine(SourceRoot.Path, "deploy", "prometheus");

    private static readonly string Recorded =
        Path.Combine(SourceRoot.Path, "tests", "AutoStack.Data.Tests", "Conventions", "ExporterMetrics.txt");

    private static string Rules => File.ReadAllText(Path.Combine(Folder, "alerts.yml"));

    private static string Dashboard => File.ReadAllText(Path.Combine(SourceRoot.Path, "deploy", "grafana", "autostack.json"));

    [Test]
    public void Every_metric_of_the_alerts_and_of_the_dashboard_is_emitted_under_its_name()
    {
        string[] script = [.. NamesOfTheScript()];
        string[] emitted = [.. NamesOfTheLibrary(), .. script, .. File.ReadAllLines(Recorded)];
        Assert.That(NamesIn(Rules).Count(), Is.GreaterThan(25));
        Assert.That(NamesIn(Rules).Except(emitted), Is.Empty, "alerts.yml");
        var expressions = Expressions().ToList();
        Assert.That(expressions, Has.Count.GreaterThan(40));
        Assert.That(expressions.SelectMany(NamesIn).Distinct().Except(emitted), Is.Empty, "autostack.json");
        Assert.That(script, Has.Length.EqualTo(10), "The script has not changed its form.");
    }

    [Test]
    public void Every_alert_says_what_how_much_and_where_to_read_on()
    {
        var alerts = Rules.Split("- alert: ")[1..];
        Assert.That(alerts, Has.Length.GreaterThan(25));
        string[] pages =
        [
            "pool-exhausted", "disk-filling", "long-transaction", "replica-lag", "queue-stuck", "deadlocks", "failed-migration", "key-lost",
            "restore",
        ];
        var page = File.ReadAllText(Path.Combine(SourceRoot.Path, "docs", "alerts.md"));
        foreach (var alert in alerts)
        {
            var name = alert[..alert.IndexOf('\n', StringComparison.Ordinal)];
            Assert.That(
                alert,
                Does.Match("severity: (warning|critical)\n").And.Match("summary: \".+\"\n").And.Match("description: \".+\"\n"), name);
            Assert.That(pages, Does.Contain(Runbook().Match(alert).Groups[1].Value), name);
            Assert.That(page, Does.Contain($"| `{name}` |"), "docs/alerts.md");
        }

        Assert.That(pages.Except(Runbook().Matches(Rules).Select(match => match.Groups[1].Value)), Is.Empty, "Every page has an alert.");
    }

    [Test]
    public void The_dashboard_has_panels_that_do_not_overlap_and_use_its_data_source()
    {
        var panels = JsonDocument.Parse(Dashboard).RootElement.GetProperty("panels").EnumerateArray().ToList();
        var places = new HashSet<(int, int)>();
        foreach (var panel in panels)
        {
            var place = panel.GetProperty("gridPos");
            var (x, y) = (place.GetProperty("x").GetInt32(), place.GetProperty("y").GetInt32());
            for (var i = 0; i < place.GetProperty("w").GetInt32() * place.GetProperty("h").GetInt32(); i++)
            {
                var width = place.GetProperty("w").GetInt32();
                Assert.That(places.Add((x + (i % width), y + (i / width))), Is.True, panel.GetProperty("title").GetString());
            }

            Assert.That(x + place.GetProperty("w").GetInt32(), Is.LessThanOrEqualTo(24));
            if (panel.GetProperty("type").GetString() != "row")
            {
                Assert.That(panel.GetProperty("datasource").GetProperty("uid").GetString(), Is.EqualTo("${datasource}"));
                Assert.That(panel.GetProperty("description").GetString(), Is.Not.Empty);
            }
        }

        Assert.That(panels.Select(panel => panel.GetProperty("id").GetInt32()), Is.Unique);
    }

    [Test]
    public async Task Prometheus_accepts_the_rules_and_their_tests_pass()
    {
        await PromtoolAsync("check", "rules", "alerts.yml");
        await PromtoolAsync("check", "config", "--syntax-only", "prometheus.yml");
        await PromtoolAsync("test", "rules", "alerts_test.yml");

        // Each expression of the dashboard as a rule, in a file of its own.
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(file, "groups:\n- name: dashboard\n  rules:\n" + string.Concat(Expressions().Index()
                .Select(e => $"  - record: panel:{e.Index}\n    expr: {JsonSerializer.Serialize(e.Item)}\n")), Token);
            await PromtoolAsync("check", "rules", file);
        }
        finally
        {
            File.Delete(file);
        }
    }

    // The real exporters against a real server write the recorded names: prometheus-postgres-exporter and prometheus-node-exporter.
    [Test]
    public async Task The_recorded_names_are_those_of_the_exporters()
    {
        if (Environment.GetEnvironmentVariable("AUTOSTACK_RECORD_EXPORTERS") != "1")
        {
            Assert.Ignore("Set AUTOSTACK_RECORD_EXPORTERS=1, with prometheus-postgres-exporter and prometheus-node-exporter installed.");
        }

        await ExecuteAsync("SELECT pg_create_physical_replication_slot($1)", "exporter");
        try
        {
            var settings = new NpgsqlConnectionStringBuilder(Database.ConnectionString);
            var url = $"postgresql://{settings.Username}:{Uri.EscapeDataString(settings.Password ?? "")}@{settings.Host}:{settings.Port}"
                + $"/{settings.Database}?sslmode=disable";
            var names = (await ScrapeAsync(
                    "prometheus-postgres-exporter", 21_587, ("DATA_SOURCE_NAME", url),
                    $"--extend.query-path={Path.Combine(Folder, "postgres-queries.yml")}"))
                .Concat(await ScrapeAsync("prometheus-node-exporter", 21_510, null, $"--collector.textfile.directory={Path.GetTempPath()}"))
                .Where(name => !name.StartsWith("go_", StringComparison.Ordinal) && !name.StartsWith("process_", StringComparison.Ordinal))
                .Append("node_textfile_mtime_seconds").Distinct().Order(StringComparer.Ordinal);
            await File.WriteAllLinesAsync(Recorded, names, Token);
        }
        finally
        {
            await ExecuteAsync("SELECT pg_drop_replication_slot($1)", "exporter");
        }
    }

    private static IEnumerable<string> Expressions() =>
        from panel in JsonDocument.Parse(Dashboard).RootElement.GetProperty("panels").EnumerateArray()
        where panel.GetProperty("type").GetString() != "row"
        from target in panel.GetProperty("targets").EnumerateArray()
        select target.GetProperty("expr").GetString()!;

    private static IEnumerable<string> NamesIn(string text) =>
        Name().Matches(Annotations().Replace(text, "")).Select(match => match.Value).Distinct();

    // OpenTelemetry's rules for Prometheus: dots become underscores, the unit is a suffix, a counter ends with _total. A histogram has
    // three series.
    private static List<string> NamesOfTheLibrary()
    {
        var names = new List<string>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, _) =>
            {
                if (instrument.Meter.Name == AutoStackDataTelemetry.MeterName)
                {
                    names.AddRange(NamesOf(instrument));
                }
            },
        };
        foreach (var type in typeof(Telemetry).Assembly.GetTypes().Where(HasInstruments))
        {
            RuntimeHelpers.RunClassConstructor(type.TypeHandle);
        }

        listener.Start();
        return names;
    }

    private static IEnumerable<string> NamesOf(Instrument instrument)
    {
        var name = instrument.Name.Replace('.', '_') + (instrument.Unit == "s" ? "_seconds" : "");
        var type = instrument.GetType().GetGenericTypeDefinition();
        return type == typeof(Histogram<>) ? [$"{name}_bucket", $"{name}_sum", $"{name}_count"]
            : type == typeof(Counter<>) || type == typeof(ObservableCounter<>) ? [$"{name}_total"]
            : [name];
    }

    private static bool HasInstruments(Type type) => !type.IsGenericTypeDefinition
        && type.GetFields(BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.Public | BindingFlags.DeclaredOnly)
            .Any(field => typeof(Instrument).IsAssignableFrom(field.FieldType) || field.FieldType == typeof(Gauge));

    private static IEnumerable<string> NamesOfTheScript() => Written()
        .Matches(File.ReadAllText(Path.Combine(Folder, "textfile", "autostack-textfile"))).Select(match => match.Groups[1].Value);

    private static async Task PromtoolAsync(params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo("promtool", arguments)
            {
                WorkingDirectory = Folder,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
            var (output, error) = (process.StandardOutput.ReadToEndAsync(Token), process.StandardError.ReadToEndAsync(Token));
            await process.WaitForExitAsync(Token);
            Assert.That(process.ExitCode, Is.Zero, $"promtool {string.Join(' ', arguments)}\n{await output}{await error}");
        }
        catch (Win32Exception)
        {
            const string Missing = "Needs promtool, from the Debian package prometheus.";
            if (Environment.GetEnvironmentVariable("CI") is { Length: > 0 })
            {
                Assert.Fail(Missing);
            }

            Assert.Ignore(Missing);
        }
    }

    private static async Task<IReadOnlyList<string>> ScrapeAsync(
        string exporter, int port, (string Name, string Value)? variable, string option)
    {
        var start = new ProcessStartInfo(exporter, [$"--web.listen-address=127.0.0.1:{port}", option])
        {
            RedirectStandardError = true,
        };
        if (variable is { } set)
        {
            start.Environment[set.Name] = set.Value;
        }

        using var process = Process.Start(start)!;
        process.BeginErrorReadLine();
        try
        {
            using var client = new HttpClient();
            while (true)
            {
                try
                {
                    var text = await client.GetStringAsync($"http://127.0.0.1:{port}/metrics", Token);
                    return [.. Series().Matches(text).Select(match => match.Groups[1].Value).Distinct()];
                }
                catch (HttpRequestException)
                {
                    await Task.Delay(100, Token);
                }
            }
        }
        finally
        {
            process.Kill();
        }
    }

    [GeneratedRegex(@"(?<![\w""'/-])(?:autostack|db_client|pg|node|pgbouncer)_[a-z0-9_]+(?=[^\w.=-]|$)")]
    private static partial Regex Name();

    [GeneratedRegex(@"#.*|(?:summary|description|runbook): .*|by \([^)]*\)|\{\{[^}]*\}\}|""[^""]*""")]
    private static partial Regex Annotations();

    [GeneratedRegex(@"runbook: docs/operations/([a-z-]+)\.md")]
    private static partial Regex Runbook();

    [GeneratedRegex(@"^\s*(?:write|help) ([a-z_]+) '", RegexOptions.Multiline)]
    private static partial Regex Written();

    [GeneratedRegex(@"^([a-z][a-z0-9_]*)[{ ]", RegexOptions.Multiline)]
    private static partial Regex Series();
}
