using AutoStack.Data.Accounts;
using AutoStack.Data.Containers;
using AutoStack.Data.Deployments;
using AutoStack.Data.Logs;
using AutoStack.Data.Migrations;
using AutoStack.Data.Projects;
using AutoStack.Data.Retention;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace AutoStack.Data.Tests.Access;

/// <summary>What scripts/roles.sql makes of a database, and what a repeated run mends.</summary>
public sealed class RolesTests
{
    /// <summary>Whatever the script changes: rights, owners, memberships, attributes and settings of roles.</summary>
    private const string Catalog = """
        SELECT 'table ' || oid::regclass || ' ' || relowner::regrole || ' ' || coalesce(relacl::text, '') FROM pg_class
        WHERE relnamespace = 'public'::regnamespace
        UNION ALL SELECT 'column ' || attrelid::regclass || '.' || attname || ' ' || attacl::text FROM pg_attribute WHERE attacl IS NOT NULL
        UNION ALL SELECT 'function ' || oid::regprocedure || ' ' || proowner::regrole || ' ' || coalesce(proacl::text, '') FROM pg_proc
        UNION ALL SELECT 'schema ' || nspname || ' ' || coalesce(nspacl::text, '') FROM pg_namespace WHERE nspname !~ '^pg_(toast|temp)'
        UNION ALL SELECT 'database ' || datacl::text FROM pg_database WHERE datname = current_database()
        UNION ALL SELECT 'default ' || defaclrole::regrole || ' ' || defaclnamespace || ' ' || defaclobjtype::text || ' ' || defaclacl::text
        FROM pg_default_acl
        UNION ALL SELECT 'member ' || roleid::regrole || ' ' || member::regrole FROM pg_auth_members
        UNION ALL SELECT 'role ' || to_jsonb(r)::text FROM pg_roles r
        UNION ALL SELECT 'setting ' || setrole::regrole || ' ' || setconfig::text FROM pg_db_role_setting
            WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
        ORDER BY 1
        """;

    private RolesDatabase database = null!;

    private static CancellationToken Token => TestContext.CurrentContext.CancellationToken;

    [SetUp]
    public async Task CreateAsync()
    {
        database = await RolesDatabase.CreateAsync(TestServer.Current);
        await database.UpgradeAsync();
    }

    [TearDown]
    public async Task DropAsync() => await database.DisposeAsync();

    [Test]
    public async Task The_owner_owns_everything_that_the_migrator_creates() =>
        Assert.That(
            await database.ListAsync("""
                SELECT DISTINCT c.relowner::regrole::text
                FROM pg_class c
                WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'i', 'S')
                """),
            Is.EqualTo(new[] { $"{database.Prefix}_owner" }));

    [TestCase(false)]
    [TestCase(true)]
    public async Task The_library_works_as_the_role_of_the_services(bool afterNextRun)
    {
        if (afterNextRun)
        {
            await database.RunScriptAsync();
        }

        await using var provider = new ServiceCollection()
            .AddAutoStackData(options => (options.ConnectionString, options.MinPoolSize) = (database.As("app"), 0))
            .AddAutoStackDataWorkers()
            .BuildServiceProvider();
        var user = await provider.GetRequiredService<IUserRepository>().AddAsync(
            new NewUser { Name = "Ada", Email = "ada@example.com" }, Token);
        var project = await provider.GetRequiredService<IProjectRepository>().AddAsync(
            new NewProject { UserId = user.Id, Name = "site", Repository = "ada/site" }, Token);
        var deployments = provider.GetRequiredService<IDeploymentRepository>();
        await using var turns = provider.GetRequiredService<IDeploymentQueueWatcher>()
            .WatchAsync(TimeSpan.FromDays(1), Token).GetAsyncEnumerator(Token);
        await turns.MoveNextAsync();
        var deployment = (await deployments.EnqueueAsync(new NewDeployment { ProjectId = project.Id, UserId = user.Id }, Token))!;
        await turns.MoveNextAsync();
        var lifecycle = provider.GetRequiredService<IDeploymentLifecycle>();
        Assert.That(
            (await lifecycle.ClaimNextAsync(new ClaimOptions { MaxPerProject = 1 }, Token))?.Deployment.Id, Is.EqualTo(deployment.Id));
        await provider.GetRequiredService<IPlatformDeploymentLogRepository>().AppendAsync(
            deployment.Id, [new NewDeploymentLog { Message = "hello" }], Token);
        var place = await provider.GetRequiredService<IPlatformDeploymentContainerRepository>().ReserveAsync(
            new NewDeploymentContainer { DeploymentId = deployment.Id, Image = "site:1" }, Token);
        Assert.That(place.Outcome, Is.EqualTo(ReservationOutcome.Reserved));
        await provider.GetRequiredService<IRetentionService>().RunAsync(new RetentionPolicy(), null, Token);

        // As another program inserts: with the default id, and a number that the trigger gives.
        await database.RunAsync(
            "app",
            $"INSERT INTO deployment_logs (deployment_id, message) VALUES ('{deployment.Id}', 'from elsewhere')");
        Assert.That(await provider.GetRequiredService<IUserRepository>().RemoveAsync(user.Id, Token), Is.True);
    }

