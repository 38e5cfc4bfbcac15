using AutoStack.Data.Migrations.Internal;
using AutoStack.Data.Migrations.Tests.Support;
using Npgsql;

namespace AutoStack.Data.Migrations.Tests;

public sealed class RehearsalTests : MigrationTests
{
    private const string Rows = """
        INSERT INTO users (name, email) VALUES ('Ada', 'ada@example.com');
        INSERT INTO projects (user_id, name, repository) SELECT id, 'site', 'ada/site' FROM users;
        INSERT INTO deployments (project_id, user_id) SELECT id, user_id FROM projects;
        INSERT INTO deployment_logs (deployment_id, message) SELECT id, 'line ' || n FROM deployments, generate_series(1, 3) n;
        """;

    [TestCase(0)]
    [TestCase(2)]
    [TestCase(13)]
    public async Task A_rehearsed_upgrade_leaves_nothing(int from)
    {
        if (from > 0)
        {
            await StartAtAsync(from);
            await ExecuteAsync(Rows);
        }

        var before = await FingerprintAsync();
        var run = await RunAsync("upgrade", "--rehearse", "--yes");

        using (Assert.EnterMultipleScope())
        {
            Assert.That(run.Code, Is.Zero, run.Error);
            Assert.That(run.Output,
                Does.Contain($"{from} → {Head}: {Head - from} scripts rehearsed in").And.Contain("Nothing was changed.")
                .And.Not.Contain("skipped"));
            Assert.That(await FingerprintAsync(), Is.EqualTo(before));
        }

        // The real run reaches the same version.
        Assert.That((await Migrator().UpgradeAsync(cancellationToken: Token)).ToVersion, Is.EqualTo(Head));
    }

    [Test]
    public async Task A_rehearsed_downgrade_loses_nothing()
    {
        await StartAtAsync(Head);
        await ExecuteAsync(Rows);
        var before = await FingerprintAsync();

        var run = await RunAsync("downgrade", "base", "--rehearse", "--yes", "--json");

        using (Assert.EnterMultipleScope())
        {
            Assert.That(run.Code, Is.Zero, run.Error);
            Assert.That((run.Json.GetProperty("from").GetInt32(), run.Json.GetProperty("to").GetInt32()), Is.EqualTo((Head, 0)));
            Assert.That(run.Json.GetProperty("rehearsed").GetArrayLength(), Is.EqualTo(Head));
            Assert.That(
                run.Json.GetProperty("rehearsed").EnumerateArray()
                    .Single(s => s.GetProperty("script").GetString() == "0023_add_deployment_runtime_logs_time_index.down.sql")
                        .GetProperty("way").GetString(),
                Is.EqualTo("inTransaction"));
            Assert.That(run.Json.GetProperty("rehearsed")[0].GetProperty("durationMs").GetDouble(), Is.Positive);
            Assert.That(run.Json.GetProperty("rehearsed")[Head - 1].GetProperty("way").GetString(), Is.EqualTo("asWritten"));
            Assert.That(run.Json.GetProperty("rehearsed")[Head - 1].GetProperty("script").GetString(),
                Is.EqualTo("0001_initial_schema.down.sql"));
            Assert.That(await FingerprintAsync(), Is.EqualTo(before));
        }
    }

    [Test]
    public async Task A_rehearsal_finds_duplicates()
    {
        await StartAtAsync(9);
        await ExecuteAsync("INSERT INTO users (name, email) VALUES ('Ada', 'ada@example.com'), ('Ada', 'ADA@example.com')");
        var before = await FingerprintAsync();

        var run = await RunAsync("upgrade", "--rehearse", "--yes", "--json", "--ignore-obstacles");

        using (Assert.EnterMultipleScope())
        {
            Assert.That(run.Code, Is.EqualTo(1));
            Assert.That(run.Json.GetProperty("error").GetProperty("message").GetString(),
                Does.StartWith("0012_add_users_email_key.sql").And.Contain("23505")
                    .And.Contain($"Rehearsed 2 of {Head - 9} scripts before it; everything was rolled back."));
            Assert.That(await FingerprintAsync(), Is.EqualTo(before));
        }
    }

    [TestCase("CREATE TABLE b (); SELECT 1 / 0", "22012")]
    [TestCase("CREATE TABLE b (); COMMIT", "0A000")]
    [TestCase("CREATE TABLE b (id int UNIQUE DEFERRABLE INITIALLY DEFERRED); INSERT INTO b VALUES (1), (1)", "23505")]
    public async Task A_rehearsal_that_fails_half_way_leaves_nothing(string second, string sqlState)
    {
        var before = await FingerprintAsync();

        var failure = Assert.ThrowsAsync<MigrationException>(
            () => Migrator(Scripts("CREATE TABLE a ()", second, "CREATE TABLE c ()"), new SchemaMigratorOptions { IgnoreObstacles = true })
                .RehearseUpgradeAsync(cancellationToken: Token))!;

        using (Assert.EnterMultipleScope())
        {
            Assert.That(failure.Error, Is.EqualTo(MigrationError.ScriptFailed));
            Assert.That(failure.Message,
                Does.StartWith("0002_run_test.sql").And.Contain(sqlState).And.Contain("everything was rolled back"));
            Assert.That(await FingerprintAsync(), Is.EqualTo(before));
        }
    }

