using AutoStack.Data.Cli.Roles;
using AutoStack.Data.Migrations.Tests.Support;
using AutoStack.Data.Tests.Support;
using Npgsql;

namespace AutoStack.Data.Migrations.Tests.Verbs;

/// <summary><c>roles apply</c> and <c>roles check</c>, on a real server with roles of the test's own prefix.</summary>
public sealed class RolesTests : MigrationTests
{
    private readonly string prefix = "roles_" + Guid.NewGuid().ToString("N")[..12];

    [TearDown]
    public Task DropRolesAsync() => ExecuteAsync($"""
        DO $$
        DECLARE item record;
        BEGIN
            FOR item IN SELECT r.rolname FROM pg_roles r WHERE r.rolname LIKE '{prefix.Replace("_", "\\_")}\_%' LOOP
                EXECUTE format('REASSIGN OWNED BY %I TO CURRENT_USER', item.rolname);
                EXECUTE format('DROP OWNED BY %I CASCADE', item.rolname);
            END LOOP;
            FOR item IN SELECT r.rolname FROM pg_roles r WHERE r.rolname LIKE '{prefix.Replace("_", "\\_")}\_%' LOOP
                EXECUTE format('DROP ROLE %I', item.rolname);
            END LOOP;
        END
        $$
        """);

    [Test]
    public async Task Settings_of_the_role_end_no_run()
    {
        await StartAtAsync(Head);
        await ExecuteAsync("""
            CREATE TABLE seen (value text);
            CREATE FUNCTION see() RETURNS event_trigger LANGUAGE plpgsql AS $$
            BEGIN
                INSERT INTO public.seen VALUES (current_setting('idle_in_transaction_session_timeout'));
            END
            $$;
            CREATE EVENT TRIGGER seeing ON ddl_command_end EXECUTE FUNCTION see();
            """);

        var applied = await ConsoleRun.StartAsync(["roles", "apply", "--prefix", prefix],
            connection: ConnectionString + ";Options=-c idle_in_transaction_session_timeout=7777s", cancellationToken: Token);
        await ExecuteAsync("DROP EVENT TRIGGER seeing");

        Assert.That(applied.Code, Is.Zero, applied.Error);
        Assert.That(await ListAsync("SELECT DISTINCT value FROM seen"), Is.EqualTo(new[] { "0" }));
    }

    [Test]
    public async Task Apply_makes_what_its_dry_run_announces_and_a_second_run_changes_nothing()
    {
        await StartAtAsync(Head);

        var dry = await RunAsync("roles", "apply", "--dry-run", "--json");
        var none = await ScalarAsync<long>($"SELECT count(*) FROM pg_roles WHERE starts_with(rolname, '{prefix}')");
        var text = await RunAsync("roles", "apply", "--dry-run");
        var applied = await RunAsync("roles", "apply", "--json");
        var again = await RunAsync("roles", "apply");
        var check = await RunAsync("roles", "check");

        using (Assert.EnterMultipleScope())
        {
            Assert.That((dry.Code, text.Code, applied.Code, again.Code, check.Code), Is.EqualTo((0, 0, 0, 0, 0)), applied.Error);
            Assert.That(none, Is.Zero);
            Assert.That(dry.Json.GetProperty("changes").GetRawText(), Is.EqualTo(applied.Json.GetProperty("changes").GetRawText()));
            Assert.That((dry.Json.GetProperty("changed").GetBoolean(), applied.Json.GetProperty("changed").GetBoolean()),
                Is.EqualTo((false, true)));
            Assert.That(text.Output, Does.Contain($"create  {prefix}_app (LOGIN)\n")
                .And.Contain($"create  {prefix}_readonly (CONNECTION LIMIT 5, LOGIN)\n")
                .And.Match($@"owner   \S+ → {prefix}_owner: the functions .*; the tables .*users")
                .And.Contain($"grant   {prefix}_owner to {prefix}_migrator\n")
                .And.Contain($"set     {prefix}_readonly: statement_timeout = 1min\n")
                .And.Contain("revoke  PUBLIC: CONNECT, TEMPORARY on the database ")
                .And.Match($"grant   {prefix}_app: DELETE, INSERT, SELECT, UPDATE on the tables .*projects.*users")
                .And.Contain($"grant   {prefix}_app: SELECT on the tables schema_versions\n".Replace("tables", "table"))
                .And.Contain("Nothing was changed."));
            Assert.That(text.Output, Does.Not.Contain("password_hash"), "no column that people may not read is granted");
            Assert.That(again.Output, Does.EndWith("are as they should be, nothing to do.\n"));
            Assert.That(check.Output, Does.StartWith("No findings in the rights of the database"));
        }
    }

