using System.Text.RegularExpressions;
using AutoStack.Data.Cli;
using AutoStack.Data.Cli.Commands;
using AutoStack.Data.Cli.Databases;
using AutoStack.Data.Cli.Keys;
using AutoStack.Data.Migrations.Tests.Support;
using AutoStack.Data.Migrations.Tests.Upkeep;
using AutoStack.Data.Tests.Support;

namespace AutoStack.Data.Migrations.Tests.Verbs;

/// <summary><c>doctor</c> on the test server, whose settings are those of a server that may lose everything.</summary>
public sealed partial class DoctorTests : MigrationTests
{
    [Test]
    public async Task The_exit_code_is_that_of_the_gravest_finding()
    {
        await StartAtAsync(Head);
        var all = await RunAsync("--json");
        var errors = Rules(all, "error");
        var rest = Rules(all, "warning").Concat(Rules(all, "information")).ToList();

        var warnings = await RunAsync([.. errors.SelectMany(Ignored)]);

        // A table may be locked for a moment at any time, by autovacuum for one.
        var none = await RunAsync([.. errors.Concat(rest).Append("not-visible").Distinct().SelectMany(Ignored)]);

        Assert.That(errors, Does.Contain("fsync-off"));
        Assert.That((all.Code, warnings.Code, none.Code), Is.EqualTo((ExitCode.Errors, ExitCode.Warnings, ExitCode.Done)));
        Assert.That(none.Output, Is.EqualTo("No findings.\n"));
        Assert.That(warnings.Output, Does.Contain("warning checksums-off").Or.Contain("warning archive-off"));
    }

    [Test]
    public async Task A_schema_that_is_behind_is_a_warning()
    {
        await StartAtAsync(Head - 1);

        var run = await RunAsync("--json");

        Assert.That(Rules(run, "warning"), Does.Contain("schema-pending"));
        Assert.That(Rules(run, "error"), Does.Not.Contain("schema-drift"));
    }

    [Test]
    public async Task A_schema_that_differs_is_an_error()
    {
        await StartAtAsync(Head);
        await ExecuteAsync("DROP INDEX idx_users_email");

        var run = await RunAsync("--json");

        Assert.That(Rules(run, "error"), Does.Contain("schema-drift"));
        Assert.That(run.Output, Does.Contain("idx_users_email"));
        Assert.That(Rules(await RunAsync("--json", "--ignore", "schema-drift"), "error"), Does.Not.Contain("schema-drift"));
    }

    [Test]
    public async Task A_planted_function_is_an_error()
    {
        await StartAtAsync(Head);
        var role = "intruder_" + Guid.NewGuid().ToString("N");
        await ExecuteAsync($"CREATE ROLE {role}; GRANT CREATE ON SCHEMA public TO {role}");
        await ExecuteAsync(
            $"SET ROLE {role}; CREATE FUNCTION public.lower(varchar) RETURNS text LANGUAGE sql AS 'SELECT NULL'; RESET ROLE");

        var run = await RunAsync("--json");

        Assert.That(Rules(run, "error"), Does.Contain("foreign-objects"));
        await ExecuteAsync($"DROP OWNED BY {role}; DROP ROLE {role}");
    }

    [Test]
    public async Task A_database_without_the_schema_is_examined_too()
    {
        var run = await RunAsync("--json");

        Assert.That(run.Code, Is.EqualTo(ExitCode.Errors), run.Error);
        Assert.That(Rules(run, "warning"), Does.Contain("schema-pending").Or.Contain("schema-not-checked"));
    }

    [Test]
    public async Task Backups_and_keys_are_remarks_until_a_stanza_and_keys_are_given()
    {
        await StartAtAsync(Head);

        var run = await RunAsync("--json");

        Assert.That(Subjects(run, "not-examined"), Is.EqualTo(new[] { "information backups", "information keys" }));
    }

    [TestCase("--stanza", "autostack", "--pgbackrest", "/bin/false", "failed")]
    [TestCase("--stanza", "autostack", "--pgbackrest", "/no/such/program", "is not there")]
    public async Task Backups_that_cannot_be_read_are_an_error(string stanza, string name, string option, string program, string reason)
    {
        await StartAtAsync(Head);

        var run = await RunAsync("--json", stanza, name, option, program);

        Assert.That(Subjects(run, "backup-unknown"), Is.EqualTo(new[] { "error autostack" }), run.Output + run.Error);
        Assert.That(Subjects(run, "not-examined"), Is.EqualTo(new[] { "information keys" }));
        Assert.That(run.Output, Does.Contain(reason));
    }