    [Test]
    public async Task A_later_failure_names_the_scripts_that_a_rehearsal_skipped()
    {
        await ExecuteAsync("CREATE TABLE t (id int)");
        var skipping = Scripts("CREATE TABLE a ()", "-- autostack: no-transaction\nVACUUM t", "CREATE TABLE c ()");
        var failing = Scripts("-- autostack: no-transaction\nVACUUM t", "SELECT 1 / 0");

        var report = await Migrator(skipping).RehearseUpgradeAsync(cancellationToken: Token);
        var failure = Assert.ThrowsAsync<MigrationException>(() => Migrator(failing).RehearseUpgradeAsync(cancellationToken: Token))!;

        using (Assert.EnterMultipleScope())
        {
            Assert.That(report.Steps.Select(s => s.Outcome),
                Is.EqualTo(new[] { RehearsalOutcome.AsWritten, RehearsalOutcome.Skipped, RehearsalOutcome.AsWritten }));
            Assert.That(report.Steps[1].Sql, Is.Null);
            Assert.That(failure.Message, Does.Contain("without 0001_run_test.sql"));
        }
    }

    [Test]
    public async Task A_rehearsal_builds_concurrent_indexes_and_replaces_invalid_ones()
    {
        const string Build = "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS t_id_key ON t (id)";
        await ExecuteAsync("CREATE TABLE t (id int); INSERT INTO t VALUES (1), (1)");
        Assert.ThrowsAsync<PostgresException>(() => ExecuteAsync(Build));
        await ExecuteAsync("DELETE FROM t WHERE ctid = '(0,1)'");
        var before = await FingerprintAsync();

        var report = await Migrator(
            Scripts("-- autostack: no-transaction\n" + Build, "ALTER TABLE t ADD CONSTRAINT t_id_key UNIQUE USING INDEX t_id_key"))
            .RehearseUpgradeAsync(cancellationToken: Token);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(report.Steps[0].Outcome, Is.EqualTo(RehearsalOutcome.InTransaction));
            Assert.That(report.Steps[0].Sql, Does.Contain("CREATE UNIQUE INDEX IF NOT EXISTS t_id_key ON t (id)"));
            Assert.That(await FingerprintAsync(), Is.EqualTo(before));
        }
    }

    [Test]
    public void Every_script_of_the_package_can_be_rehearsed_with_a_lock_timeout()
    {
        var forms = SchemaMigrator.Scripts.SelectMany(s => new[] { s.Up, s.Down }).Select(step => (step, form: RehearsalForm.Of(step)))
            .ToList();

        using (Assert.EnterMultipleScope())
        {
            Assert.That(forms.Where(f => f.form is null).Select(f => f.step.FileName), Is.Empty);
            Assert.That(forms.Where(f => f.form is { Transactional: false } or { LockTimeout: "0" }).Select(f => f.step.FileName),
                Is.Empty);
        }
    }

    [Test]
    public async Task A_rehearsal_takes_the_migration_lock()
    {
        await using var holder = await HoldAsync($"SELECT pg_advisory_lock({MigrationLock.Key})");

        var run = await RunAsync("upgrade", "--rehearse", "--yes", "--timeout", "0");

        Assert.That(run.Code, Is.EqualTo(5));
    }

    [Test]
    public async Task A_rehearsal_reports_a_locked_table_without_retrying()
    {
        await ExecuteAsync("CREATE TABLE t (id int)");
        await using var reader = await HoldAsync("LOCK TABLE t IN ACCESS SHARE MODE");
        var recorder = new Recorder();

        Assert.That(() => Migrator(Scripts("-- autostack: lock_timeout=50ms\nALTER TABLE t ADD COLUMN x int"))
            .RehearseUpgradeAsync(default, recorder, Token),
            Throws.TypeOf<MigrationException>().With.Message.Contains("55P03"));
        Assert.That(recorder.Events, Has.None.InstanceOf<StepRetrying>());
    }

    [Test]
    public async Task A_rehearsal_cancelled_within_a_script_leaves_nothing()
    {
        await ExecuteAsync("CREATE TABLE t (id int)");
        var before = await FingerprintAsync();
        await using var obstacle = await HoldAsync("LOCK TABLE t");
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var rehearsing = Migrator(Scripts("CREATE TABLE a ()", "-- autostack: lock_timeout=0\nALTER TABLE t ADD COLUMN x int"))
            .RehearseUpgradeAsync(default, null, stop.Token);
        await UntilMigratorWaitsForTableAsync();

        await stop.CancelAsync();

        Assert.That(() => rehearsing, Throws.InstanceOf<OperationCanceledException>());
        Assert.That(await FingerprintAsync(), Is.EqualTo(before));
    }

    private async Task<IReadOnlyList<string>> FingerprintAsync()
    {
        var fingerprint = new List<string>(await CatalogAsync());
        if (await ExistsAsync("schema_versions"))
        {
            fingerprint.AddRange(await ListAsync("SELECT to_jsonb(v) FROM schema_versions v ORDER BY version"));
        }

        foreach (var table in new[] { "users", "deployments", "deployment_logs" })
        {
            fingerprint.AddRange(
                await ExistsAsync(table) ? await ListAsync($"SELECT to_jsonb(t) FROM {table} t ORDER BY id") : [$"no {table}"]);
        }

        return [.. fingerprint, $"journal {await ExistsAsync("schema_versions")}"];
    }

    private Task<ConsoleRun> RunAsync(params string[] args) =>
        ConsoleRun.StartAsync(args, connection: ConnectionString, cancellationToken: Token);
}
