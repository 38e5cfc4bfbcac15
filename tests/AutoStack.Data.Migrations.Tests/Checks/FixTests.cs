using AutoStack.Data.Migrations.Tests.Support;

namespace AutoStack.Data.Migrations.Tests.Checks;

/// <summary><c>check --fix</c>: what it runs, what it leaves out, and how it goes on after a failure.</summary>
public sealed class FixTests : SeededTests
{
    private const string SeveralKinds = """
        DROP INDEX idx_users_email;
        ALTER TABLE deployments ALTER status DROP DEFAULT;
        ALTER TABLE users ADD own_nick text;
        ALTER TABLE users ALTER password_hash SET NOT NULL;
        ALTER TABLE users ENABLE ROW LEVEL SECURITY
        """;

    [Test]
    public async Task A_dry_run_prints_the_plan_and_changes_nothing()
    {
        await StartSeededAsync();
        await ExecuteAsync(SeveralKinds);
        var before = await CatalogAsync();

        var run = await RunAsync("check", "--fix", "--dry-run");

        Assert.That(run.Code, Is.Zero, run.Error);
        Assert.That(run.Output.ReplaceLineEndings("\n").TrimEnd().Split('\n'), Is.EqualTo(new[]
        {
            "-- Column deployments.status lacks the default 'queued'::character varying.",
            "SET lock_timeout = '5s';",
            "-- locks ACCESS EXCLUSIVE on deployments",
            "ALTER TABLE public.deployments ALTER COLUMN status SET DEFAULT 'queued'::character varying;",
            "-- Index users.idx_users_email is missing.",
            "SET lock_timeout = '0';",
            "-- locks SHARE UPDATE EXCLUSIVE on users, outside a transaction",
            "CREATE INDEX CONCURRENTLY idx_users_email ON public.users USING btree (email);",
            "-- Column users.password_hash refuses NULL. Left out: needs --lose-security.",
            "-- locks ACCESS EXCLUSIVE on users; loses security",
            "-- ALTER TABLE public.users ALTER COLUMN password_hash DROP NOT NULL;",
            "-- Column users.own_nick is not part of the schema. Dropping it loses its data. Left out: needs --lose-data.",
            "-- locks ACCESS EXCLUSIVE on users; loses data",
            "-- ALTER TABLE public.users DROP COLUMN own_nick;",
            "-- 2 statements would run; 1 difference without a statement, see check. Nothing was changed.",
        }));
        Assert.That(await CatalogAsync(), Is.EqualTo(before));
    }

    [Test]
    public async Task A_dry_run_is_a_script_for_psql()
    {
        await StartSeededAsync();
        await ExecuteAsync(SeveralKinds);
        var run = await RunAsync("check", "--fix", "--dry-run");

        var (code, error) = await Psql.RunAsync(ConnectionString, run.Output, Token);

        Assert.That((code, error), Is.EqualTo((0, "")));
        Assert.That((await Migrator().CheckAsync(Token)).Differences.Select(d => d.Name),
            Is.EquivalentTo(new[] { "users", "users.password_hash", "users.own_nick" }));
    }

    [Test]
    public async Task A_fix_runs_what_loses_nothing_and_reports_what_is_left()
    {
        await StartSeededAsync();
        await ExecuteAsync(SeveralKinds);

        var run = await RunAsync("check", "--fix");

        Assert.That(run.Code, Is.EqualTo(4), run.Error);
        Assert.That(run.Output, Does.Contain("fix_01_deployments_status.sql").And.Contain("fix_02_users_idx_users_email.sql")
            .And.Contain("2 statements run.").And.Contain("Table users is under row level security.").And.Contain("3 differences."));
        var left = (await Migrator().CheckAsync(Token)).Differences.Select(d => d.Name);
        Assert.That(left, Is.EquivalentTo(new[] { "users", "users.password_hash", "users.own_nick" }));
    }

    [TestCase("--lose-data", "users.own_nick")]
    [TestCase("--lose-security", "users.password_hash")]
    public async Task What_loses_runs_only_with_the_option_of_its_name(string option, string mended)
    {
        await StartSeededAsync();
        await ExecuteAsync(SeveralKinds);

        var run = await RunAsync("check", "--fix", option, "--json");

        Assert.That(run.Json.GetProperty("fixed").EnumerateArray().Select(step => step.GetProperty("name").GetString()),
            Is.EquivalentTo(new[] { "deployments.status", "users.idx_users_email", mended }));
        Assert.That(run.Json.GetProperty("leftOut").GetArrayLength(), Is.EqualTo(1));
        var left = run.Json.GetProperty("check").GetProperty("differences").EnumerateArray().Select(d => d.GetProperty("name").GetString());
        Assert.That(left, Has.Member("users").And.No.Member(mended), "row level security stays whatever is allowed");
    }