    [Test]
    public async Task A_stored_key_that_was_not_given_is_an_error()
    {
        await StartAtAsync(Head);
        await ExecuteAsync(KeysTests.Projects(number: 3));
        using var place = new Workplace();
        var (stored, other) = (KeysTests.NewKey("stored"), KeysTests.NewKey("other"));
        await ConsoleRun.StartAsync(
            ["keys", "rotate", "--yes", "--keys", KeysTests.WriteKeys(place, stored)], connection: ConnectionString,
            cancellationToken: Token);

        var lost = await RunAsync("--json", "--keys", KeysTests.WriteKeys(place, other));
        var found = await RunAsync("--json", "--keys", KeysTests.WriteKeys(place, other, stored));

        Assert.That(Subjects(lost, "key-missing"), Is.EqualTo(new[] { "error key stored" }), lost.Output + lost.Error);
        Assert.That(lost.Output, Does.Contain(
            "4 values name the key stored, which was not given: projects.env_vars 3, deployments.env_vars 1."));
        Assert.That(Subjects(found, "key-missing").Concat(Subjects(found, "not-examined")), Is.EqualTo(new[] { "information backups" }));
    }

    [Test]
    public async Task Keys_are_counted_for_a_limited_time()
    {
        await StartAtAsync(Head);
        await ExecuteAsync(KeysTests.Projects(number: 3));
        await using var services = DataServices.Over(ConnectionString, "here", configure: null);

        var all = await KeyPresence.ReadAsync(services, [], TimeSpan.FromMinutes(1), Token);
        await using var holder = await HoldAsync("LOCK TABLE projects, deployments, github_connections IN ACCESS EXCLUSIVE MODE");
        var none = await KeyPresence.ReadAsync(services, [], TimeSpan.FromSeconds(0.1), Token);

        Assert.That((all.NotRead.Count, all.Report.Counts.Sum(count => count.Values)), Is.EqualTo((0, 4)));
        Assert.That(none.NotRead, Has.Count.EqualTo(4).And.All.Contain("after 0 rows (it took longer than 0.1 s)"));
        Assert.That(none.Report.Counts, Is.Empty);
    }

    [Test]
    public async Task Findings_are_annotations_for_a_build_server()
    {
        await StartAtAsync(Head);

        var run = await RunAsync("--format", "github");

        Assert.That(run.Code, Is.EqualTo(ExitCode.Errors));
        Assert.That(run.Output, Does.Contain("::error title=fsync-off fsync::fsync is off.").And.Contain("::warning title="));
    }

    [TestCase("--ignore", "fsync-of", "Did you mean fsync-off?")]
    [TestCase("--instances", "0", "--instances is a whole number from 1 to 10000.")]
    [TestCase("--pool", "many", "--pool is a whole number from 1 to 10000.")]
    public async Task Wrong_arguments_are_named(string option, string value, string message)
    {
        var run = await RunAsync(option, value);

        Assert.That(run.Code, Is.EqualTo(ExitCode.Usage));
        Assert.That(run.Error, Does.Contain(message));
    }

    [Test]
    public void The_page_has_every_rule_and_no_other() => Assert.That(
        Heading().Matches(File.ReadAllText(Path.Combine(SourceRoot.Path, "docs", "doctor.md"))).Select(m => m.Groups["rule"].Value),
        Is.EquivalentTo(DoctorCommand.Rules));

    private static List<string> Rules(ConsoleRun run, string severity) =>
    [
        .. run.Json.GetProperty("findings").EnumerateArray().Where(f => f.GetProperty("severity").GetString() == severity)
            .Select(f => f.GetProperty("rule").GetString()!).Distinct(),
    ];

    private static IEnumerable<string> Subjects(ConsoleRun run, string rule) => run.Json.GetProperty("findings").EnumerateArray()
        .Where(f => f.GetProperty("rule").GetString() == rule)
        .Select(f => $"{f.GetProperty("severity").GetString()} {f.GetProperty("subject").GetString()}");

    private static string[] Ignored(string rule) => ["--ignore", rule];

    private Task<ConsoleRun> RunAsync(params string[] arguments) =>
        ConsoleRun.StartAsync(["doctor", .. arguments], connection: ConnectionString, cancellationToken: Token);

    [GeneratedRegex(@"^### (?<rule>[a-z][a-z-]*)$", RegexOptions.Multiline | RegexOptions.IgnoreCase)]
    private static partial Regex Heading();
}
