using AutoStack.Data.Migrations.Internal;
using AutoStack.Data.Migrations.Tests.Support;
using Npgsql;

namespace AutoStack.Data.Migrations.Tests.Adoption;

/// <summary>Obstacles that a plan reports before a run would fail on them.</summary>
public sealed class AdoptionForesightTests : AdoptionTestsBase
{
    [TestCase("idx_projects_user_id", "CREATE UNIQUE INDEX idx_projects_user_id ON projects (user_id, name)")]
    [TestCase("idx_projects_user_id", "CREATE INDEX idx_projects_user_id ON users (name)")]
    [TestCase("idx_projects_user_id", "CREATE TABLE reports (n INT); CREATE INDEX idx_projects_user_id ON reports (n)")]
    public async Task An_operators_index_with_a_schema_name_is_refused_until_renamed(string name, string sql)
    {
        await MakeAsync(CreateAll);
        await ExecuteAsync($"DROP INDEX IF EXISTS {name}; {sql}");
        var catalog = await CatalogAsync();

        var failure = Assert.ThrowsAsync<MigrationException>(() => Migrator().AdoptAsync(cancellationToken: Token))!;

        Assert.That(failure.Error, Is.EqualTo(MigrationError.NotRecognised));
        Assert.That(failure.Message, Does.Contain($"ALTER INDEX public.{name} RENAME TO"));
        Assert.That(await CatalogAsync(), Is.EqualTo(catalog));

        await ExecuteAsync($"ALTER INDEX public.{name} RENAME TO mine");
        await Migrator().AdoptAsync(cancellationToken: Token);
        Assert.That((await ExistsAsync("mine"), await ExistsAsync(name)), Is.EqualTo((true, true)));
    }

    [Test]
    public async Task Rows_that_violate_a_lost_key_are_listed()
    {
        await MakeAsync(CreateAll);
        await ExecuteAsync("""
            ALTER TABLE users DROP CONSTRAINT users_github_id_key;
            UPDATE users SET github_id = '101';
            ALTER TABLE sessions DROP CONSTRAINT sessions_user_id_fkey;
            UPDATE sessions SET user_id = 'a0000000-0000-4000-8000-0000000000ff' WHERE id = 'a3000000-0000-4000-8000-000000000002';
            """);

        var plan = await Migrator().PlanAdoptionAsync(cancellationToken: Token);
        var failure = Assert.ThrowsAsync<MigrationException>(() => Migrator().AdoptAsync(cancellationToken: Token))!;

        using (Assert.EnterMultipleScope())
        {
            Assert.That(plan.Obstacles.Select(o => (o.Before, o.What)), Is.EqualTo(new[]
            {
                ("adopt_users_github_id_key.sql", "Rows of users have the same github_id (1 case)"),
                ("adopt_sessions_user_id_fkey.sql", "Rows of sessions reference a missing row of users (1 case)"),
            }));
            Assert.That(await ListAsync(plan.Obstacles[0].Query), Is.EqualTo(new[] { "101" }));
            Assert.That(await ListAsync(plan.Obstacles[1].Query), Is.EqualTo(new[] { "a3000000-0000-4000-8000-000000000002" }));
            Assert.That((failure.Error, failure.Result?.ToVersion), Is.EqualTo((MigrationError.RowsInTheWay, 0)));
        }

        await ExecuteAsync("UPDATE users SET github_id = NULL WHERE name <> 'Ada'; DELETE FROM sessions WHERE id = " +
            "'a3000000-0000-4000-8000-000000000002'");
        Assert.That((await Migrator().AdoptAsync(cancellationToken: Token)).Migration.ToVersion, Is.EqualTo(Head));
    }