    [Test]
    public async Task The_services_change_no_table_and_no_journal()
    {
        await database.RunScriptAsync();
        foreach (var sql in new[]
        {
            "CREATE TABLE public.more ()",
            "ALTER TABLE users ADD COLUMN more text",
            "DROP INDEX idx_users_email",
            "TRUNCATE users",
            "CREATE SCHEMA more",
            "CREATE TEMP TABLE more ()", "DELETE FROM schema_versions", "UPDATE schema_versions SET checksum = ''",
            "CREATE TRIGGER t BEFORE INSERT ON users EXECUTE FUNCTION assign_log_seq()",
        })
        {
            database.Denied("app", sql);
        }

        await database.RunAsync("app", "SELECT * FROM schema_versions");
    }

    [Test]
    public async Task The_migrator_works_after_a_second_run_of_the_script()
    {
        await database.RunScriptAsync();
        await new SchemaMigrator(database.As("migrator")).DowngradeAsync(MigrationTarget.Base, cancellationToken: Token);
        await database.UpgradeAsync();
    }

    [Test]
    public async Task The_services_read_the_changes_of_the_journal_and_write_none()
    {
        // The downgrade creates the table, under the default privileges that give the services every other new table.
        await new SchemaMigrator(database.As("migrator")).DowngradeAsync(MigrationTarget.Base, cancellationToken: Token);
        await database.UpgradeAsync();
        for (var run = 1; run <= 2; run++)
        {
            await database.RunAsync("app", "SELECT * FROM schema_version_changes");
            database.Denied("app", "DELETE FROM schema_version_changes");
            database.Denied("app", "UPDATE schema_version_changes SET reason = ''");
            await database.RunScriptAsync();
        }

        // A reader gets the columns that the script lists.
        await database.RunAsync("readonly", "SELECT * FROM schema_version_changes");
    }

    [Test]
    public async Task Readers_cannot_read_a_new_table_or_column_until_it_is_listed()
    {
        database.Denied("readonly", "SELECT id FROM users");
        await database.RunScriptAsync();
        await database.RunAsync("readonly", "SELECT id FROM users");

        await database.AsSuperuserAsync($"""
            SET ROLE {database.Role("owner")};
            ALTER TABLE users ADD COLUMN recovery_code text;
            CREATE TABLE vault (id uuid, code text);
            CREATE VIEW emails AS SELECT * FROM users;
            """);
        await database.RunScriptAsync();

        string[] reads =
        [
            "SELECT recovery_code FROM users",
            "SELECT u FROM users u",
            "SELECT id FROM vault",
            "SELECT 1 FROM vault",
            "SELECT id FROM emails",
        ];
        foreach (var sql in reads)
        {
            database.Denied("readonly", sql);
        }

        await database.RunAsync("app", "INSERT INTO vault VALUES (NULL, ''); SELECT recovery_code FROM users");
    }

    [Test]
    public async Task A_second_run_changes_nothing()
    {
        await database.RunScriptAsync();
        var before = await CatalogAsync();

        await database.RunScriptAsync();

        Assert.That(await CatalogAsync(), Is.EqualTo(before));
    }