    [Test]
    public async Task A_fix_of_a_clean_database_runs_nothing()
    {
        await StartSeededAsync();

        var run = await RunAsync("check", "--fix");

        Assert.That((run.Code, run.Output), Is.EqualTo((0, run.Output)));
        Assert.That(run.Output, Does.StartWith("0 statements run.").And.Contain("No difference."));
    }

    [Test]
    public async Task A_failed_statement_is_reported_and_the_others_run()
    {
        await StartSeededAsync();
        await ExecuteAsync("""
            DROP INDEX idx_users_email;
            ALTER TABLE deployments ALTER status DROP DEFAULT;
            ALTER TABLE users DROP CONSTRAINT users_google_id_key;
            CREATE FUNCTION own_f() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''not now''; END';
            CREATE EVENT TRIGGER own_ddl ON ddl_command_start WHEN TAG IN ('CREATE INDEX') EXECUTE FUNCTION own_f()
            """);

        var result = await Migrator().RepairSchemaAsync(cancellationToken: Token);
        var run = await RunAsync("check", "--fix");

        using (Assert.EnterMultipleScope())
        {
            Assert.That(result.Applied.Select(step => step.Difference.Name), Is.EqualTo(new[] { "deployments.status" }));
            Assert.That(result.Failures.Select(f => f.Step.Difference.Name),
                Is.EqualTo(new[] { "users.users_google_id_key", "users.idx_users_email" }), "one failure of a difference ends it");
            Assert.That(result.Failures[0].Reason, Does.Contain("P0001"));
            Assert.That(result.Left.Differences.Where(d => !d.IsRemark).Select(d => d.Name),
                Is.EquivalentTo(new[] { "users.users_google_id_key", "users.idx_users_email" }));
            Assert.That(run.Code, Is.EqualTo(1));
            Assert.That(run.Output, Does.Contain("0 statements run, 2 failed:"));
        }
    }

