using AutoStack.Data.Migrations.Tests.Support;

namespace AutoStack.Data.Migrations.Tests;

public sealed class ExistingRowsTests : MigrationTests
{
    [Test]
    public async Task Existing_log_lines_are_numbered_per_deployment_by_time_creation_and_id()
    {
        await StartAtAsync(2);
        await AddDeploymentsAsync();
        await ExecuteAsync("""
            INSERT INTO deployment_logs (id, deployment_id, message, timestamp, created_at)
            SELECT ('00000000-0000-0000-0000-0000000000' || line.id)::uuid, d.id, line.message, line.timestamp::timestamp,
                line.created_at::timestamp
            FROM deployments d,
                (VALUES
                    ('f5', '5', '2026-01-02', '2026-01-01 00:00:00'),
                    ('f4', '1', '2026-01-01', '2026-01-01 00:00:00'),
                    ('f3', '4', '2026-01-01', '2026-01-01 00:00:02'),
                    ('f2', '3', '2026-01-01', '2026-01-01 00:00:01'),
                    ('f1', '2', '2026-01-01', '2026-01-01 00:00:01')) line (id, message, timestamp, created_at)
            WHERE d.branch = 'a';
            INSERT INTO deployment_logs (id, deployment_id, message, timestamp, created_at)
            SELECT ('00000000-0000-0000-0000-0000000000a' || n)::uuid, id, n::text, '2026-01-01', '2026-01-01 00:00:01'
            FROM deployments, generate_series(3, 1, -1) n
            WHERE branch = 'b';
            INSERT INTO deployment_runtime_logs (id, deployment_id, message, timestamp)
            SELECT ('00000000-0000-0000-0000-0000000' || d.branch || '000' || n)::uuid, d.id, n::text, '2026-01-01'
            FROM deployments d, generate_series(3, 1, -1) n;
            """);

        await Migrator().UpgradeAsync(cancellationToken: Token);

        const string Numbers = "SELECT d.branch || l.seq || '=' || l.message FROM {0} l JOIN deployments d ON d.id = l.deployment_id " +
            "ORDER BY d.branch, l.seq";
        using (Assert.EnterMultipleScope())
        {
            Assert.That(await ListAsync(Numbers.Replace("{0}", "deployment_logs", StringComparison.Ordinal)),
                Is.EqualTo(new[] { "a1=1", "a2=2", "a3=3", "a4=4", "a5=5", "b1=1", "b2=2", "b3=3" }));
            Assert.That(await ListAsync(Numbers.Replace("{0}", "deployment_runtime_logs", StringComparison.Ordinal)),
                Is.EqualTo(new[] { "a1=1", "a2=2", "a3=3", "b1=1", "b2=2", "b3=3" }));
            Assert.That(await ListAsync("SELECT conname FROM pg_constraint WHERE NOT convalidated"), Is.Empty);
            Assert.That(await ScalarAsync<long>(
                "SELECT count(*) FROM pg_constraint WHERE conname LIKE '%\\_required\\_check' AND convalidated"),
                Is.EqualTo(12));
        }
    }

    [Test]
    public async Task A_line_without_a_number_follows_the_existing_lines()
    {
        await StartAtAsync(2);
        await AddDeploymentsAsync();
        const string Write = "INSERT INTO deployment_logs (deployment_id, message) SELECT id, 'line' FROM deployments WHERE branch = 'a'";
        await ExecuteAsync(Write);
        await ExecuteAsync(Write);

        await Migrator().UpgradeAsync(cancellationToken: Token);
        await ExecuteAsync(Write);

        Assert.That(await ListAsync("SELECT seq FROM deployment_logs ORDER BY seq"), Is.EqualTo(new[] { "1", "2", "3" }));
    }

    [Test]
    public async Task A_line_written_before_the_numbering_follows_the_existing_lines()
    {
        await StartAtAsync(2);
        await AddDeploymentsAsync();
        await ExecuteAsync("""
            INSERT INTO deployment_logs (deployment_id, message, timestamp)
            SELECT id, 'old ' || n, '2026-01-01'::timestamp + n * interval '1 s'
            FROM deployments, generate_series(1, 3) n
            WHERE branch = 'a'
            """);
        await Migrator().UpgradeAsync(MigrationTarget.Version(3), cancellationToken: Token);
        await ExecuteAsync("INSERT INTO deployment_logs (deployment_id, message) SELECT id, 'new ' || n FROM deployments, " +
            "generate_series(1, 2) n WHERE branch = 'a'");

        await Migrator().UpgradeAsync(cancellationToken: Token);

        Assert.That(await ListAsync("SELECT seq || ' ' || message FROM deployment_logs ORDER BY seq"),
            Is.EqualTo(new[] { "1 old 1", "2 old 2", "3 old 3", "4 new 1", "5 new 2" }));
    }

    [Test]
    public async Task Numbering_blocks_no_reader_and_no_writer_of_another_deployment()
    {
        await StartAtAsync(2);
        await AddDeploymentsAsync();
        await ExecuteAsync("INSERT INTO deployment_logs (deployment_id, message) SELECT id, 'old' FROM deployments");
        await Migrator().UpgradeAsync(MigrationTarget.Version(3), cancellationToken: Token);

        // One locked line blocks the numbering.
        await using var holder = await HoldAsync(
            "SELECT 1 FROM deployment_logs l JOIN deployments d ON d.id = l.deployment_id WHERE d.branch = 'a' FOR UPDATE OF l");
        var upgrade = Migrator().UpgradeAsync(cancellationToken: Token);
        await UntilMigratorWaitsForTableAsync();
        await ExecuteAsync("SET lock_timeout = '5s'; INSERT INTO deployment_logs (deployment_id, message) SELECT id, 'new' FROM " +
            "deployments WHERE branch = 'b'");
        Assert.That(await ScalarAsync<long>("SELECT count(*) FROM deployment_logs"), Is.EqualTo(3));
        holder.Release();

        Assert.That((await upgrade).ToVersion, Is.EqualTo(Head));
    }