    [Test]
    public async Task A_right_granted_by_mistake_does_not_survive_a_run()
    {
        await database.RunScriptAsync();
        var before = await CatalogAsync();
        var (readers, app, owner) = (database.Role("readonly"), database.Role("app"), database.Role("owner"));
        var name = new NpgsqlConnectionStringBuilder(database.SuperuserConnectionString).Database;
        await database.AsSuperuserAsync($"""
            GRANT ALL ON ALL TABLES IN SCHEMA public TO {readers};
            GRANT SELECT ON users, sessions TO PUBLIC;
            GRANT SELECT (password_hash), UPDATE (email) ON users TO {readers} WITH GRANT OPTION;
            GRANT ALL ON schema_versions TO {app};
            GRANT TRUNCATE, TRIGGER, REFERENCES ON users TO {app} WITH GRANT OPTION;
            GRANT ALL ON FUNCTION assign_log_seq() TO {readers} WITH GRANT OPTION;
            GRANT CREATE ON SCHEMA public TO PUBLIC, {readers}, {app};
            GRANT ALL ON DATABASE {name} TO PUBLIC, {readers}, {app};
            GRANT EXECUTE ON FUNCTION pg_catalog.pg_advisory_lock(bigint) TO PUBLIC, {readers};
            GRANT EXECUTE ON FUNCTION pg_catalog.lo_create(oid) TO {readers};
            GRANT pg_read_all_data, {app} TO {readers};
            GRANT {owner}, pg_write_all_data TO {app} WITH ADMIN OPTION;
            ALTER DEFAULT PRIVILEGES FOR ROLE {owner} GRANT ALL ON TABLES TO {readers}, PUBLIC;
            ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA public GRANT ALL ON SEQUENCES TO {readers};
            ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON TABLES TO {readers};
            ALTER ROLE {readers} SUPERUSER CREATEDB CREATEROLE REPLICATION BYPASSRLS CONNECTION LIMIT -1;
            ALTER ROLE {owner} LOGIN;
            ALTER ROLE {readers} IN DATABASE {name} SET statement_timeout = 0;
            ALTER ROLE {readers} IN DATABASE {name} SET session_preload_libraries = '';
            """);

        await database.RunScriptAsync();

        Assert.That(await CatalogAsync(), Is.EqualTo(before));
        database.Denied("readonly", "SELECT password_hash FROM users");
    }

    [Test]
    public async Task A_right_that_cannot_be_revoked_is_named_and_nothing_is_applied()
    {
        await database.RunScriptAsync();
        var third = database.Role("third");
        await database.AsSuperuserAsync($"""
            CREATE ROLE {third};
            GRANT USAGE ON SCHEMA public TO {third};
            GRANT SELECT ON users TO {third} WITH GRANT OPTION;
            SET ROLE {third};
            GRANT SELECT ON users TO {database.Role("readonly")};
            RESET ROLE;
            GRANT CREATE ON SCHEMA public TO PUBLIC;
            """);
        try
        {
            Assert.That(
                () => database.RunScriptAsync(),
                Throws.InstanceOf<PostgresException>().With.Message.Contains("users.").And.Message.Contains("cannot revoke"));
            Assert.That(
                await database.ListAsync("SELECT has_schema_privilege('public', 'public', 'CREATE')"),
                Is.EqualTo(new[] { "True" }),
                "one transaction");
        }
        finally
        {
            await database.AsSuperuserAsync($"DROP OWNED BY {third} CASCADE; DROP ROLE {third}");
        }
    }

    [TestCase("DELETE ON users", "DELETE on public.users")]
    [TestCase("TRUNCATE ON users", "TRUNCATE on public.users")]
    [TestCase("REFERENCES ON users", "REFERENCES on public.users")]
    [TestCase("TRIGGER ON users", "TRIGGER on public.users")]
    [TestCase("CREATE ON SCHEMA public", "CREATE on schema public")]
    [TestCase("CREATE ON DATABASE {0}", "CREATE on the database")]
    [TestCase("TEMPORARY ON DATABASE {0}", "TEMPORARY on the database")]
    public async Task A_right_granted_by_a_third_role_stops_the_script(string right, string named)
    {
        await database.RunScriptAsync();
        var third = database.Role("third");
        right = string.Format(
            System.Globalization.CultureInfo.InvariantCulture,
            right,
            new NpgsqlConnectionStringBuilder(database.SuperuserConnectionString).Database);
        await database.AsSuperuserAsync($"""
            CREATE ROLE {third};
            GRANT USAGE ON SCHEMA public TO {third};
            GRANT {right} TO {third} WITH GRANT OPTION;
            SET ROLE {third};
            GRANT {right} TO {database.Role("readonly")};
            """);
        try
        {
            Assert.That(() => database.RunScriptAsync(), Throws.InstanceOf<PostgresException>().With.Message.Contains(named));
        }
        finally
        {
            await database.AsSuperuserAsync($"RESET ROLE; DROP OWNED BY {third} CASCADE; DROP ROLE {third}");
        }

        await database.RunScriptAsync();
    }

