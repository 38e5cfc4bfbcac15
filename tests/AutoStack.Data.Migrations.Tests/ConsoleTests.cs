using System.Text.Json;
using AutoStack.Data.Cli;
using AutoStack.Data.Migrations.Tests.Support;
using Npgsql;

namespace AutoStack.Data.Migrations.Tests;

public sealed class ConsoleTests : MigrationTests
{
    private const string Secret = "s3cret-pass";
    private const string Nowhere = "Host=127.0.0.1;Port=1;Database=a;Username=b;Password=" + Secret;

    [Test]
    public async Task Upgrade_applies_everything_and_a_second_run_nothing()
    {
        var first = await RunAsync("upgrade");
        var second = await RunAsync("upgrade", "head");

        using (Assert.EnterMultipleScope())
        {
            Assert.That((first.Code, second.Code), Is.EqualTo((0, 0)));
            Assert.That(first.Output, Does.Contain("0001_initial_schema.sql").And.Contain($"0 → {Head}: {Head} scripts in"));
            Assert.That(second.Output, Is.EqualTo($"Already at version {Head}, nothing to do.{Environment.NewLine}"));
            Assert.That(first.Error + second.Error, Is.Empty);
            Assert.That(await AppliedAsync(), Has.Count.EqualTo(Head));
        }
    }

    [TestCase("+2", 2)]
    [TestCase("3", 3)]
    [TestCase("0001", 1)]
    [TestCase("HEAD", 0)]
    public async Task Upgrade_takes_a_target(string target, int version)
    {
        var run = await RunAsync("upgrade", target);

        Assert.That(run.Code, Is.Zero);
        Assert.That(await AppliedAsync(), Has.Count.EqualTo(version == 0 ? Head : version));
    }

    [TestCase("-1", 2)]
    [TestCase("-2", 1)]
    [TestCase("1", 1)]
    [TestCase("base", 0)]
    public async Task Downgrade_takes_a_target(string target, int version)
    {
        await RunAsync("upgrade", "3");

        var run = await RunAsync("downgrade", target, "--yes");

        using (Assert.EnterMultipleScope())
        {
            Assert.That(run.Code, Is.Zero);
            Assert.That(run.Output, Does.Contain($"3 → {version}: "));
            Assert.That(await AppliedAsync(), Has.Count.EqualTo(version));
        }
    }

    [Test]
    public async Task Downgrade_lists_the_data_that_is_lost()
    {
        await RunAsync("upgrade", "3");

        var run = await RunAsync("downgrade", "1", "--yes");

        Assert.That(run.Error,
            Does.Contain("deployment_containers, deployment_health_checks, deployment_runtime_logs").And.Contain("deployment_logs.seq"));
    }

    [Test]
    public async Task Downgrade_changes_nothing_when_no_one_can_confirm()
    {
        await RunAsync("upgrade", "3");

        var run = await RunAsync("downgrade", "base");

        using (Assert.EnterMultipleScope())
        {
            Assert.That(run.Code, Is.EqualTo(2));
            Assert.That(run.Error, Does.Contain("--yes"));
            Assert.That(await AppliedAsync(), Has.Count.EqualTo(3));
        }
    }

