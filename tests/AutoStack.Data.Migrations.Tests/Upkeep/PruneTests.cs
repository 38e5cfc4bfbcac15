using AutoStack.Data.Migrations.Tests.Support;
using Npgsql;

namespace AutoStack.Data.Migrations.Tests.Upkeep;

/// <summary><c>prune</c> on a real server.</summary>
public sealed class PruneTests : MigrationTests
{
    private const string Sessions = "SELECT count(*) FROM sessions";

    [SetUp]
    public Task StartAsync() => StartAtAsync(Head);

    [Test]
    public async Task A_dry_run_counts_and_removes_nothing()
    {
        await FillAsync(sessions: 3, lines: 5);
        await ExecuteAsync("ANALYZE");

        var run = await RunAsync("prune", "--dry-run");

        Assert.That(run.Code, Is.Zero, run.Error);
        Assert.That(run.Output, Does.Match(@"deployment_logs +4 +\d[\d.]* ").And.Match(@"sessions +3 +\d[\d.]* "));
        Assert.That(run.Output, Does.Contain("7 rows would be removed from ").And.Contain("Nothing was changed."));
        var json = (await RunAsync("prune", "--dry-run", "--json")).Json;
        Assert.That((json.GetProperty("dryRun").GetBoolean(), json.GetProperty("rows").GetInt64()), Is.EqualTo((true, 7)));
        var table = json.GetProperty("tables").EnumerateArray().Single(table => table.GetProperty("table").GetString() == "sessions");
        Assert.That(table.GetProperty("estimatedBytes").GetInt64(), Is.GreaterThan(0));
        Assert.That(await ScalarAsync<long>(Sessions), Is.EqualTo(3));
        Assert.That(await ScalarAsync<long>("SELECT count(*) FROM upkeep_leases"), Is.Zero);
    }

    [Test]
    public async Task A_run_removes_the_rows_and_reports_each_table()
    {
        await FillAsync(sessions: 3, lines: 5);

        var run = await RunAsync("prune", "--yes");

        Assert.That(run.Code, Is.Zero, run.Error);
        Assert.That(run.Output, Does.Match(@"deployment_logs +4 +1 +\S+ \S+ +[\d,]+ done").And.Contain("7 rows removed in "));
        Assert.That(await ScalarAsync<long>(Sessions), Is.Zero);
        Assert.That(await ScalarAsync<long>("SELECT count(*) FROM deployment_logs"), Is.EqualTo(1));
        Assert.That(await ScalarAsync<string>("SELECT last_outcome FROM upkeep_leases"), Is.EqualTo("completed"));
        var json = (await RunAsync("prune", "--yes", "--json")).Json;
        Assert.That((json.GetProperty("outcome").GetString(), json.GetProperty("rows").GetInt64()), Is.EqualTo(("completed", 0)));
    }

    [TestCase("n", 1, 3)]
    [TestCase("", 1, 3)]
    [TestCase("y", 0, 0)]
    public async Task Without_yes_the_rows_are_announced_and_asked_for(string answer, int code, int left)
    {
        await FillAsync(sessions: 3, lines: 1);

        var run = await AnswerAsync(answer, "prune");

        Assert.That(run.Code, Is.EqualTo(code), run.Error);
        Assert.That(run.Error, Does.Contain("3 rows will be removed from ").And.Contain("Continue?"));
        Assert.That(await ScalarAsync<long>(Sessions), Is.EqualTo(left));
        if (code != 0)
        {
            Assert.That(run.Error, Does.Contain("Not confirmed. Nothing was removed."));
        }
    }

    [Test]
    public async Task Nobody_who_can_answer_is_asked_for_yes()
    {
        var run = await RunAsync("prune");

        Assert.That((run.Code, run.Error), Is.EqualTo((2, "prune asks before it removes anything, and nobody can answer: add --yes.\n")));
    }

    [Test]
    public async Task Tables_and_rows_limit_the_run()
    {
        await FillAsync(sessions: 9, lines: 5);

        var run = await RunAsync("prune", "--yes", "--table", "sessions", "--max-rows", "4", "--max-minutes", "5");

        Assert.That(run.Code, Is.Zero, run.Error);
        Assert.That(run.Output, Does.Contain("4 rows removed in").And.Contain("ended at its limit").And.Not.Contain("deployment_logs"));
        Assert.That(await ScalarAsync<long>(Sessions), Is.EqualTo(5));
        Assert.That(await ScalarAsync<long>("SELECT count(*) FROM deployment_logs"), Is.EqualTo(5));
        Assert.That(
            await ScalarAsync<bool>("SELECT last_finished_at IS NULL AND released_at IS NOT NULL FROM upkeep_leases"), Is.True,
            "A run of some tables is not the run of the day.");
    }