    [Test]
    public async Task Tables_that_another_role_created_become_the_owners()
    {
        await using var adopted = await RolesDatabase.CreateBareAsync(TestServer.Current);
        await new SchemaMigrator(adopted.SuperuserConnectionString).UpgradeAsync(cancellationToken: Token);
        await adopted.AsSuperuserAsync("CREATE TABLE alembic_version (version_num text); GRANT SELECT ON users TO PUBLIC");

        await adopted.RunScriptAsync();

        Assert.That(
            await adopted.ListAsync("""
                SELECT DISTINCT relowner::regrole::text FROM pg_class
                WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> 'alembic_version'
                UNION
                SELECT proowner::regrole::text FROM pg_proc WHERE proname = 'assign_log_seq'
                """),
            Is.EqualTo(new[] { $"{adopted.Prefix}_owner" }),
            "List each table in scripts/roles.sql: the script changes the owner of the listed tables only.");
        Assert.That(
            await adopted.ListAsync("SELECT tableowner::text FROM pg_tables WHERE tablename = 'alembic_version'"),
            Is.Not.EqualTo(new[] { $"{adopted.Prefix}_owner" }));
        adopted.Denied("readonly", "SELECT password_hash FROM users");
        await adopted.RunAsync("readonly", "SELECT email FROM users");
        await new SchemaMigrator(adopted.As("migrator")).UpgradeAsync(cancellationToken: Token);
    }

    [TestCase("Mixed Case")]
    [TestCase("it's a \"quote\"; DROP TABLE users")]
    [TestCase("ünïcode-%I-$roles$")]
    [TestCase("a_prefix_of_fifty_four_bytes_which_is_as_long_as_it_is")]
    public async Task Any_prefix_works(string prefix)
    {
        prefix = prefix.Length == 54 ? prefix[..^12] + Guid.NewGuid().ToString("N")[..12] : $"{Guid.NewGuid().ToString("N")[..8]} {prefix}";
        await using var named = await RolesDatabase.CreateAsync(TestServer.Current, prefix);
        await named.UpgradeAsync();
        await named.RunScriptAsync();

        await named.RunAsync("readonly", "SELECT email FROM users");
        named.Denied("readonly", "SELECT password_hash FROM users");
        named.Denied("app", "DELETE FROM schema_versions");
        Assert.That(await named.ListAsync("migrator", "SELECT current_user::text"), Is.EqualTo(new[] { $"{prefix}_owner" }));
    }

    [TestCase("a_prefix_of_fifty_five_bytes_that_is_longer_than_it_may", "55 bytes")]
    [TestCase("pg_mine", "pg_")]
    [TestCase("two\nlines", "control characters")]
    public async Task A_prefix_that_yields_invalid_names_is_refused_before_any_change(string prefix, string problem)
    {
        await using var bare = await RolesDatabase.CreateBareAsync(TestServer.Current, prefix);

        Assert.That(() => bare.RunScriptAsync(), Throws.InstanceOf<PostgresException>().With.Message.Contains(problem));
        Assert.That(await bare.ListAsync($"SELECT rolname::text FROM pg_roles WHERE rolname LIKE '{prefix[..6]}%'"), Is.Empty);
    }

    [Test]
    public async Task No_object_planted_in_public_runs_as_the_superuser()
    {
        await database.AsSuperuserAsync("""
            CREATE FUNCTION public.trap() RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE 'planted'; END $$;
            CREATE FUNCTION public.format(text, name) RETURNS text LANGUAGE sql AS 'SELECT public.trap()';
            CREATE FUNCTION public.format(text, text) RETURNS text LANGUAGE sql AS 'SELECT public.trap()';
            CREATE FUNCTION public.format(text, regclass, text) RETURNS text LANGUAGE sql AS 'SELECT public.trap()';
            CREATE FUNCTION public.string_to_array(text, text) RETURNS text[] LANGUAGE sql AS 'SELECT ARRAY[public.trap()]';
            CREATE FUNCTION public.same(name, text) RETURNS boolean LANGUAGE sql AS 'SELECT public.trap() = $2';
            CREATE OPERATOR public.= (LEFTARG = name, RIGHTARG = text, FUNCTION = public.same);
            CREATE FUNCTION public.joined(text, text) RETURNS text LANGUAGE sql AS 'SELECT public.trap()';
            CREATE OPERATOR public.|| (LEFTARG = text, RIGHTARG = text, FUNCTION = public.joined);
            CREATE TABLE public.pg_roles (name text);
            """);

        await database.RunScriptAsync("SET search_path = public, pg_catalog;");

        await database.RunAsync("readonly", "SELECT email FROM users");
    }

    [Test]
    public async Task Locks_large_objects_and_notifications_stay_public_on_request()
    {
        await database.RunScriptAsync();
        database.Denied("readonly", "SELECT pg_advisory_lock(1)");

        await database.RunScriptAsync("SET autostack.restrict_functions = off;");

        await database.RunAsync("readonly", "SELECT pg_advisory_lock(1), pg_notify('c', '')");
        database.Denied("readonly", "SELECT password_hash FROM users");
    }

    // Roles belong to the server, where other fixtures make theirs.
    private async Task<List<string>> CatalogAsync() =>
        [.. (await database.ListAsync(Catalog)).Where(line => line.Contains(database.Prefix, StringComparison.Ordinal))];
}