    // With the check of 0014 and without the validation of 0015, every change of such a row would be refused.
    [TestCase(2, "0014_add_required_checks.sql")]
    [TestCase(14, "0015_validate_required_checks.sql")]
    public async Task Rows_that_violate_a_new_check_are_named_before_the_first_script(int version, string script)
    {
        await StartAtAsync(2);
        await ExecuteAsync("""
            INSERT INTO users (name, email, created_at) VALUES ('Ada', 'ada@example.com', NULL), ('Eve', 'eve@example.com', NULL),
                ('Lin', 'lin@example.com', now())
            """);
        var ignoring = new SchemaMigratorOptions { IgnoreObstacles = true };
        await Migrator(ignoring).UpgradeAsync(MigrationTarget.Version(version), cancellationToken: Token);

        var plan = await Migrator().PlanUpgradeAsync(cancellationToken: Token);
        var refused = Assert.ThrowsAsync<MigrationException>(() => Migrator().UpgradeAsync(cancellationToken: Token))!;
        var found = plan.Obstacles.Single();

        using (Assert.EnterMultipleScope())
        {
            Assert.That((found.Kind, found.Script, found.What),
                Is.EqualTo((ObstacleKind.Rows, script, "Rows of users lack a required value (2 cases).")));
            Assert.That(found.Mend, Is.EqualTo("Set the value, or delete the rows. They are: SELECT * FROM public.users " +
                "WHERE created_at IS NULL OR updated_at IS NULL;"));
            Assert.That(refused.Error, Is.EqualTo(MigrationError.Obstacles));
            Assert.That(await AppliedAsync(), Has.Count.EqualTo(version), "nothing is applied");
        }

        await ExecuteAsync("UPDATE users SET created_at = now() WHERE created_at IS NULL");
        Assert.That((await Migrator().UpgradeAsync(cancellationToken: Token)).ToVersion, Is.EqualTo(Head));
    }

    [TestCase(2)]
    [TestCase(9)]
    public async Task Duplicates_of_a_new_key_are_named_before_the_first_script(int version)
    {
        await StartAtAsync(version);
        await ExecuteAsync("INSERT INTO users (name, email) VALUES ('Ada', 'ada@example.com'), ('Ada', 'Ada@example.com')");

        var found = (await Migrator().PlanUpgradeAsync(cancellationToken: Token)).Obstacles.Single();

        Assert.That((found.Kind, found.Script), Is.EqualTo((ObstacleKind.Rows, "0012_add_users_email_key.sql")));
        Assert.That(found.What, Is.EqualTo("Accounts have the same address except for case (1 case)."));
        Assert.That(found.Mend, Does.StartWith("Decide which account keeps the address").And.Contain("HAVING count(*) > 1;"));
    }

    [Test]
    public async Task Rows_that_violate_a_new_check_stop_the_upgrade_that_ignores_obstacles()
    {
        await StartAtAsync(2);
        await ExecuteAsync("INSERT INTO users (name, email, created_at) VALUES ('Ada', 'ada@example.com', NULL)");

        var failure = Assert.ThrowsAsync<MigrationException>(
            () => Migrator(new SchemaMigratorOptions { IgnoreObstacles = true }).UpgradeAsync(cancellationToken: Token))!;

        using (Assert.EnterMultipleScope())
        {
            Assert.That(failure.Message, Does.StartWith("0015_validate_required_checks.sql").And.Contain("users_required_check"));
            Assert.That(failure.Result?.ToVersion, Is.EqualTo(14));
            Assert.That(await ScalarAsync<long>("SELECT count(*) FROM users"), Is.EqualTo(1));
            Assert.That(await AppliedAsync(), Has.Count.EqualTo(14));
        }
    }

    // An older library claims everything that waits, and knows no starts: a place at the end of all turns would never be reached by them.
    [Test]
    public async Task Scheduled_deployments_take_their_turns_when_the_schema_goes_back_and_others_keep_theirs()
    {
        await StartAtAsync(50);
        await AddDeploymentsAsync();
        await ExecuteAsync("""
            UPDATE deployments SET queue_place = 4611686018427387904 + 1767225600000 WHERE branch = 'a';
            UPDATE deployments SET status = 'cancelled', queue_place = 4611686018427387904 WHERE branch = 'b';
            INSERT INTO deployments (project_id, user_id, branch, queue_place) SELECT id, user_id, 'c', 7::bigint << 32 FROM projects;
            """);

        await Migrator().DowngradeAsync(MigrationTarget.Version(49), cancellationToken: Token);

        Assert.That(
            await ListAsync("SELECT branch || ' ' || (queue_place >> 32) FROM deployments ORDER BY branch"),
            Is.EqualTo(new[] { "a 8", "b 1073741824", "c 7" }));
    }

    private Task AddDeploymentsAsync() => ExecuteAsync("""
        INSERT INTO users (name, email) VALUES ('Ada', 'ada@example.com');
        INSERT INTO projects (user_id, name, repository) SELECT id, 'site', 'ada/site' FROM users;
        INSERT INTO deployments (project_id, user_id, branch) SELECT p.id, p.user_id, b.name
            FROM projects p, (VALUES ('a'), ('b')) b (name);
        """);
}
