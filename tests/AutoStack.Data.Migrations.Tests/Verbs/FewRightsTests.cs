using AutoStack.Data.Migrations.Tests.Support;
using Npgsql;

namespace AutoStack.Data.Migrations.Tests.Verbs;

/// <summary>
/// The verbs that change nothing, under roles that are no superusers: each says what the role may not see, and fails only where nothing is
/// left to report.
/// </summary>
public sealed class FewRightsTests : MigrationTests
{
    private readonly string prefix = "few_" + Guid.NewGuid().ToString("N")[..12];

    // The verb, its exit code, and a text of its output or error.
    private static readonly (string Verb, int Code, string Text)[] WithoutTables =
    [
        ("current", 1, "The journal public.schema_versions cannot be read: permission denied"),
        ("history", 1, "Run as the owner of the tables, or as a role that has the right."),
        ("check", 1, "The journal public.schema_versions cannot be read: permission denied"),
        ("dump", 0, "CREATE TABLE public.users"),
        ("stats", 0, "queue: The role lacks a right: permission denied for table"),
        ("stats indexes", 0, "bloat of some indexes: The role may not read all their columns."),
        ("doctor", 8, "warning schema-not-checked: The schema could not be checked. The journal public.schema_versions cannot be read"),
        ("verify", 7, "warning log-sequence: deployment_logs: not checked to the end: the role may not read it"),
        ("prune --dry-run", 7, "This role may not read, and did not count: deployments, deployment_logs,"),
        ("prune --dry-run --json", 7, "\"notVisible\":[\"deployments\",\"deployment_logs\","),
        ("keys verify", 7, "warning column-not-visible: The role may not read deployments.env_vars"),
        ("partitions status", 0, "The tables of logs are not partitioned."),
        ("roles check", 1, "is not a superuser, and the script of the roles needs one."),
    ];

    private static readonly (string Verb, int Code, string Text)[] OfServices =
    [
        ("current", 0, "up to date"),
        ("check", 0, "No difference."),
        ("stats indexes", 0, "unused"),
        ("verify", 0, "remark"),
        ("prune --dry-run", 0, "0 rows would be removed"),
        ("keys verify", 0, "No secret is stored."),
        ("roles check", 1, "is not a superuser"),
    ];

    [SetUp]
    public async Task CreateRolesAsync()
    {
        await StartAtAsync(Head);
        var applied = await ConsoleRun.StartAsync(
            ["roles", "apply", "--prefix", prefix, "--shared"], connection: ConnectionString, cancellationToken: Token);
        Assert.That(applied.Code, Is.Zero, applied.Error);
        await ExecuteAsync($"""
            CREATE ROLE {prefix}_bare LOGIN;
            CREATE ROLE {prefix}_monitor LOGIN IN ROLE pg_monitor;
            GRANT CONNECT ON DATABASE "{Database.Name}" TO {prefix}_bare, {prefix}_monitor;
            GRANT USAGE ON SCHEMA public TO {prefix}_bare, {prefix}_monitor;
            ALTER ROLE {prefix}_bare PASSWORD 'few';
            ALTER ROLE {prefix}_monitor PASSWORD 'few';
            ALTER ROLE {prefix}_app PASSWORD 'few';
            INSERT INTO users (name, email) VALUES ('Ada', 'ada@example.com');
            ANALYZE users
            """);
    }

    [TearDown]
    public Task DropRolesAsync() => ExecuteAsync($"""
        DO $$
        DECLARE item record;
        BEGIN
            FOR item IN SELECT r.rolname FROM pg_roles r WHERE starts_with(r.rolname, '{prefix}') LOOP
                EXECUTE format('REASSIGN OWNED BY %I TO CURRENT_USER', item.rolname);
                EXECUTE format('DROP OWNED BY %I CASCADE', item.rolname);
            END LOOP;
            FOR item IN SELECT r.rolname FROM pg_roles r WHERE starts_with(r.rolname, '{prefix}') LOOP
                EXECUTE format('DROP ROLE %I', item.rolname);
            END LOOP;
        END
        $$
        """);

    [Test]
    public Task A_role_without_tables_sees_what_it_may_and_is_told_the_rest() => RunAllAsync("bare", WithoutTables);

    [Test]
    public Task A_monitor_sees_the_statistics_and_is_told_the_rest() => RunAllAsync("monitor", WithoutTables);

    [Test]
    public Task The_role_of_the_services_sees_all_but_the_roles() => RunAllAsync("app", OfServices);

    private async Task RunAllAsync(string role, (string Verb, int Code, string Text)[] verbs)
    {
        var connection = new NpgsqlConnectionStringBuilder(ConnectionString) { Username = $"{prefix}_{role}", Password = "few" };
        using (Assert.EnterMultipleScope())
        {
            foreach (var (verb, code, text) in verbs)
            {
                var run = await ConsoleRun.StartAsync(
                    verb.Split(' '), connection: connection.ConnectionString, cancellationToken: Token);

                Assert.That(run.Code, Is.EqualTo(code), $"{verb}: {run.Output}{run.Error}");
                Assert.That(run.Output + run.Error, Does.Contain(text), verb);
            }
        }
    }
}