    [TestCase("--table", "session", "Did you mean sessions?")]
    [TestCase("--table", "projects", "The tables are deployments,")]
    [TestCase("--max-rows", "0", "--max-rows is a whole number, 1 or more.")]
    [TestCase("--max-minutes", "525601", "up to a year")]
    public async Task Wrong_options_are_named(string option, string value, string message)
    {
        var run = await RunAsync("prune", "--yes", option, value);

        Assert.That((run.Code, run.Error), Is.EqualTo((2, run.Error)));
        Assert.That(run.Error, Does.Contain(message));
    }

    [Test]
    public async Task A_table_that_the_policy_keeps_is_refused()
    {
        using var place = new Workplace();
        await File.WriteAllTextAsync(Path.Combine(place.Root, "policy.json"), """{ "deploymentLogs": null }""", Token);

        var run = await ConsoleRun.StartAsync(
            ["prune", "--yes", "--policy", "policy.json", "--table", "deployment_logs"], place.Root, ConnectionString);

        Assert.That((run.Code, run.Error), Is.EqualTo((2, "--table deployment_logs: the policy keeps the rows of this table.\n")));
    }

    [Test]
    public async Task A_policy_file_sets_the_ages()
    {
        await FillAsync(sessions: 2, lines: 5);
        using var place = new Workplace();
        await File.WriteAllTextAsync(
            Path.Combine(place.Root, "policy.json"),
            """
            {
                // Sessions stay.
                "expiredSessions": false,
                "deploymentLogs": "1000w",
                "batchSize": 2,
                "pacing": { "niceRatio": 0, "maxReplicaLag": null, },
            }
            """,
            Token);

        var run = await ConsoleRun.StartAsync(["prune", "--yes", "--policy", "policy.json"], place.Root, ConnectionString);

        Assert.That(run.Code, Is.EqualTo(2), "1000 weeks are more than ten years.");
        Assert.That(run.Error, Does.StartWith("--policy policy.json: deploymentLogs is out of its range: "));
        await File.WriteAllTextAsync(
            Path.Combine(place.Root, "policy.json"), """{ "expiredSessions": false, "deploymentLogs": "30d", "batchSize": 2 }""", Token);
        run = await ConsoleRun.StartAsync(["prune", "--yes", "--policy", "policy.json", "--json"], place.Root, ConnectionString);
        Assert.That(run.Code, Is.Zero, run.Error);
        var tables = run.Json.GetProperty("tables").EnumerateArray()
            .ToDictionary(table => table.GetProperty("table").GetString()!, table => table.GetProperty("batches").GetInt32());
        Assert.That((tables["deployment_logs"], tables.ContainsKey("sessions")), Is.EqualTo((2, false)));
        Assert.That(await ScalarAsync<long>(Sessions), Is.EqualTo(2));
    }

    [Test]
    public async Task A_role_without_the_rights_is_told_before_the_first_batch()
    {
        await FillAsync(sessions: 2, lines: 5);
        await ExecuteAsync("""
            CREATE ROLE prune_reader LOGIN PASSWORD 'reader';
            GRANT SELECT, UPDATE ON ALL TABLES IN SCHEMA public TO prune_reader;
            GRANT INSERT ON upkeep_leases TO prune_reader; GRANT DELETE ON sessions TO prune_reader
            """);
        try
        {
            var reader = new NpgsqlConnectionStringBuilder(ConnectionString) { Username = "prune_reader", Password = "reader" };
            var run = await ConsoleRun.StartAsync(["prune", "--yes"], connection: reader.ConnectionString);

            Assert.That(run.Code, Is.EqualTo(1));
            Assert.That(run.Error, Does.StartWith(
                "The role may not remove old rows. It lacks: DELETE on deployments, DELETE on deployment_logs, "));
            Assert.That(run.Error, Does.Contain("Nothing was removed.").And.Not.Contain("sessions"));
            Assert.That(await ScalarAsync<long>("SELECT count(*) FROM upkeep_leases"), Is.Zero);

            run = await ConsoleRun.StartAsync(["prune", "--yes", "--table", "sessions"], connection: reader.ConnectionString);
            Assert.That(run.Code, Is.Zero, run.Error);
            Assert.That(await ScalarAsync<long>(Sessions), Is.Zero);
        }
        finally
        {
            await RestartAsync();
            await using var server = NpgsqlDataSource.Create(Server.ConnectionString);
            await using var drop = server.CreateCommand("DROP ROLE prune_reader");
            await drop.ExecuteNonQueryAsync(CancellationToken.None);
        }
    }

