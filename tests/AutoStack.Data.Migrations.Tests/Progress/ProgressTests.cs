using AutoStack.Data.Migrations.Internal;
using AutoStack.Data.Migrations.Tests.Support;
using Npgsql;

namespace AutoStack.Data.Migrations.Tests.Progress;

/// <summary>Progress inside a script. Each script waits in its middle for a lock that the test holds until the progress was seen.</summary>
public sealed class ProgressTests : MigrationTests
{
    private static readonly SchemaMigratorOptions Quick = new() { ProgressInterval = TimeSpan.FromMilliseconds(5) };

    [TestCase("-- autostack: no-transaction\nCREATE INDEX CONCURRENTLY t_idx ON t (slow(id))", "building index t_idx: scanning table")]
    [TestCase("CREATE INDEX t_idx ON t (slow(id))", "building index of t: scanning table")]
    public async Task An_index_build_reports_its_phase_and_share(string script, string activity)
    {
        // The index function waits at its last row, so that the scan has a share.
        await ExecuteAsync("""
            CREATE TABLE t (id int);
            INSERT INTO t SELECT generate_series(1, 20000);
            CREATE FUNCTION slow(n int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$
            BEGIN
                IF n = 15000 THEN
                    PERFORM pg_advisory_xact_lock_shared(4711);
                END IF;
                RETURN n;
            END
            $$
            """);

        var seen = await SeeAsync(
            script, found => found.Activity.Contains("scanning table", StringComparison.Ordinal) && found.Share >= 0.5);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(seen.FileName, Is.EqualTo("0001_run_test.sql"));
            Assert.That(seen.Activity, Is.EqualTo(activity));
            Assert.That(seen.Unit, Is.EqualTo("blocks"));
            Assert.That(seen.Share, Is.InRange(0.5, 0.99));
        }
    }

    [Test]
    public async Task The_script_that_numbers_lines_reports_rows_and_the_time_left()
    {
        await StartAtAsync(3);
        await ExecuteAsync("""
            INSERT INTO users (name, email) VALUES ('Ada', 'ada@example.com');
            INSERT INTO projects (user_id, name, repository) SELECT id, 'site', 'ada/site' FROM users;
            INSERT INTO deployments (project_id, user_id) SELECT id, user_id FROM projects, generate_series(1, 4);
            ALTER TABLE deployment_logs DISABLE TRIGGER USER;
            INSERT INTO deployment_logs (deployment_id, message) SELECT id, 'line ' || n FROM deployments, generate_series(1, 25) n;
            ALTER TABLE deployment_logs ENABLE TRIGGER USER;
            """);

        // A writer of the last deployment: the script numbers the three others and waits.
        await using var writer = await HoldAsync("""
            SELECT pg_advisory_xact_lock(uuid_hash_extended(
                (SELECT id FROM deployments ORDER BY ctid DESC LIMIT 1), 'deployment_logs'::regclass::oid::bigint))
            """);
        var seen = new TaskCompletionSource<StepProgress>(TaskCreationOptions.RunContinuationsAsynchronously);
        var recorder = new Recorder(e => _ = e is StepProgress { Done: 75, PerSecond: not null } found && seen.TrySetResult(found));
        var running = Migrator(Quick).UpgradeAsync(MigrationTarget.Version(4), recorder, Token);
        var progress = await seen.Task.WaitAsync(Token);
        writer.Release();
        await running;

        using (Assert.EnterMultipleScope())
        {
            Assert.That((progress.FileName, progress.Activity), Is.EqualTo(
                ("0004_number_existing_log_lines.sql", "filling deployment_logs.seq, deployment_runtime_logs.seq")));
            Assert.That((progress.Total, progress.Unit, progress.Share), Is.EqualTo(((long?)100, "rows", (double?)0.75)));
            Assert.That(progress.Left is null || progress.PerSecond > 0, Is.True);
        }
    }

    [Test]
    public async Task A_validation_reports_which_constraint_it_is_at()
    {
        await ExecuteAsync("""
            CREATE FUNCTION waits() RETURNS boolean LANGUAGE sql AS 'SELECT pg_advisory_xact_lock_shared(4711) IS NOT NULL';
            CREATE TABLE a (id int);
            CREATE TABLE b (id int);
            INSERT INTO b VALUES (1);
            ALTER TABLE a ADD CONSTRAINT a_check CHECK (id > 0) NOT VALID;
            ALTER TABLE b ADD CONSTRAINT b_check CHECK (waits()) NOT VALID;
            """);

        var seen = await SeeAsync(
            "ALTER TABLE a VALIDATE CONSTRAINT a_check; ALTER TABLE b VALIDATE CONSTRAINT b_check",
            found => found.Activity.Contains("b_check", StringComparison.Ordinal));

        Assert.That((seen.Activity, seen.Done, seen.Total, seen.Unit),
            Is.EqualTo(("validating constraint b_check of b", (long?)1, (long?)2, "constraints")));
    }

    [Test]
    public async Task A_role_that_may_not_open_a_third_session_upgrades_without_progress()
    {
        var role = $"narrow_{Guid.NewGuid():N}"[..20];
        await ExecuteAsync($"CREATE ROLE {role} LOGIN PASSWORD '{role}' CONNECTION LIMIT 2; GRANT CREATE ON SCHEMA public TO {role}");
        try
        {
            var connection = new NpgsqlConnectionStringBuilder(ConnectionString) { Username = role, Password = role }.ConnectionString;
            await using var holder = await HoldAsync("SELECT pg_advisory_xact_lock(4711)");
            var recorder = new Recorder();
            var running = new SchemaMigrator(connection, Quick, Scripts("CREATE TABLE t (); SELECT pg_advisory_xact_lock_shared(4711)"))
                .UpgradeAsync(default, recorder, Token);
            await UntilMigratorWaitsForTableAsync();
            holder.Release();

            Assert.That((await running).ToVersion, Is.EqualTo(1));
            Assert.That(recorder.Events, Has.None.InstanceOf<StepProgress>());
        }
        finally
        {
            await ExecuteAsync($"DROP OWNED BY {role} CASCADE; DROP ROLE {role}");
        }
    }

    // The roles of scripts/roles.sql: the login may see its own progress, and only the owner whose role it has set may read the rows.
    [TestCase("CREATE INDEX t_idx ON t (slow(id))", "scanning table")]
    [TestCase("-- autostack: no-transaction\nDO $$ BEGIN UPDATE t SET filled = 1 WHERE filled IS NULL AND id < 5; COMMIT; "
        + "PERFORM pg_advisory_xact_lock_shared(4711); END $$", "filling t.filled")]
    public async Task A_login_with_a_set_role_sees_progress(string script, string activity)
    {
        var role = $"acts_{Guid.NewGuid():N}"[..20];
        await ExecuteAsync($"""
            CREATE ROLE {role}_owner;
            CREATE ROLE {role} LOGIN NOINHERIT PASSWORD '{role}' IN ROLE {role}_owner;
            ALTER ROLE {role} SET role = {role}_owner;
            GRANT CREATE ON SCHEMA public TO {role}_owner;
            CREATE TABLE t (id int, filled int);
            INSERT INTO t SELECT generate_series(1, 20000);
            CREATE FUNCTION slow(n int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $f$
            BEGIN
                IF n = 15000 THEN
                    PERFORM pg_advisory_xact_lock_shared(4711);
                END IF;
                RETURN n;
            END
            $f$;
            ALTER TABLE t OWNER TO {role}_owner;
            """);
        try
        {
            var connection = new NpgsqlConnectionStringBuilder(ConnectionString) { Username = role, Password = role }.ConnectionString;
            var seen = await SeeAsync(
                new SchemaMigrator(connection, Quick, Scripts(script)),
                found => found.Activity.Contains(activity, StringComparison.Ordinal) && found.Done > 0);

            Assert.That(seen.Share, Is.InRange(0.0001, 0.99));
        }
        finally
        {
            await ExecuteAsync($"DROP OWNED BY {role}, {role}_owner CASCADE; DROP ROLE {role}, {role}_owner");
        }
    }

    [Test]
    public async Task A_read_that_fails_does_not_stop_the_run_and_the_next_one_succeeds()
    {
        await ExecuteAsync("CREATE TABLE t (id int, filled int); INSERT INTO t SELECT generate_series(1, 10)");
        var locked = await HoldAsync("LOCK TABLE t IN ACCESS EXCLUSIVE MODE");
        var seen = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var recorder = new Recorder(e => _ = e is StepProgress { Total: 10 } && seen.TrySetResult());
        await using var holder = await HoldAsync("SELECT pg_advisory_xact_lock(4711)");
        var running = Migrator(Scripts("""
            -- autostack: no-transaction
            DO $$
            BEGIN
                PERFORM pg_advisory_lock_shared(4711);
                UPDATE t SET filled = 1 WHERE filled IS NULL;
                COMMIT;
            END
            $$
            """), Quick).UpgradeAsync(default, recorder, Token);

        // The read waits for the table.
        await UntilAsync("""
            SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'relation'
                AND application_name = 'migrator')
            """);
        await locked.DisposeAsync();
        await seen.Task.WaitAsync(Token);
        holder.Release();

        Assert.That((await running).ToVersion, Is.EqualTo(1));
        Assert.That(await ScalarAsync<long>("SELECT count(filled) FROM t"), Is.EqualTo(10));
    }

    [TestCase("-- autostack: no-transaction\nDO $$ BEGIN UPDATE s.t x SET a = 1 WHERE x.a IS NULL; COMMIT; END $$", "s.t.a")]
    [TestCase("-- autostack: no-transaction\nDO $$ BEGIN UPDATE t SET a = 1 WHERE b > 1; COMMIT; END $$", null)]
    [TestCase("DO $$ BEGIN UPDATE t SET a = 1 WHERE a IS NULL; END $$", null)]
    [TestCase("-- autostack: no-transaction\nVACUUM t", null)]
    public void Only_a_block_that_commits_and_fills_a_column_has_rows_to_count(string sql, string? filled) =>
        Assert.That(RowProgress.Of(new MigrationStep("0001_a.sql", sql)).Select(f => $"{f.Table}.{f.Column}"),
            Is.EqualTo(filled is null ? [] : new[] { filled }));

    [Test]
    public void An_interval_of_zero_is_refused() => Assert.That(
        () => new SchemaMigrator("Host=h", new SchemaMigratorOptions { ProgressInterval = TimeSpan.Zero }),
        Throws.TypeOf<ArgumentOutOfRangeException>().With.Property("ParamName").EqualTo("ProgressInterval"));

    private Task<StepProgress> SeeAsync(string script, Func<StepProgress, bool> wanted) =>
        SeeAsync(Migrator(Scripts(script), Quick), wanted);

    private async Task<StepProgress> SeeAsync(SchemaMigrator migrator, Func<StepProgress, bool> wanted)
    {
        await using var holder = await HoldAsync("SELECT pg_advisory_xact_lock(4711)");
        var seen = new TaskCompletionSource<StepProgress>(TaskCreationOptions.RunContinuationsAsynchronously);
        var recorder = new Recorder(e => _ = e is StepProgress found && wanted(found) && seen.TrySetResult(found));
        var running = migrator.UpgradeAsync(default, recorder, Token);
        var found = await seen.Task.WaitAsync(Token);
        holder.Release();
        await running;
        return found;
    }
}
