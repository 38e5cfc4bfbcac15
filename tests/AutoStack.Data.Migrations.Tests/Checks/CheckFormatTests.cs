using System.Text.Json;
using System.Xml.Linq;
using AutoStack.Data.Migrations.Tests.Support;

namespace AutoStack.Data.Migrations.Tests.Checks;

/// <summary><c>check --format</c>: the forms that build servers read.</summary>
public sealed class CheckFormatTests : SeededTests
{
    private const string Drift = """
        DROP INDEX idx_users_email;
        CREATE INDEX "own <idx>: 100%, a" ON users (name);
        ALTER TABLE users ADD COLUMN "own
        column" text;
        ALTER TABLE users ENABLE ROW LEVEL SECURITY;
        UPDATE schema_versions SET checksum = 'other' WHERE version = 1;
        DELETE FROM schema_versions WHERE version = 40
        """;

    [SetUp]
    public Task StartAsync() => StartSeededAsync();

    [Test]
    public async Task Sarif_has_the_required_members()
    {
        await ExecuteAsync(Drift);

        var sarif = (await CheckAsync("sarif", 4)).Json;

        var run = sarif.GetProperty("runs").EnumerateArray().Single();
        var driver = run.GetProperty("tool").GetProperty("driver");
        var rules = driver.GetProperty("rules").EnumerateArray().Select(rule => rule.GetProperty("id").GetString()).ToList();
        var results = run.GetProperty("results").EnumerateArray().ToList();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(sarif.GetProperty("version").GetString(), Is.EqualTo("2.1.0"));
            Assert.That(driver.GetProperty("name").GetString(), Is.Not.Empty);
            Assert.That(rules, Is.Unique);
            Assert.That(results, Is.Not.Empty);
            Assert.That(results.Select(r => r.GetProperty("message").GetProperty("text").GetString()), Is.All.Not.Empty);
            Assert.That(results.Select(r => r.GetProperty("ruleId").GetString()), Is.All.AnyOf([.. rules]));
            Assert.That(results.Select(r => r.GetProperty("level").GetString()), Is.All.AnyOf("error", "warning", "note"));
            Assert.That(results.Select(Name), Has.Member("users.idx_users_email").And.Member("users.own\\ncolumn"));
            Assert.That(Text(results.Single(r => Name(r) == "users.idx_users_email")), Does.Contain("CREATE INDEX CONCURRENTLY"));
        }
    }

    [Test]
    public async Task JUnit_is_well_formed_and_counts_its_cases()
    {
        await ExecuteAsync(Drift);

        var suite = XDocument.Parse((await CheckAsync("junit", 4)).Output).Root!.Element("testsuite")!;

        var cases = suite.Elements("testcase").ToList();
        using (Assert.EnterMultipleScope())
        {
            Assert.That((int)suite.Attribute("tests")!, Is.EqualTo(cases.Count));
            Assert.That((int)suite.Attribute("failures")!, Is.EqualTo(cases.Count(c => c.Element("failure") is not null)).And.AtLeast(3));
            Assert.That((int)suite.Attribute("skipped")!, Is.EqualTo(cases.Count(c => c.Element("skipped") is not null)).And.AtLeast(1));
            Assert.That(cases.Select(c => (string?)c.Attribute("name")), Has.Member("users.own <idx>: 100%, a"));
        }
    }

    [Test]
    public async Task GitHub_commands_are_one_line_each_and_escaped()
    {
        await ExecuteAsync(Drift);

        var run = await CheckAsync("github", 4);

        var lines = run.Output.TrimEnd().ReplaceLineEndings("\n").Split('\n');
        using (Assert.EnterMultipleScope())
        {
            Assert.That(lines, Is.All.Match("^::(error|warning|notice) title=[^:,]+::[^\r\n]+$"));
            Assert.That(lines, Has.Some.StartsWith(
                "::notice title=index users.own <idx>%3A 100%25%2C a::Index users.own <idx>: 100%25, a is an extra index"));
            Assert.That(lines, Has.Some.StartsWith(
                "::error title=index users.idx_users_email::Index users.idx_users_email is missing.%0A-- locks SHARE UPDATE EXCLUSIVE"));
            Assert.That(lines, Has.Some.StartsWith("::warning title=pending 0040_"));
            Assert.That(lines, Has.Some.StartsWith("::error title=changed 0001_initial_schema::"));
        }
    }

    [Test]
    public async Task A_clean_database_has_no_result()
    {
        var sarif = await CheckAsync("sarif", 0);
        var junit = await CheckAsync("junit", 0);
        var github = await CheckAsync("github", 0);
        var text = await CheckAsync("text", 0);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(sarif.Json.GetProperty("runs")[0].GetProperty("results").GetArrayLength(), Is.Zero);
            Assert.That(XDocument.Parse(junit.Output).Descendants("testcase").Count(), Is.EqualTo(1));
            Assert.That(github.Output.Trim(), Is.Empty);
            Assert.That(text.Output, Does.Contain("No difference."));
        }
    }

    [Test]
    public async Task The_format_json_is_that_of_the_option_json_also_for_failures()
    {
        var asked = await CheckAsync("json", 0);
        var option = await ConsoleRun.StartAsync(["check", "--json"], connection: ConnectionString, cancellationToken: Token);
        var failed = await ConsoleRun.StartAsync(["check", "--format=json", "--connection", "Host="], cancellationToken: Token);

        Assert.That(asked.Output, Is.EqualTo(option.Output));
        Assert.That(failed.Json.GetProperty("error").GetProperty("kind").GetString(), Is.Not.Empty);
    }

    [Test]
    public async Task An_unknown_format_is_wrong_usage()
    {
        var run = await ConsoleRun.StartAsync(["check", "--format", "yaml"], connection: ConnectionString, cancellationToken: Token);

        Assert.That((run.Code, run.Error.Trim()), Is.EqualTo((2, "--format is one of text, json, sarif, junit, github.")));
    }

    private static string? Name(JsonElement result) =>
        result.GetProperty("locations")[0].GetProperty("logicalLocations")[0].GetProperty("fullyQualifiedName").GetString();

    private static string? Text(JsonElement result) => result.GetProperty("message").GetProperty("text").GetString();

    private async Task<ConsoleRun> CheckAsync(string format, int code)
    {
        var run = await ConsoleRun.StartAsync(
            ["check", "--format", format], connection: ConnectionString, cancellationToken: Token);
        Assert.That(run.Code, Is.EqualTo(code), run.Error);
        return run;
    }
}