    [Test]
    public async Task A_process_that_renews_its_lease_is_named()
    {
        await FillAsync(sessions: 2, lines: 1);
        await HoldLeaseAsync(seconds: 300);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var renewing = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                await ExecuteAsync("UPDATE upkeep_leases SET renewed_at = now() AT TIME ZONE 'UTC'");
                await Task.Delay(50, CancellationToken.None);
            }
        });

        var run = await RunAsync("prune", "--yes");

        await stop.CancelAsync();
        await renewing;
        Assert.That(run.Code, Is.EqualTo(5));
        Assert.That(run.Error, Does.Contain("service-7 runs the retention since ").And.Contain("Nothing was removed."));
        Assert.That(await ScalarAsync<long>(Sessions), Is.EqualTo(2));
    }

    [Test]
    public async Task The_lease_of_a_process_that_is_gone_is_waited_for()
    {
        await FillAsync(sessions: 2, lines: 1);
        await HoldLeaseAsync(seconds: 3);

        var run = await RunAsync("prune", "--yes");

        Assert.That(run.Code, Is.Zero, run.Error);
        Assert.That(run.Error, Does.Contain("service-7 holds the lease of the retention until "));
        Assert.That(await ScalarAsync<long>(Sessions), Is.Zero);
    }

    [Test]
    public async Task Without_patience_the_holder_is_named_at_once()
    {
        await HoldLeaseAsync(seconds: 300);

        var run = await RunAsync("prune", "--yes", "--timeout", "0", "--json");

        Assert.That(run.Code, Is.EqualTo(5));
        Assert.That(run.Json.GetProperty("error").GetProperty("kind").GetString(), Is.EqualTo("locked"));
    }

    [Test]
    public async Task An_old_schema_is_reported()
    {
        await RestartAsync();
        await StartAtAsync(40);

        var run = await RunAsync("prune", "--yes");

        Assert.That(run.Code, Is.EqualTo(1));
        Assert.That(run.Error, Does.Contain("upkeep_leases, which does not exist").And.Contain("upgrade"));
    }

    private Task<ConsoleRun> RunAsync(params string[] args) => ConsoleRun.StartAsync(args, connection: ConnectionString);

    private Task<ConsoleRun> AnswerAsync(string answer, params string[] args) =>
        ConsoleRun.StartAsync(args, connection: ConnectionString, answer: answer);

    private Task HoldLeaseAsync(int seconds) => ExecuteAsync($"""
        INSERT INTO upkeep_leases (name, created_at, holder, claim_key, acquired_at, renewed_at, expires_at)
        SELECT 'retention', n, 'service-7', gen_random_uuid(), n, n, n + interval '{seconds} s'
        FROM (SELECT now() AT TIME ZONE 'UTC') t (n)
        """);

    // Expired sessions, and a log of so many lines, of which the last one stays.
    private Task FillAsync(int sessions, int lines) => ExecuteAsync(Filling.Sql(sessions, lines));
}

/// <summary>Old rows of a user, a project and a deployment.</summary>
internal static class Filling
{
    public static string Sql(int sessions, int lines) => $"""
        INSERT INTO users (id, name, email, created_at, updated_at)
        VALUES ('00000000-0000-0000-0000-000000000001', 'Ada', 'ada@example.com', now(), now());
        INSERT INTO projects (id, user_id, name, repository, created_at, updated_at)
        SELECT '00000000-0000-0000-0000-000000000002', id, 'Site', 'ada/site', now(), now() FROM users;
        INSERT INTO deployments (id, project_id, user_id, status, created_at)
        SELECT '00000000-0000-0000-0000-000000000003', id, user_id, 'success', now() FROM projects;
        INSERT INTO sessions (id, user_id, token, expires_at, created_at)
        SELECT gen_random_uuid(), u.id, 'hash-' || n, '2020-01-01', '2020-01-01' FROM users u, generate_series(1, {sessions}) n;
        INSERT INTO deployment_logs (id, deployment_id, message, timestamp, created_at, seq)
        SELECT gen_random_uuid(), d.id, 'line', '2020-01-01', '2020-01-01', n FROM deployments d, generate_series(1, {lines}) n
        """;
}