    [TestCase("y", 0, 2)]
    [TestCase("YES", 0, 2)]
    [TestCase("n", 1, 3)]
    [TestCase("", 1, 3)]
    public async Task Downgrade_asks_before_it_drops(string answer, int code, int version)
    {
        await RunAsync("upgrade", "3");

        var run = await RunAsync(["downgrade", "-1"], answer: answer);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(run.Code, Is.EqualTo(code));
            Assert.That(run.Error, Does.Contain("Continue?"));
            Assert.That(await AppliedAsync(), Has.Count.EqualTo(version));
        }
    }

    [Test]
    public async Task Current_prints_the_version_in_one_line()
    {
        var empty = await RunAsync("current");
        await RunAsync("upgrade", "2");
        var half = await RunAsync("current");
        await RunAsync("upgrade");
        var full = await RunAsync("current");

        using (Assert.EnterMultipleScope())
        {
            Assert.That((empty.Code, half.Code, full.Code), Is.EqualTo((0, 0, 0)));
            Assert.That(empty.Output.TrimEnd(), Is.EqualTo($"0 (base), {Head} pending"));
            Assert.That(half.Output.TrimEnd(), Is.EqualTo($"2 (0002_runtime_models), {Head - 2} pending"));
            Assert.That(full.Output.TrimEnd(), Is.EqualTo($"{Head} ({SchemaMigrator.Scripts[^1].Name}), up to date"));
        }
    }

    [Test]
    public async Task History_prints_a_line_per_script()
    {
        await RunAsync("upgrade", "1");

        var run = await RunAsync("history");

        var lines = run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(run.Code, Is.Zero);
            Assert.That(lines, Has.Length.EqualTo(Head + 1));
            Assert.That(lines[1], Does.StartWith("1").And.Contain("0001_initial_schema").And.Contain("applied")
                .And.Contain(SchemaMigrator.Scripts[0].Checksum[..12]));
            Assert.That(lines[2], Does.StartWith("2").And.Contain("0002_runtime_models").And.Contain("pending"));
        }
    }

    [Test]
    public async Task Migrations_as_JSON_have_the_documented_members()
    {
        var up = (await RunAsync("upgrade", "2", "--json")).Json();
        var down = (await RunAsync("--json", "downgrade", "-1", "--yes")).Json();

        using (Assert.EnterMultipleScope())
        {
            Assert.That((up.GetProperty("from").GetInt32(), up.GetProperty("to").GetInt32()), Is.EqualTo((0, 2)));
            Assert.That(
                up.GetProperty("steps").EnumerateArray()
                    .Select(step => (step.GetProperty("version").GetInt32(), step.GetProperty("script").GetString())),
                Is.EqualTo(new[] { (1, "0001_initial_schema.sql"), (2, "0002_runtime_models.sql") }));
            Assert.That(up.GetProperty("steps")[0].GetProperty("durationMs").GetDouble(), Is.Positive);
            Assert.That((down.GetProperty("from").GetInt32(), down.GetProperty("to").GetInt32()), Is.EqualTo((2, 1)));
            Assert.That(down.GetProperty("steps")[0].GetProperty("script").GetString(), Is.EqualTo("0002_runtime_models.down.sql"));
        }
    }

    [Test]
    public async Task The_current_version_as_JSON_has_the_documented_members()
    {
        var empty = (await RunAsync("current", "--json")).Json();
        await RunAsync("upgrade", "2");
        var half = (await RunAsync("current", "--json")).Json();

        using (Assert.EnterMultipleScope())
        {
            Assert.That(empty.GetProperty("version").GetInt32(), Is.Zero);
            Assert.That(empty.GetProperty("name").ValueKind, Is.EqualTo(JsonValueKind.Null));
            Assert.That(half.GetProperty("version").GetInt32(), Is.EqualTo(2));
            Assert.That(half.GetProperty("name").GetString(), Is.EqualTo("0002_runtime_models"));
            Assert.That(half.GetProperty("head").GetInt32(), Is.EqualTo(Head));
            Assert.That(half.GetProperty("pending").GetInt32(), Is.EqualTo(Head - 2));
            Assert.That(half.GetProperty("upToDate").GetBoolean(), Is.False);
        }
    }

    [Test]
    public async Task The_history_as_JSON_has_the_documented_members()
    {
        await RunAsync("upgrade", "1");

        var history = (await RunAsync("history", "--json")).Json();

        var applied = history.GetProperty("versions")[0];
        var pending = history.GetProperty("versions")[1];
        using (Assert.EnterMultipleScope())
        {
            Assert.That((history.GetProperty("current").GetInt32(), history.GetProperty("head").GetInt32()), Is.EqualTo((1, Head)));
            Assert.That(history.GetProperty("versions").GetArrayLength(), Is.EqualTo(Head));
            Assert.That(applied.GetProperty("version").GetInt32(), Is.EqualTo(1));
            Assert.That(applied.GetProperty("name").GetString(), Is.EqualTo("0001_initial_schema"));
            Assert.That(applied.GetProperty("state").GetString(), Is.EqualTo("applied"));
            Assert.That(applied.GetProperty("checksum").GetString(), Is.EqualTo(SchemaMigrator.Scripts[0].Checksum));
            Assert.That(applied.GetProperty("appliedAt").GetString(), Does.EndWith("Z"));
            Assert.That(applied.GetProperty("durationMs").GetDouble(), Is.Not.Negative);
            Assert.That(applied.GetProperty("appliedBy").GetString(), Is.Not.Empty);
            Assert.That(applied.GetProperty("toolVersion").GetString(), Is.Not.Empty);
            Assert.That(pending.GetProperty("state").GetString(), Is.EqualTo("pending"));
            Assert.That(new[] { "appliedAt", "durationMs", "appliedBy", "toolVersion" }.Select(name => pending.GetProperty(name).ValueKind),
                Is.All.EqualTo(JsonValueKind.Null));
        }
    }

    [Test]
    public async Task A_downgrade_lists_the_tables_whose_rows_it_deletes()
    {
        var run = await ConsoleRun.StartAsync(["downgrade", "15", "--sql"], cancellationToken: Token);

        Assert.That(run.Error,
            Does.Contain("loses all data in").And.Contain("sessions.family_id, sessions.rotated_at").And.Contain("rows of  sessions\n"));
    }

    [Test]
    public async Task A_failing_script_exits_with_1_and_is_rolled_back()
    {
        await RunAsync("upgrade", "1");
        await ExecuteAsync("CREATE SEQUENCE deployment_health_checks");

        var refused = await RunAsync("upgrade", "--json");
        var run = await RunAsync("upgrade", "--json", "--ignore-obstacles");

        using (Assert.EnterMultipleScope())
        {
            Assert.That((refused.Code, run.Code), Is.EqualTo((1, 1)));
            AssertFailure(refused, "obstacles", "0002_runtime_models.sql");
            AssertFailure(refused, "obstacles", "ALTER SEQUENCE public.deployment_health_checks RENAME TO");
            AssertFailure(run, "scriptFailed", "0002_runtime_models.sql");
            AssertFailure(run, "scriptFailed", "the database is at version 1");
            Assert.That(await ExistsAsync("deployment_containers"), Is.False);
            Assert.That(await AppliedAsync(), Is.EqualTo(new[] { "1" }));
        }
    }

    [Test]
    public async Task A_cancelled_run_exits_with_1()
    {
        var run = await RunAsync(["upgrade", "--json"], cancellationToken: new CancellationToken(canceled: true));

        using (Assert.EnterMultipleScope())
        {
            Assert.That(run.Code, Is.EqualTo(1));
            AssertFailure(run, "cancelled", "Nothing was changed");
            Assert.That(await ExistsAsync("schema_versions"), Is.False);
        }
    }

    [TestCase("no such verb", "frobnicate")]
    [TestCase("no verb")]
    [TestCase("bad target", "upgrade", "latest")]
    [TestCase("bad target", "upgrade", "0")]
    [TestCase("two targets", "upgrade", "1", "2")]
    [TestCase("no target", "downgrade", "--yes")]
    [TestCase("unknown option", "upgrade", "--force")]
    [TestCase("no such version", "upgrade", "9999")]
    [TestCase("wrong direction", "upgrade", "-1")]
    [TestCase("no number", "upgrade", "--timeout", "soon")]
    [TestCase("no value", "current", "--connection")]
    [TestCase("empty value", "upgrade", "--connection", "")]
    [TestCase("blank value", "upgrade", "--connection= ")]
    [TestCase("empty value", "upgrade", "--sql", "--connection", "")]
    [TestCase("a value for a switch", "upgrade", "--json=" + Secret)]
    [TestCase("a value for a switch", "upgrade", "--dry-run:" + Secret)]
    public async Task Wrong_usage_exits_with_2(string why, params string[] args)
    {
        var text = await RunAsync(args);
        var json = await RunAsync(["--json", .. args]);

        using (Assert.EnterMultipleScope())
        {
            Assert.That((text.Code, json.Code), Is.EqualTo((2, 2)), why);
            Assert.That(text.Error, Is.Not.Empty);
            Assert.That(text.Output, Is.Empty);
            Assert.That(json.Json().GetProperty("error").GetProperty("kind").GetString(), Is.EqualTo("usage").Or.EqualTo("targetInvalid"));
            Assert.That(await CatalogAsync(), Is.Empty);
        }
    }

    [TestCase("upgrade")]
    [TestCase("current")]
    [TestCase("history")]
    [TestCase("downgrade", "base", "--yes")]
    public async Task A_missing_connection_argument_exits_with_2(params string[] args)
    {
        var run = await RunAsync(args, environment: _ => null);

        Assert.That(run.Code, Is.EqualTo(2));
        Assert.That(run.Error, Does.Contain("AUTOSTACK_CONNECTION").And.Contain("--connection"));
    }

    [TestCase("upgrade")]
    [TestCase("downgrade", "base", "--yes")]
    public async Task A_changed_script_exits_with_4(params string[] args)
    {
        await RunAsync("upgrade", "2");
        await ExecuteAsync("UPDATE schema_versions SET checksum = repeat('0', 64) WHERE version = 2");

        var run = await RunAsync([.. args, "--json"]);

        Assert.That(run.Code, Is.EqualTo(4));
        AssertFailure(run, "scriptChanged", "0002_runtime_models.sql");
    }

    [Test]
    public async Task A_held_lock_exits_with_5()
    {
        await using var obstacle = await HoldAsync("CREATE TABLE users ()");
        var first = Migrator().UpgradeAsync(cancellationToken: Token);
        await UntilMigratorWaitsForTableAsync();

        var run = await RunAsync("upgrade", "--timeout", "0", "--json");
        obstacle.Release();
        await first;

        Assert.That(run.Code, Is.EqualTo(5));
        AssertFailure(run, "locked", "pid ");
    }

    [TestCase("upgrade")]
    [TestCase("current")]
    [TestCase("history")]
    [TestCase("downgrade", "base", "--yes")]
    public async Task A_failed_connection_exits_with_6_and_shows_no_password(params string[] args)
    {
        var nowhere = await RunAsync(args, environment: _ => Nowhere);
        var garbage = await RunAsync([.. args, "--json", "--connection", "postgresql://ada:" + Secret + "@localhost:port/a"]);

        using (Assert.EnterMultipleScope())
        {
            Assert.That((nowhere.Code, garbage.Code), Is.EqualTo((6, 6)));
            Assert.That(nowhere.Error, Does.Contain("127.0.0.1:1"));
            AssertFailure(garbage, "noConnection", "");
        }
    }

    [TestCase("upgrade", "--conection", Nowhere)]
    [TestCase("upgrade", "--conection=" + Nowhere)]
    [TestCase("upgrade", Nowhere)]
    [TestCase(Nowhere)]
    [TestCase("upgrade", "postgresql://ada:" + Secret + "@localhost/a")]
    [TestCase("--connection", Nowhere)]
    public async Task A_misplaced_connection_string_is_not_quoted(params string[] args)
    {
        var run = await RunAsync(args);

        Assert.That(run.Code, Is.EqualTo(2));
        Assert.That(run.Error, Is.Not.Empty);
    }

    [Test]
    public async Task The_option_overrides_the_variable_and_the_password_is_not_shown()
    {
        var run = await RunAsync(["upgrade", "1", "--connection", ConnectionString], environment: _ => Nowhere);
        var password = new NpgsqlConnectionStringBuilder(ConnectionString).Password;

        Assert.That(run.Code, Is.Zero);
        Assert.That(await AppliedAsync(), Is.EqualTo(new[] { "1" }));
        if (!string.IsNullOrEmpty(password))
        {
            Assert.That(run.Output + run.Error, Does.Not.Contain(password));
        }
    }

    [Test]
    public async Task The_console_reads_only_the_variable_AUTOSTACK_CONNECTION()
    {
        var asked = new List<string>();

        await RunAsync(["current"], environment: name =>
        {
            asked.Add(name);
            return ConnectionString;
        });

        Assert.That(asked, Is.EqualTo(new[] { "AUTOSTACK_CONNECTION" }));
    }

    private static void AssertFailure(Run run, string kind, string text)
    {
        var error = run.Json().GetProperty("error");
        Assert.That(error.GetProperty("kind").GetString(), Is.EqualTo(kind));
        Assert.That(error.GetProperty("message").GetString(), Is.Not.Empty.And.Contain(text));
    }

    private Task<Run> RunAsync(params string[] args) => RunAsync(args, answer: null);

    /// <summary>One run of the console; the variable names the database unless the arguments do.</summary>
    private async Task<Run> RunAsync(
        string[] args, string? answer = null, Func<string, string?>? environment = null, CancellationToken? cancellationToken = null)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        using var input = new StringReader(answer ?? "");
        var host = new CliHost(output, error, input, environment ?? (name => name == "AUTOSTACK_CONNECTION" ? ConnectionString : null))
        {
            InputRedirected = answer is null,
        };
        var code = await AutoStackDb.RunAsync(args, host, cancellationToken ?? Token);
        var run = new Run(code, output.ToString(), error.ToString());
        Assert.That(run.Output + run.Error, Does.Not.Contain(Secret));
        return run;
    }

    private sealed record Run(int Code, string Output, string Error)
    {
        /// <summary>Standard output, which must be exactly one JSON object.</summary>
        public JsonElement Json() => JsonDocument.Parse(Output).RootElement;
    }
}