    [Test]
    public async Task A_locked_table_is_retried_and_its_blocker_is_named()
    {
        await StartSeededAsync();
        await ExecuteAsync("ALTER TABLE deployments ALTER status DROP DEFAULT; ALTER TABLE users ALTER name SET DEFAULT 'x'");
        await using var holder = await HoldAsync("SELECT 1 FROM deployments LIMIT 1");
        var events = new Recorder();

        var result = await Migrator(new SchemaMigratorOptions { Attempts = 2 })
            .RepairSchemaAsync(progress: events, cancellationToken: Token);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(result.Applied.Select(step => step.Difference.Name), Is.EqualTo(new[] { "users.name" }));
            Assert.That(result.Failures.Single().Reason, Does.Contain("55P03").And.Contain("Blocked by: pid"));
            Assert.That(events.Events.OfType<StepRetrying>().Count(), Is.EqualTo(1));
            Assert.That(events.Events.OfType<RepairFailed>().Count(), Is.EqualTo(1));
        }
    }

    [TestCase("1", "f,t")]
    [TestCase("2", "0,2")]
    [TestCase("-1", "-1,0")]
    public async Task Integers_become_booleans_only_when_they_are_0_and_1(string value, string left)
    {
        await StartSeededAsync();
        await ExecuteAsync($"""
            ALTER TABLE deployments ALTER is_production DROP DEFAULT, ALTER is_production TYPE int USING is_production::int;
            UPDATE deployments SET is_production = CASE WHEN id = (SELECT min(id::text)::uuid FROM deployments) THEN {value} ELSE 0 END
            """);

        var run = await RunAsync("check", "--fix");

        Assert.That(await ScalarAsync<string>("SELECT string_agg(is_production::text, ',' ORDER BY is_production) FROM deployments"),
            Is.EqualTo(left.Replace("f,t", "false,true", StringComparison.Ordinal)), run.Output + run.Error);
        Assert.That(run.Code, Is.EqualTo(value == "1" ? 0 : 4));
        Assert.That(run.Output.Contains("Left out: needs --lose-data", StringComparison.Ordinal), Is.EqualTo(value != "1"));
    }

    [TestCase("", 5, true)]
    [TestCase("CREATE FUNCTION own_f() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''not now''; END'; " +
        "CREATE EVENT TRIGGER own_ddl ON ddl_command_start WHEN TAG IN ('CREATE INDEX') EXECUTE FUNCTION own_f(); " +
        "DROP INDEX idx_users_email", 1, false)]
    public async Task A_fix_of_which_only_locks_kept_something_exits_with_5(string other, int code, bool all)
    {
        await StartSeededAsync();
        await ExecuteAsync("ALTER TABLE deployments ALTER status DROP DEFAULT;" + other);
        await using var holder = await HoldAsync("SELECT 1 FROM deployments LIMIT 1");

        var run = await RunAsync("check", "--fix", "--json", "--lock-attempts", "1");

        Assert.That(run.Code, Is.EqualTo(code), run.Error);
        Assert.That(run.Json.GetProperty("failed").EnumerateArray().All(f => f.GetProperty("blocked").GetBoolean()), Is.EqualTo(all));
        Assert.That(run.Output, Does.Contain("Blocked by: pid"));
    }

    [Test]
    public async Task A_fix_that_cannot_read_a_table_names_it_and_its_session()
    {
        await StartSeededAsync();
        await using var holder = await HoldAsync("LOCK TABLE users");

        foreach (var args in new string[][] { ["check", "--fix"], ["check"], ["dump"], ["repair", "--dry-run"] })
        {
            var run = await RunAsync(args);
            Assert.That(run.Code, Is.EqualTo(5), string.Join(' ', args));
            Assert.That(run.Error, Does.Match(@"Locked: users by pid \d+, raw, role \S+, in a transaction for \d+ s, idle in transaction"));
        }
    }

    [Test]
    public async Task A_fix_waits_for_another_migrator()
    {
        await StartSeededAsync();
        await ExecuteAsync("DROP INDEX idx_users_email");
        await using var migrator = await HoldAsync($"SELECT pg_advisory_lock({0x6175746F73746163})");

        var failure = Assert.ThrowsAsync<MigrationException>(
            () => Migrator(new SchemaMigratorOptions { LockWait = TimeSpan.Zero }).RepairSchemaAsync(cancellationToken: Token))!;

        Assert.That(failure.Error, Is.EqualTo(MigrationError.Locked));
        Assert.That(await ExistsAsync("idx_users_email"), Is.False);
    }

    [TestCase("DROP TABLE schema_versions", MigrationError.NotAdopted)]
    [TestCase("DELETE FROM schema_versions WHERE version > 3", MigrationError.NotAdopted)]
    [TestCase("DELETE FROM schema_versions WHERE version = 3", MigrationError.SchemaNewer)]
    [TestCase("UPDATE schema_versions SET checksum = 'other' WHERE version = 1", MigrationError.ScriptChanged)]
    [TestCase("INSERT INTO schema_versions SELECT 9999, '9999_add_future', '', now(), 0, '', ''", MigrationError.SchemaNewer)]
    public async Task A_wrong_journal_is_no_ground_for_a_fix(string sql, MigrationError error)
    {
        await StartSeededAsync();
        await ExecuteAsync(sql + "; DROP INDEX idx_users_email");
        var before = await CatalogAsync();

        var failure = Assert.ThrowsAsync<MigrationException>(() => Migrator().RepairSchemaAsync(
            new SchemaRepairOptions { LoseData = true, LoseSecurity = true }, cancellationToken: Token))!;

        Assert.That(failure.Error, Is.EqualTo(error), failure.Message);
        Assert.That(await CatalogAsync(), Is.EqualTo(before));
    }

    [TestCase("--dry-run needs --fix.", "--dry-run")]
    [TestCase("--lose-data needs --fix.", "--lose-data")]
    [TestCase("--lose-security needs --fix.", "--lose-security")]
    [TestCase("--fix has the formats text and json.", "--fix", "--format", "sarif")]
    public async Task Options_that_need_another_are_refused(string message, params string[] options)
    {
        var run = await RunAsync(["check", .. options]);

        Assert.That((run.Code, run.Error.Trim()), Is.EqualTo((2, message)));
    }

    private Task<ConsoleRun> RunAsync(params string[] args) =>
        ConsoleRun.StartAsync(args, connection: ConnectionString, cancellationToken: Token);
}
