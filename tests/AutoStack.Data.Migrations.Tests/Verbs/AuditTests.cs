using System.Text.Json;
using System.Text.Json.Nodes;
using AutoStack.Data.Migrations.Tests.Support;

namespace AutoStack.Data.Migrations.Tests.Verbs;

/// <summary>The verbs <c>audit show</c>, <c>export</c>, <c>status</c> and <c>maintain</c>, and <c>feature</c> for the feature.</summary>
public sealed class AuditTests : MigrationTests
{
    private const string Ada = "019a0000-0000-7000-8000-000000000001";

    [SetUp]
    public Task StartAtHeadAsync() => StartAtAsync(Head);

    [Test]
    public async Task Without_the_feature_every_verb_says_how_to_switch_it_on()
    {
        var status = await RunAsync("audit", "status");
        var maintain = await RunAsync("audit", "maintain", "--json");
        var show = await RunAsync("audit", "show");
        var export = await RunAsync("audit", "export", "--json");

        Assert.That((status.Code, status.Output.Trim()), Is.EqualTo(
            (0, "The database has no audit log. Switch it on: autostack-db feature enable audit")));
        Assert.That((maintain.Code, (bool)JsonNode.Parse(maintain.Output)!["enabled"]!), Is.EqualTo((0, false)));
        Assert.That(show.Code, Is.EqualTo(1));
        Assert.That(show.Error, Does.Contain("The database does not have the feature audit."));
        Assert.That((string)JsonNode.Parse(export.Output)!["error"]!["kind"]!, Is.EqualTo("auditUnavailable"));
    }

    [Test]
    public async Task Entries_are_shown_and_exported()
    {
        await RunAsync("feature", "enable", "audit");
        await ExecuteAsync($"""
            INSERT INTO users (id, name, email, created_at, updated_at) VALUES ('{Ada}', 'Ada', 'ada@example.com', now(), now());
            INSERT INTO users (name, email, created_at, updated_at) SELECT 'u', 'u' || n, now(), now() FROM generate_series(1, 1000) n;
            UPDATE users SET name = 'Ada L.', password_hash = 'x' WHERE id = '{Ada}';
            DELETE FROM users WHERE name = 'u';
            """);

        var show = await RunAsync("audit", "show", "--row", Ada);
        var json = JsonNode.Parse((await RunAsync("audit", "show", "--limit", "1", "--json")).Output)!;
        var none = await RunAsync("audit", "show", "--until", "2001-01-01", "--actor", "nobody");
        var export = await RunAsync("audit", "export", "--table", "users", "--since", "2001-01-01T00:00+01:00");
        var file = Path.Combine(Path.GetTempPath(), $"audit-{Guid.NewGuid():N}");
        var toFile = await RunAsync("audit", "export", "--row", Ada, "-o", file);
        var written = await File.ReadAllLinesAsync(file, Token);
        File.Delete(file);
        var lines = export.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonDocument.Parse(line).RootElement).ToList();