    [Test]
    public async Task Unreadable_json_that_is_kept_is_listed()
    {
        await MakeAsync(CreateAll);
        var keep = new AdoptionOptions { KeepJson = true };
        Assert.That((await Migrator().PlanAdoptionAsync(keep, Token)).Obstacles, Is.Empty, "what the cleaning mends is no obstacle");
        await ExecuteAsync("""
            UPDATE webhook_payloads
            SET provider = 'github', headers = '{"x": "\ud800"}'
            WHERE id = 'c0000000-0000-4000-8000-000000000002'
            """);

        var plan = await Migrator().PlanAdoptionAsync(keep, Token);
        var failure = Assert.ThrowsAsync<MigrationException>(() => Migrator().AdoptAsync(keep, cancellationToken: Token))!;

        using (Assert.EnterMultipleScope())
        {
            Assert.That(plan.Obstacles.Select(o => o.Before), Is.EqualTo(new[] { "0019_add_webhook_payloads_delivery_index.sql" }));
            Assert.That(plan.Obstacles[0].What, Does.Contain("22P02"));
            Assert.That(await ListAsync(plan.Obstacles[0].Query), Is.EqualTo(new[] { "c0000000-0000-4000-8000-000000000002" }));
            Assert.That((failure.Error, failure.Result?.ToVersion), Is.EqualTo((MigrationError.RowsInTheWay, 18)));
        }

        Assert.That((await Migrator().PlanAdoptionAsync(cancellationToken: Token)).Obstacles, Has.Count.EqualTo(1),
            "on the next run as well");
    }

    [Test]
    public async Task Missing_rights_are_reported_before_any_change()
    {
        await MakeAsync(CreateAll);
        var role = $"adopter_{Guid.NewGuid():N}";
        await ExecuteAsync($"CREATE ROLE {role} LOGIN PASSWORD '{role}'; REVOKE CREATE ON SCHEMA public FROM PUBLIC");
        try
        {
            var connection = new NpgsqlConnectionStringBuilder(ConnectionString) { Username = role, Password = role }.ConnectionString;
            var plan = await new SchemaMigrator(connection).PlanAdoptionAsync(cancellationToken: Token);
            var run = await ConsoleRun.StartAsync(["adopt", "--dry-run"], connection: connection, cancellationToken: Token);

            var tables = Catalog.Expected(AdoptionPlanner.DocumentedVersion).Objects.Count(o => o.Kind == SchemaObjectKind.Table);
            var real = Assert.ThrowsAsync<MigrationException>(() => new SchemaMigrator(connection).AdoptAsync(cancellationToken: Token))!;
            Assert.That(run.Code, Is.EqualTo(1), run.Error);
            Assert.That(real.Error, Is.EqualTo(MigrationError.Obstacles));
            Assert.That(plan.Obstacles.Select(o => real.Message.Contains(o.What, StringComparison.Ordinal)), Is.All.True);
            Assert.That(await ExistsAsync("schema_versions"), Is.False);
            Assert.That(plan.Obstacles.Select(o => o.What), Is.EqualTo(new[]
            {
                "This role lacks the privilege to create extensions in this database (1 case)",
                "This role lacks the privilege to create objects in the schema public (1 case)",
                $"Tables belong to another role, and only their owner may change them ({tables} cases)",
            }));

            await ExecuteAsync($"""
                GRANT CREATE ON SCHEMA public TO {role};
                DO $$
                DECLARE t regclass;
                BEGIN
                    EXECUTE format('GRANT CREATE ON DATABASE %I TO {role}', current_database());
                    FOR t IN SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' LOOP
                        EXECUTE format('ALTER TABLE %s OWNER TO {role}', t);
                    END LOOP;
                END
                $$
                """);
            Assert.That((await new SchemaMigrator(connection).AdoptAsync(cancellationToken: Token)).Migration.ToVersion, Is.EqualTo(Head));
        }
        finally
        {
            await ExecuteAsync($"DROP OWNED BY {role} CASCADE; DROP ROLE {role}");
        }
    }

    [Test]
    public async Task A_failure_after_the_stamp_reports_the_recorded_version()
    {
        await MakeAsync(CreateAll);
        await ExecuteAsync("CREATE FUNCTION assign_log_seq() RETURNS int LANGUAGE sql AS 'SELECT 1'");

        var refused = await ConsoleRun.StartAsync(["adopt"], connection: ConnectionString, cancellationToken: Token);
        var run = await ConsoleRun.StartAsync(
            ["adopt", "--ignore-obstacles"], connection: ConnectionString, cancellationToken: Token);

        Assert.That(refused.Error, Does.Contain("The function assign_log_seq()").And.EndWith("\nNothing was changed.\n"));
        Assert.That(run.Error, Does.Contain("0003_add_log_sequence.sql").And.Contain("the database is at version 2"));
        Assert.That(await AppliedAsync(), Is.EqualTo(new[] { "1", "2" }));
    }