    [Test]
    public async Task A_feature_that_a_superuser_has_enabled_is_reported_and_mended()
    {
        await StartAtAsync(Head);
        await RunAsync("roles", "apply");
        await Migrator().UpgradeAsync(MigrationTarget.Head.In("log-partitions"), cancellationToken: Token);

        var check = await RunAsync("roles", "check");
        var applied = await RunAsync("roles", "apply");
        var again = await RunAsync("roles", "check");

        Assert.That((check.Code, applied.Code, again.Code), Is.EqualTo((8, 0, 0)), again.Output);
        Assert.That(check.Output, Does.Match("error wrong-owner: .*create_reserved_log_partitions"));
        Assert.That(
            await ListAsync("""
                SELECT DISTINCT pg_get_userbyid(o.owner)
                FROM (
                    SELECT c.relowner FROM pg_class c WHERE c.relnamespace = 'autostack_partitions'::regnamespace AND c.relkind = 'r'
                    UNION SELECT n.nspowner FROM pg_namespace n WHERE n.nspname = 'autostack_partitions'
                ) o (owner)
                """),
            Is.EqualTo(new[] { $"{prefix}_owner" }));
    }

    [TestCase("GRANT TRUNCATE ON users TO {0}_app", "error extra-right: {0}_app has TRUNCATE on the table users.",
        "REVOKE TRUNCATE ON TABLE public.users FROM {0}_app;", 8)]
    [TestCase("GRANT SELECT (id), SELECT (password_hash) ON users TO {0}_readonly",
        "error extra-right: {0}_readonly has SELECT (password_hash) on the table users.",
        "REVOKE SELECT (password_hash) ON TABLE public.users FROM {0}_readonly;", 8)]
    [TestCase("GRANT SELECT ON sessions TO {0}_readonly", "error extra-right: {0}_readonly has SELECT on the table sessions.",
        "REVOKE SELECT ON TABLE public.sessions FROM {0}_readonly;", 8)]
    [TestCase("GRANT UPDATE ON schema_versions TO {0}_app WITH GRANT OPTION",
        "error extra-right: {0}_app has UPDATE WITH GRANT OPTION on the table schema_versions.",
        "REVOKE UPDATE ON TABLE public.schema_versions FROM {0}_app;", 8)]
    [TestCase("GRANT SELECT ON users TO {0}_app WITH GRANT OPTION",
        "error extra-right: {0}_app has GRANT OPTION FOR SELECT on the table users.",
        "REVOKE GRANT OPTION FOR SELECT ON TABLE public.users FROM {0}_app;", 8)]
    [TestCase("GRANT SELECT (id) ON users TO {0}_readonly WITH GRANT OPTION",
        "error extra-right: {0}_readonly has GRANT OPTION FOR SELECT (id) on the table users.",
        "REVOKE GRANT OPTION FOR SELECT (id) ON TABLE public.users FROM {0}_readonly;", 8)]
    [TestCase("GRANT CREATE ON SCHEMA public TO PUBLIC", "error extra-right: PUBLIC has CREATE on the schema public.",
        "REVOKE CREATE ON SCHEMA public FROM PUBLIC;", 8)]
    [TestCase("GRANT EXECUTE ON FUNCTION pg_advisory_lock(bigint) TO PUBLIC",
        "error extra-right: PUBLIC has EXECUTE on the function pg_advisory_lock(bigint).",
        "REVOKE EXECUTE ON ROUTINE pg_advisory_lock(bigint) FROM PUBLIC;", 8)]
    [TestCase("ALTER TABLE projects OWNER TO CURRENT_USER", "error wrong-owner: The table projects belongs to ",
        "ALTER TABLE public.projects OWNER TO {0}_owner;", 8)]
    [TestCase("ALTER ROLE {0}_app SUPERUSER CREATEDB", "error role-attribute: The role {0}_app has CREATEDB, SUPERUSER.",
        "ALTER ROLE {0}_app NOCREATEDB NOSUPERUSER;", 8)]
    [TestCase("GRANT {0}_owner TO {0}_app", "error extra-right: {0}_app is a member of {0}_owner.", "REVOKE {0}_owner FROM {0}_app;", 8)]
    [TestCase("ALTER DEFAULT PRIVILEGES FOR ROLE {0}_owner IN SCHEMA public GRANT SELECT ON TABLES TO {0}_readonly",
        "error extra-right: {0}_readonly has SELECT on future tables in public of {0}_owner.",
        "Run autostack-db roles apply --prefix {0}.", 8)]
    [TestCase("REVOKE SELECT ON users FROM {0}_app", "warning missing-right: {0}_app lacks SELECT on the table users.",
        "GRANT SELECT ON TABLE public.users TO {0}_app;", 7)]
    [TestCase("REVOKE {0}_owner FROM {0}_migrator", "warning missing-right: {0}_migrator is not a member of {0}_owner.",
        "GRANT {0}_owner TO {0}_migrator;", 7)]
    [TestCase("ALTER ROLE {0}_readonly CONNECTION LIMIT 50", "warning role-attribute: The role {0}_readonly lacks CONNECTION LIMIT 5.",
        "ALTER ROLE {0}_readonly CONNECTION LIMIT 5;", 7)]
    [TestCase("ALTER ROLE {0}_app NOLOGIN", "warning role-attribute: The role {0}_app lacks LOGIN.", "ALTER ROLE {0}_app LOGIN;", 7)]
    [TestCase("DO $$ BEGIN EXECUTE format('ALTER ROLE {0}_readonly IN DATABASE %I RESET lock_timeout', current_database()); END $$",
        "warning role-setting: The role {0}_readonly lacks the setting lock_timeout = 2s in this database.", "SET lock_timeout = '2s';", 7)]
    [TestCase("CREATE TABLE own_notes (id int)", "", "", 0)]
    public async Task Check_names_each_right_that_apply_would_change(string sql, string line, string statement, int code)
    {
        await StartAtAsync(Head);
        await RunAsync("roles", "apply");
        await ExecuteAsync(sql.Replace("{0}", prefix, StringComparison.Ordinal));

        var run = await RunAsync("roles", "check");
        var github = await RunAsync("roles", "check", "--format", "github");
        var json = await RunAsync("roles", "check", "--json");

        using (Assert.EnterMultipleScope())
        {
            Assert.That((run.Code, github.Code, json.Code), Is.EqualTo((code, code, code)), run.Output + run.Error);
            Assert.That(run.Output, Does.Contain(line.Replace("{0}", prefix, StringComparison.Ordinal))
                .And.Contain(statement.Replace("{0}", prefix, StringComparison.Ordinal)));
            Assert.That(json.Json.GetProperty("findings").GetArrayLength(), Is.EqualTo(code == 0 ? 0 : 1), run.Output);
        }

        // Apply mends it, and changes nothing else.
        await RunAsync("roles", "apply");
        Assert.That((await RunAsync("roles", "check")).Code, Is.Zero);
    }

