using System.Text.Json;
using AutoStack.Data.Cli;
using AutoStack.Data.Migrations.Tests.Support;

namespace AutoStack.Data.Migrations.Tests.Verbs;

/// <summary><c>stats</c> on the test server.</summary>
public sealed class StatsTests : MigrationTests
{
    private static readonly string[] Parts = ["database", "tables", "indexes", "sessions", "statements", "replication", "queue"];

    private readonly string folder = Directory.CreateTempSubdirectory("autostack-stats-").FullName;

    [SetUp]
    public Task MigrateAsync() => StartAtAsync(Head);

    [OneTimeTearDown]
    public void RemoveFolder() => Directory.Delete(folder, recursive: true);

    [Test]
    public async Task All_parts_fit_every_width([Values(40, 80, null)] int? width)
    {
        var run = await ConsoleRun.StartAsync(["stats"], folder, ConnectionString, width: width, cancellationToken: Token);

        Assert.That(run.Code, Is.Zero, run.Error);
        foreach (var title in new[] { "Database", "Queue", "Sessions", "Tables", "Indexes", "Replication", "Not visible" })
        {
            Assert.That(run.Output, Does.Contain($"\n{title}\n"));
        }

        Assert.That(run.Output, Does.Contain("deployment_logs").And.Contain("covered by"));
    }

    [TestCaseSource(nameof(Parts))]
    public async Task A_part_alone_is_that_part(string part)
    {
        var text = await RunAsync("stats", part);
        var json = await RunAsync("stats", part, "--json");

        var member = part == "database" ? "totals" : part;
        var present = new[] { "totals", "tables", "indexes", "sessions", "statements", "replication", "queue" }
            .Where(name => json.Json.GetProperty(name).ValueKind != JsonValueKind.Null);
        Assert.That((text.Code, json.Code), Is.EqualTo((0, 0)), text.Error + json.Error);
        Assert.That(present, part == "statements" ? Is.Empty : Is.EqualTo(new[] { member }));
    }

    [Test]
    public async Task A_saved_look_shows_growth_and_rates_later()
    {
        var saved = await RunAsync("stats", "--save", "first.json");
        await ExecuteAsync("CREATE TABLE grown AS SELECT n, repeat('x', 100) FROM generate_series(1, 10000) n");
        await RunAsync("stats", "--json");

        var json = await RunAsync("stats", "--since", "first.json", "--json");
        var text = await RunAsync("stats", "database", "--since", "first.json");

        Assert.That((saved.Code, json.Code, text.Code), Is.EqualTo((0, 0, 0)), saved.Error + json.Error + text.Error);
        var change = json.Json.GetProperty("change");
        Assert.That(change.GetProperty("seconds").GetDouble(), Is.GreaterThan(0));
        Assert.That(change.GetProperty("totals").GetProperty("bytes").GetInt64(), Is.GreaterThan(1_000_000));
        Assert.That(change.GetProperty("resets").GetArrayLength(), Is.Zero);
        Assert.That(text.Output, Does.Match(@"size +\d.* \(\+[\d.]+ MB\)").And.Match(@"commits +[\d.,]+/s").And.Contain("compared with"));
    }

    [Test]
    public async Task JSON_of_an_earlier_look_is_a_look_too()
    {
        var first = await RunAsync("stats", "tables", "--json");
        await File.WriteAllTextAsync(Path.Combine(folder, "json.json"), first.Output, Token);

        var run = await RunAsync("stats", "tables", "--since", "json.json");

        Assert.That(run.Code, Is.Zero, run.Error);
        Assert.That(run.Output, Does.Contain("growth"));
    }

    [TestCase("[]")]
    [TestCase("{}")]
    [TestCase("null")]
    [TestCase("not JSON")]
    [TestCase("""{"at":"2026-01-31T12:00:00+00:00","server":{"version":1},"notVisible":[],"tables":[{}]}""")]
    public async Task A_file_that_is_no_look_is_wrong_usage(string content)
    {
        await File.WriteAllTextAsync(Path.Combine(folder, "wrong.json"), content, Token);

        var run = await RunAsync("stats", "--since", "wrong.json");

        Assert.That(run.Code, Is.EqualTo(ExitCode.Usage));
        Assert.That(run.Error, Does.Contain("--since: wrong.json is not a look"));
    }

    [Test]
    public async Task A_look_at_another_database_is_wrong_usage()
    {
        await RunAsync("stats", "queue", "--save", "other.json");
        await RestartAsync();
        await StartAtAsync(Head);

        var run = await RunAsync("stats", "queue", "--since", "other.json");

        Assert.That(run.Code, Is.EqualTo(ExitCode.Usage));
        Assert.That(run.Error, Does.Contain("another database"));
    }

    [Test]
    public async Task A_watch_prints_a_block_for_each_look()
    {
        var text = await RunAsync("stats", "queue", "--watch", "1", "--count", "2");
        var json = await RunAsync("stats", "queue", "--watch", "1", "--count", "2", "--json");

        Assert.That((text.Code, json.Code), Is.EqualTo((0, 0)), text.Error + json.Error);
        Assert.That(text.Output.Split("\nQueue\n"), Has.Length.EqualTo(3));
        var looks = json.Output.TrimEnd().Split('\n').Select(line => JsonDocument.Parse(line).RootElement).ToList();
        Assert.That(
            looks.Select(look => look.GetProperty("change").ValueKind), Is.EqualTo(new[] { JsonValueKind.Null, JsonValueKind.Object }));
    }

    [Test]
    public async Task A_watch_that_is_stopped_has_done_its_work()
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        stop.CancelAfter(TimeSpan.FromSeconds(2));

        var run = await ConsoleRun.StartAsync(
            ["stats", "queue", "--watch", "3600"], folder, ConnectionString, cancellationToken: stop.Token);

        Assert.That(run.Code, Is.Zero, run.Error);
    }

    [TestCase("--count", "3")]
    [TestCase("--watch", "0")]
    [TestCase("--watch", "1", "--save", "x.json")]
    [TestCase("everything")]
    public async Task Wrong_arguments_are_wrong_usage(params string[] arguments) =>
        Assert.That((await RunAsync(["stats", .. arguments])).Code, Is.EqualTo(ExitCode.Usage));

    [Test]
    public async Task Hostile_names_reach_no_terminal()
    {
        await ExecuteAsync("CREATE TABLE \"evil\u001b[2J\ntable\" AS SELECT n FROM generate_series(1, 100000) n");
        await ExecuteAsync("CREATE INDEX \"evil\u001b]0;index\" ON \"evil\u001b[2J\ntable\" (n)");

        var run = await ConsoleRun.StartAsync(["stats"], folder, ConnectionString, width: 80, cancellationToken: Token);

        Assert.That(run.Code, Is.Zero, run.Error);
        Assert.That(run.Output, Does.Contain("evil").And.Not.Contain("\u001b"));
    }

    private Task<ConsoleRun> RunAsync(params string[] arguments) =>
        ConsoleRun.StartAsync(arguments, folder, ConnectionString, cancellationToken: Token);
}