    [Test]
    public async Task A_locked_table_ends_the_plan_with_exit_code_5()
    {
        await MakeAsync(CreateAll);
        await using var holding = await HoldAsync("LOCK TABLE users IN ACCESS EXCLUSIVE MODE");

        foreach (var args in (string[][])[["adopt", "--dry-run"], ["adopt"]])
        {
            var run = await ConsoleRun.StartAsync(
                [.. args, "--timeout", "1", "--json"], connection: ConnectionString, cancellationToken: Token);

            Assert.That((run.Code, run.Json.GetProperty("error").GetProperty("kind").GetString()), Is.EqualTo((5, "locked")));
        }
    }

    [Test]
    public async Task A_table_locked_during_the_run_stops_it_before_its_step()
    {
        await MakeAsync(CreateAll);
        OpenTransaction? held = null;
        var recorder = new Recorder(reported =>
        {
            if (reported is StepFinished { Step.FileName: "0011_add_deployment_containers_port_key.sql" })
            {
                held = HoldAsync("LOCK TABLE users IN ACCESS EXCLUSIVE MODE").GetAwaiter().GetResult();
            }
        });

        var failure = Assert.ThrowsAsync<MigrationException>(() =>
            Migrator(new SchemaMigratorOptions { LockWait = TimeSpan.FromSeconds(1) })
                .AdoptAsync(progress: recorder, cancellationToken: Token))!;

        await held!.DisposeAsync();
        Assert.That((failure.Error, failure.Result?.ToVersion), Is.EqualTo((MigrationError.Locked, 11)));
    }

    [Test]
    public async Task A_statement_timeout_of_the_role_does_not_end_the_plan()
    {
        await MakeAsync(CreateAll);
        await ExecuteAsync("CREATE TABLE alembic_version (version_num varchar(32)); INSERT INTO alembic_version VALUES ('slow')");
        await using var holding = await HoldAsync("LOCK TABLE alembic_version");
        var limited = new NpgsqlConnectionStringBuilder(ConnectionString) { Options = "-c statement_timeout=1500" }.ConnectionString;

        var planning = new SchemaMigrator(limited).PlanAdoptionAsync(cancellationToken: Token);
        await Task.Delay(TimeSpan.FromSeconds(2), Token);
        holding.Release();

        Assert.That((await planning).AlembicRevision, Is.EqualTo("slow"));
    }

    [Test]
    public async Task The_hints_also_repair_rows_without_a_time()
    {
        await MakeAsync(Documented);
        await ExecuteAsync("""
            INSERT INTO deployment_stages (deployment_id, stage_name, created_at)
            SELECT deployment_id, stage_name, NULL FROM deployment_stages, generate_series(1, 2)
                WHERE id = 'f0000000-0000-4000-8000-000000000001';
            INSERT INTO deployment_stages (deployment_id, stage_name, created_at)
            SELECT 'd0000000-0000-4000-8000-000000000003', 'Built', NULL FROM generate_series(1, 2);
            INSERT INTO deployment_containers (deployment_id, container_id, image, host, port, created_at)
            SELECT 'd0000000-0000-4000-8000-000000000003', 'c' || n, 'i', 'h', 1, NULL FROM generate_series(1, 2) n;
            """);

        var before = (await Migrator().PlanAdoptionAsync(cancellationToken: Token)).Obstacles;
        foreach (var obstacle in before.Where(
            o => o.Before.StartsWith("001", StringComparison.Ordinal) && o.Query.Contains("HAVING", StringComparison.Ordinal)))
        {
            await ExecuteAsync(obstacle.Hint);
        }

        using (Assert.EnterMultipleScope())
        {
            Assert.That(before.Select(o => o.What), Has.Member("A deployment has two stages of one name (2 cases)")
                .And.Member("Two containers that are not stopped have the same host and port (1 case)"));
            Assert.That((await Migrator().PlanAdoptionAsync(cancellationToken: Token)).Obstacles.Select(o => o.Query),
                Has.None.Contains("HAVING"));
            Assert.That(await ListAsync("SELECT id FROM deployment_stages WHERE id = 'f0000000-0000-4000-8000-000000000001'"),
                Has.Count.EqualTo(1), "the last one stays");
        }
    }
}