    [Test]
    public async Task The_statements_of_a_check_mend_what_they_stand_under()
    {
        await StartAtAsync(Head);
        await RunAsync("roles", "apply");
        await ExecuteAsync($"""
            GRANT TRUNCATE, DELETE ON users, projects TO {prefix}_readonly;
            GRANT UPDATE (email) ON users TO {prefix}_readonly;
            GRANT TEMPORARY ON DATABASE "{Name}" TO PUBLIC;
            REVOKE INSERT, DELETE ON deployments FROM {prefix}_app;
            REVOKE EXECUTE ON FUNCTION assign_log_seq() FROM {prefix}_app;
            ALTER ROLE {prefix}_app CREATEROLE;
            ALTER ROLE {prefix}_app IN DATABASE "{Name}" SET work_mem = '1GB';
            ALTER ROLE {prefix}_readonly IN DATABASE "{Name}" SET work_mem = '1GB'
            """);

        var found = (await RunAsync("roles", "check", "--json")).Json.GetProperty("findings").EnumerateArray().ToList();
        Assert.That(found, Has.Count.EqualTo(7));
        foreach (var statement in found.Select(f => f.GetProperty("statement").GetString()!))
        {
            await ExecuteAsync(statement);
        }

        Assert.That((await RunAsync("roles", "check")).Code, Is.Zero);
    }