        using (Assert.EnterMultipleScope())
        {
            Assert.That(show.Code, Is.Zero, show.Error);
            Assert.That(show.Output, Does.Contain("name Ada → Ada L.").And.Contain("password_hash (secret)").And.Contain(Ada));
            Assert.That(json["entries"]!.AsArray(), Has.Count.EqualTo(1));
            Assert.That((bool)json["more"]!, Is.True);
            Assert.That((long)json["entries"]![0]!["rows"]!, Is.EqualTo(1000));
            Assert.That(none.Output.Trim(), Is.EqualTo("No entry."));
            Assert.That(lines, Has.Count.EqualTo(1003));
            Assert.That(lines.Select(line => line.GetProperty("seq").GetInt64()), Is.Ordered.Descending);
            Assert.That(
                lines[1].GetProperty("columns").GetProperty("name").GetRawText(), Is.EqualTo("""["Ada","Ada L."]"""));
            Assert.That(toFile.Output, Is.Empty);
            Assert.That(written, Has.Length.EqualTo(2));
        }
    }

    [Test]
    public async Task The_log_is_sealed_and_its_last_seal_can_be_compared()
    {
        await RunAsync("feature", "enable", "audit", "--keep", "400d");
        await ExecuteAsync("INSERT INTO users (name, email, created_at, updated_at) VALUES ('Ada', 'ada@example.com', now(), now())");
        await RunAsync("audit", "maintain");

        var maintain = await RunAsync("audit", "maintain", "--json");
        var seals = JsonNode.Parse(maintain.Output)!["seals"]!;
        var seal = $"{seals["number"]}:{seals["hash"]}";
        var status = await RunAsync("audit", "status", "--seal", seal);
        var other = await RunAsync("audit", "status", "--seal", $"1:{new string('0', 64)}");
        var missing = await RunAsync("audit", "status", "--seal", $"7:{new string('0', 64)}");
        var wrong = await RunAsync("audit", "status", "--seal", "7");
        var verify = await RunAsync("verify", "--check", "audit-chain");
        await ExecuteAsync("SET session_replication_role = replica; UPDATE autostack_audit.changes SET actor = 'x'");
        var changed = await RunAsync("verify", "--check", "audit-chain");

        using (Assert.EnterMultipleScope())
        {
            Assert.That(status.Code, Is.Zero, status.Error);
            Assert.That(status.Output, Does.Contain($"Seal {seal}").And.Contain("Entries are kept for 400 days.")
                .And.Contain("Every entry is sealed.").And.Contain("changes_default"));
            Assert.That((other.Code, missing.Code, wrong.Code), Is.EqualTo((8, 8, 2)));
            Assert.That(other.Error, Does.Contain("The audit log has another seal 1: it was made anew."));
            Assert.That(missing.Error, Does.Contain("The audit log has no seal 7"));
            Assert.That((verify.Code, changed.Code), Is.EqualTo((0, 8)), verify.Output);
            Assert.That(changed.Output, Does.Contain("error audit-chain: the audit log: an entry was changed: seal 1."));
        }
    }

    [Test]
    public async Task A_log_without_partitions_ahead_is_a_finding_of_the_doctor()
    {
        await RunAsync("feature", "enable", "audit");
        await ExecuteAsync("""
            DO $$
            DECLARE name text;
            BEGIN
                FOR name IN SELECT p.partition_name FROM audit_partitions() p WHERE NOT p.is_default LOOP
                    EXECUTE format('DROP TABLE autostack_audit.%I', name);
                END LOOP;
            END
            $$
            """);

        var doctor = await RunAsync("doctor", "--json");
        var status = await RunAsync("audit", "status");
        var maintain = await RunAsync("audit", "maintain");

        Assert.That(
            JsonNode.Parse(doctor.Output)!["findings"]!.AsArray().Select(finding => (string)finding!["rule"]!),
            Does.Contain("audit-ahead"));
        Assert.That(status.Code, Is.EqualTo(8));
        Assert.That(status.Output, Does.Contain("error audit-ahead: The audit log has no partition for new entries."));
        Assert.That(maintain.Code, Is.Zero, maintain.Output);
    }

    [Test]
    public async Task Disabling_names_the_log_and_its_entries_and_asks()
    {
        await RunAsync("feature", "enable", "audit", "--tables", "deployment_stages");
        await ExecuteAsync("INSERT INTO users (name, email, created_at, updated_at) VALUES ('Ada', 'ada@example.com', now(), now())");

        var check = await RunAsync("check");
        var refused = await RunAsync("feature", "disable", "audit");
        var no = await ConsoleRun.StartAsync(
            ["feature", "disable", "audit"], connection: ConnectionString, answer: "n", cancellationToken: Token);
        var yes = await RunAsync("feature", "disable", "audit", "--yes");

        using (Assert.EnterMultipleScope())
        {
            Assert.That(check.Output, Does.Contain("deployment_stages_record_update"), "a table that was asked for is named");
            Assert.That((refused.Code, no.Code, yes.Code), Is.EqualTo((2, 1, 0)), yes.Error);
            Assert.That(no.Error, Does.Contain("loses all data in").And.Contain("autostack_audit.changes: 1 row"));
            Assert.That(await ScalarAsync<long>("SELECT count(*) FROM pg_namespace WHERE nspname = 'autostack_audit'"), Is.Zero);
            Assert.That((await RunAsync("check")).Code, Is.Zero);
        }
    }

    [TestCase("--keep", "deployment_logs=9d", 2, "--keep deployment_logs=9d: the feature audit keeps all of its entries alike.")]
    [TestCase("--tables", "users", 2, "--tables is one of deployment_stages, deployment_logs")]
    [TestCase("--period", "day", 2, "--period does not belong to the feature audit.")]
    public async Task Wrong_options_of_the_feature_are_named(string option, string value, int code, string message)
    {
        var run = await RunAsync("feature", "enable", "audit", option, value);

        Assert.That(run.Code, Is.EqualTo(code), run.Error);
        Assert.That(run.Error, Does.Contain(message));
    }

    private Task<ConsoleRun> RunAsync(params string[] args) =>
        ConsoleRun.StartAsync(args, connection: ConnectionString, cancellationToken: Token);
}