    [Test]
    public async Task A_database_without_the_roles_has_a_warning_for_each_and_errors_for_what_is_open()
    {
        await StartAtAsync(Head);

        var run = await RunAsync("roles", "check", "--json");

        var rules = run.Json.GetProperty("findings").EnumerateArray()
            .Select(f => (f.GetProperty("rule").GetString(), f.GetProperty("subject").GetString())).ToList();
        Assert.That(run.Code, Is.EqualTo(8));
        Assert.That(rules.Where(r => r.Item1 == "missing-role").Select(r => r.Item2),
            Is.EquivalentTo(new[] { "owner", "migrator", "app", "readonly" }.Select(role => $"{prefix}_{role}")));
        Assert.That(rules, Does.Contain(("extra-right", "PUBLIC")).And.No.Member(("missing-right", $"{prefix}_app")));
    }

    [Test]
    public async Task A_shared_database_keeps_the_functions_of_everybody()
    {
        await StartAtAsync(Head);

        var run = await RunAsync("roles", "apply", "--shared");

        Assert.That(run.Code, Is.Zero, run.Error);
        Assert.That(run.Output, Does.Not.Contain("pg_advisory"));
        Assert.That((await RunAsync("roles", "check", "--shared")).Code, Is.Zero);
        Assert.That((await RunAsync("roles", "check")).Output, Does.Contain("PUBLIC has EXECUTE on the functions lo_"));
    }

    [TestCase("apply")]
    [TestCase("check")]
    public async Task A_role_that_is_not_a_superuser_is_told_what_it_lacks_before_anything_runs(string verb)
    {
        await StartAtAsync(2);
        var role = $"{prefix}_operator";
        await ExecuteAsync($"CREATE ROLE {role} LOGIN PASSWORD '{role}' CREATEROLE");
        var connection = new NpgsqlConnectionStringBuilder(ConnectionString) { Username = role, Password = role }.ConnectionString;

        var run = await ConsoleRun.StartAsync(["roles", verb, "--prefix", prefix], connection: connection, cancellationToken: Token);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(run.Code, Is.EqualTo(1));
            Assert.That(run.Error, Does.StartWith($"The role {role} is not a superuser")
                .And.Contain($"the ownership of the database {Name} (owner ").And.Match("the ownership of [0-9]+ tables, to change it")
                .And.Contain("--shared leaves them as they are").And.Not.Contain("CREATEROLE").And.Contain("Nothing was changed."));
            Assert.That(await ScalarAsync<bool>($"SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = '{prefix}_app')"), Is.False);
        }
    }

    [Test]
    public async Task A_right_that_another_role_has_given_stops_apply_and_is_an_error_of_check()
    {
        await StartAtAsync(Head);
        await RunAsync("roles", "apply");
        await ExecuteAsync($"""
            CREATE ROLE {prefix}_other;
            GRANT DELETE ON users TO {prefix}_other WITH GRANT OPTION;
            SET ROLE {prefix}_other;
            GRANT DELETE ON users TO {prefix}_readonly;
            RESET ROLE
            """);

        var apply = await RunAsync("roles", "apply");
        var dry = await RunAsync("roles", "apply", "--dry-run");
        var check = await RunAsync("roles", "check");

        using (Assert.EnterMultipleScope())
        {
            Assert.That((apply.Code, dry.Code, check.Code), Is.EqualTo((1, 1, 8)), check.Output);
            Assert.That(apply.Error, Does.Contain("that this script did not give and cannot revoke").And.Contain("Nothing was changed."));
            Assert.That(dry.Error, Is.EqualTo(apply.Error));
            Assert.That(check.Output, Does.Contain("error right-of-another-grantor: ").And.Contain("Revoke it as the role that gave it"));
        }
    }

    [TestCase("--prefix: autostack.role_prefix must not begin with", "pg_mine")]
    [TestCase("--prefix: autostack.role_prefix has 60 bytes", "p23456789012345678901234567890123456789012345678901234567890")]
    [TestCase("--prefix is empty.", "")]
    public async Task A_prefix_that_cannot_be_a_role_is_wrong_usage(string message, string wrong)
    {
        var run = await ConsoleRun.StartAsync(
            ["roles", "check", "--prefix", wrong], connection: ConnectionString, cancellationToken: Token);

        Assert.That((run.Code, run.Error), Is.EqualTo((2, run.Error)));
        Assert.That(run.Error, Does.StartWith(message));
    }

    [Test]
    public async Task A_locked_table_is_named()
    {
        await StartAtAsync(2);
        await using var holder = await HoldAsync("SELECT 1 FROM users; LOCK TABLE users IN ACCESS EXCLUSIVE MODE");

        var run = await RunAsync("roles", "apply");

        Assert.That(run.Code, Is.EqualTo(5), run.Output);
        Assert.That(run.Error, Does.Contain("Locked: users by pid").And.Contain("Nothing was changed."));
    }

    [TestCase("INSERT INTO users (name, email) VALUES ('Ada', 'ada@example.com')")]
    [TestCase("LOCK TABLE users IN ACCESS EXCLUSIVE MODE")]
    public async Task A_check_waits_for_no_session_while_the_owners_are_right(string held)
    {
        await StartAtAsync(Head);
        await RunAsync("roles", "apply");
        await ExecuteAsync($"GRANT TRUNCATE ON users TO {prefix}_app");
        await using var holder = await HoldAsync(held);

        var run = await RunAsync("roles", "check");

        Assert.That(run.Code, Is.EqualTo(8), run.Error);
        Assert.That(run.Output, Does.Contain($"{prefix}_app has TRUNCATE on the table users."));
    }

    [Test]
    public async Task Hostile_names_are_quoted_and_shown_escaped()
    {
        await StartAtAsync(Head);
        await RunAsync("roles", "apply");
        await ExecuteAsync($"""
            CREATE TABLE "a.b; DROP TABLE users" ("c\u001b[2J" int);
            ALTER TABLE "a.b; DROP TABLE users" OWNER TO {prefix}_owner;
            GRANT SELECT ON "a.b; DROP TABLE users" TO {prefix}_readonly
            """.Replace("\\u001b", "\u001b"));

        var run = await RunAsync("roles", "check", "--json");
        foreach (var finding in run.Json.GetProperty("findings").EnumerateArray())
        {
            await ExecuteAsync(finding.GetProperty("statement").GetString()!);
        }

        Assert.That(run.Code, Is.EqualTo(8), run.Output);
        Assert.That((await RunAsync("roles", "check")).Code, Is.Zero);
    }

    [Test]
    public async Task The_program_holds_the_script_itself()
    {
        var file = await File.ReadAllTextAsync(Path.Combine(SourceRoot.Path, "scripts", "roles.sql"), Token);

        Assert.That(file.ReplaceLineEndings("\n"), Does.EndWith($"\nBEGIN;\n{RoleScript.Body}\nCOMMIT;\n"));
    }

    private string Name => new NpgsqlConnectionStringBuilder(ConnectionString).Database!;

    private Task<ConsoleRun> RunAsync(params string[] args) =>
        ConsoleRun.StartAsync([.. args, "--prefix", prefix], connection: ConnectionString, cancellationToken: Token);
}
