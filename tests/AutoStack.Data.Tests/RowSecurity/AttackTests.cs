using System.Security.Cryptography;
using AutoStack.Data.Deployments;
using AutoStack.Data.Migrations;
using AutoStack.Data.Postgres;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace AutoStack.Data.Tests.RowSecurity;

/// <summary>
/// Somebody at a SQL prompt of the tenant role, with an identity of their own that the service has signed, who wants the rows of another.
/// </summary>
public sealed class AttackTests : RowSecurityTests
{
    // Whatever the attacker tries: a statement, and the SQLSTATE of the refusal; null when the statement must find or change nothing.
    private static readonly TestCaseData[] Attempts =
    [
        // Settings.
        Attempt("SELECT set_config('autostack.deployment_id', '{deployment}', TRUE) ;; "
            + "SELECT FROM deployment_logs WHERE deployment_id = '{deployment}'"),
        Attempt("SELECT set_config('autostack.user_id', '{user}', TRUE) ;; SELECT FROM projects", "28000"),
        Attempt("SELECT set_config('autostack.user_id', '{user}.99999999999.' || repeat('0', 64), TRUE) ;; SELECT FROM projects", "28000"),
        Attempt("SELECT set_config('autostack.user_id', '{user}' || substr(current_setting('autostack.user_id'), 37), TRUE) ;; "
            + "SELECT FROM projects", "28000"),
        Attempt("SELECT set_config('autostack.user_id', '{expired}', TRUE) ;; SELECT FROM projects", "28000"),
        Attempt("SELECT set_config('autostack.user_id', 'x', TRUE) ;; SELECT FROM projects", "28000"),
        Attempt("SELECT set_config('autostack.user_id', '{user}.x.' || repeat('ä', 64), TRUE) ;; SELECT FROM projects", "28000"),
        Attempt("SELECT set_config('autostack.user_id', overlay(current_setting('autostack.user_id') PLACING '9' FROM 38), TRUE) ;; "
            + "SELECT FROM projects", "28000"),
        Attempt("SET LOCAL row_security = off; SELECT FROM projects", "42501"),
        Attempt("SET LOCAL session_replication_role = replica", "42501"),
        Attempt("SET LOCAL ROLE {superuser}", "42501"),
        Attempt("SET SESSION AUTHORIZATION {superuser}", "42501"),

        // Reading.
        Attempt("SELECT FROM projects WHERE id = '{project}'"),
        Attempt("SELECT FROM deployments WHERE project_id = '{project}' FOR UPDATE"),
        Attempt("SELECT FROM deployment_stages WHERE deployment_id = '{deployment}'"),
        Attempt("SELECT FROM deployment_leases WHERE deployment_id = '{deployment}'"),
        Attempt("SELECT FROM deployment_containers WHERE deployment_id = '{deployment}'"),
        Attempt("SELECT FROM deployment_health_checks WHERE deployment_id = '{deployment}'"),
        Attempt("SELECT FROM deployment_runtime_logs WHERE deployment_id = '{deployment}'"),
        Attempt("SELECT FROM sessions WHERE user_id = '{user}'"),
        Attempt("SELECT FROM users WHERE id = '{user}'"),
        Attempt("SELECT FROM user_preferences WHERE user_id = '{user}'"),
        Attempt("SELECT FROM github_connections WHERE user_id = '{user}'"),
        Attempt("SELECT token FROM sessions", "42501"),
        Attempt("SELECT password_hash FROM users", "42501"),
        Attempt("SELECT FROM password_reset_tokens", "42501"),
        Attempt("SELECT FROM email_verification_tokens", "42501"),
        Attempt("SELECT FROM user_identities", "42501"),
        Attempt("SELECT FROM webhook_payloads", "42501"),
        Attempt("SELECT FROM sign_in_attempts", "42501"),
        Attempt("SELECT FROM schema_versions", "42501"),
        Attempt("SELECT FROM autostack_identity.keys", "42501"),

        // Functions, views and statistics.
        Attempt("SELECT WHERE row_security_owns('{deployment}')"),
        Attempt("SELECT row_security_add_key('mine', 'bWluZSBtaW5lIG1pbmUgbWluZSBtaW5lIG1pbmUgbWluZSBtaW5l')", "42501"),
        Attempt(
            "CREATE OR REPLACE FUNCTION public.row_security_user_id() RETURNS uuid LANGUAGE sql AS 'SELECT NULL::uuid'", "42501"),
        Attempt("SELECT FROM pg_stats WHERE schemaname = 'public'"),
        Attempt("SELECT FROM pg_statistic", "42501"),
        Attempt("SELECT query_to_xml('SELECT * FROM projects WHERE id = ''{project}''', FALSE, TRUE, '') WHERE query_to_xml("
            + "'SELECT * FROM projects WHERE id = ''{project}''', FALSE, TRUE, '')::text <> ''"),
        Attempt("COPY (SELECT FROM projects WHERE id = '{project}') TO STDOUT"),
        Attempt("COPY projects (id, user_id, name, repository) FROM STDIN", "0A000"),

        // Errors that quote what they met, and functions that are called before a policy.
        Attempt("SELECT name::int FROM projects WHERE id = '{project}'"),
        Attempt("SELECT 1 / (CASE WHEN name = '{name}' THEN 0 ELSE 1 END) FROM projects WHERE name = '{name}'"),
        Attempt("CREATE FUNCTION pg_temp.leak(text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS 'BEGIN IF $1 = ''{name}'' "
            + "THEN RAISE ''seen''; END IF; RETURN FALSE; END' ;; SELECT FROM projects WHERE pg_temp.leak(name::text)"),
        Attempt("SELECT FROM projects WHERE name::text ~ '{name}' AND repository::text ~ '{name}'"),

        // Changes.
        Attempt("UPDATE projects SET name = 'mine' WHERE id = '{project}'"),
        Attempt("DELETE FROM projects WHERE id = '{project}'"),
        Attempt("UPDATE projects SET user_id = '{user}'", "42501"),
        Attempt("UPDATE deployments SET user_id = '{user}'", "42501"),
        Attempt("UPDATE deployments SET project_id = '{project}'", "42501"),
        Attempt("UPDATE deployment_stages SET deployment_id = '{deployment}'", "42501"),
        Attempt("DELETE FROM deployment_leases WHERE deployment_id = '{deployment}'"),
        Attempt("DELETE FROM deployments", "42501"),
        Attempt("TRUNCATE projects", "42501"),
        Attempt("INSERT INTO projects (user_id, name, repository) VALUES ('{user}', 'theirs', 'a/b')", "42501"),
        Attempt("INSERT INTO deployment_stages (deployment_id, stage_name) VALUES ('{deployment}', 'mine')", "42501"),
        Attempt("INSERT INTO deployment_logs (deployment_id, message) VALUES ('{deployment}', 'mine')", "42501"),
        Attempt("INSERT INTO user_preferences (user_id) VALUES ('{user}')", "42501"),
        Attempt("INSERT INTO github_connections (user_id, github_access_token) VALUES ('{user}', 'x')", "42501"),

        // Keys: a foreign key does not tell a project of another from none. A unique key of ids does: the server has no such right.
        Attempt("INSERT INTO deployments (project_id, user_id) VALUES ('{project}', '{me}')", "42501"),
        Attempt("INSERT INTO deployments (project_id, user_id) VALUES ('00000000-0000-4000-8000-000000000000', '{me}')", "42501"),
        Attempt("UPDATE users SET email = '{email}'", "42501"),
        Attempt("INSERT INTO projects (id, user_id, name, repository) VALUES ('{project}', '{me}', 'mine', 'a/b')", "23505"),
        Attempt("INSERT INTO projects AS p (id, user_id, name, repository) VALUES ('{project}', '{me}', 'mine', 'a/b') "
            + "ON CONFLICT (id) DO UPDATE SET name = p.name", "42501"),
    ];

    private readonly string signingKey = Convert.ToBase64String(RandomNumberGenerator.GetBytes(40));
    private ServiceProvider signed = null!;
    private TenantAccess signer = null!;
    private NpgsqlDataSource prompt = null!;
    private string login = "";
    private string superuser = "";
    private Tenant me = null!;
    private Tenant other = null!;

    [OneTimeSetUp]
    public async Task SignAsync()
    {
        await new SchemaMigrator(Database.ConnectionString).UpgradeAsync(
            MigrationTarget.Head.In("signed-identity"), cancellationToken: Token);
        await ExecuteAsync("SELECT row_security_add_key('first', $1)", signingKey);
        (me, other) = (await Tenant.CreateAsync(Plain, Token), await Tenant.CreateAsync(Plain, Token));
        signed = HostOf(options => (options.TenantRole, options.IdentityKey) = (TenantRole, signingKey));
        signer = new TenantAccess(TenantRole, Convert.FromBase64String(signingKey));
        login = $"prompt_{Database.Name}";
        superuser = (string)(await ScalarAsync("SELECT quote_ident(current_user)"))!;
        await ExecuteAsync($"CREATE ROLE {login} LOGIN PASSWORD 'prompt' IN ROLE {TenantRole}");
        prompt = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(Database.ConnectionString)
        {
            Username = login,
            Password = "prompt",
            Pooling = false,
        });
        await ExecuteAsync("ANALYZE");
    }

    [OneTimeTearDown]
    public async Task CloseAsync()
    {
        await prompt.DisposeAsync();
        await signed.DisposeAsync();
        await ExecuteAsync($"DROP ROLE {login}");
    }

    [TestCaseSource(nameof(Attempts))]
    public async Task An_attempt_at_the_rows_of_another_reads_and_changes_nothing(string sql, string? refusal)
    {
        var before = await RowsAsync();
        string? state = null;
        var met = 0;
        await using (var connection = await prompt.OpenConnectionAsync(Token))
        {
            await using var transaction = await connection.BeginTransactionAsync(Token);
            await using var identify = new NpgsqlCommand("SELECT set_config('autostack.user_id', $1, TRUE)", connection);
            identify.Parameters.Add(new NpgsqlParameter { Value = signer.IdentityOf(me.Id) });
            await identify.ExecuteNonQueryAsync(Token);
            try
            {
                foreach (var statement in Filled(sql).Split(" ;; "))
                {
                    await using var command = new NpgsqlCommand(statement, connection);
                    met = await RunAsync(command);
                }

                await transaction.CommitAsync(Token);
            }
            catch (PostgresException exception)
            {
                state = exception.SqlState;
                Assert.That(
                    $"{exception.MessageText} {exception.Detail} {exception.Hint}",
                    Does.Not.Contain(other.User.Name).And.Not.Contain(other.User.Email));
            }
        }

        Assert.That((state, met), Is.EqualTo((refusal, 0)));
        Assert.That(await RowsAsync(), Is.EqualTo(before));
    }

    [Test]
    public async Task The_attempts_meet_rows_where_they_are_ones_own()
    {
        await using var connection = await prompt.OpenConnectionAsync(Token);
        await using var transaction = await connection.BeginTransactionAsync(Token);
        await using var identify = new NpgsqlCommand("SELECT set_config('autostack.user_id', $1, TRUE)", connection);
        identify.Parameters.Add(new NpgsqlParameter { Value = signer.IdentityOf(me.Id) });
        await identify.ExecuteNonQueryAsync(Token);

        foreach (var table in new[]
        {
            "users", "user_preferences", "github_connections", "sessions", "projects", "deployments", "deployment_stages",
            "deployment_logs", "deployment_runtime_logs", "deployment_containers", "deployment_health_checks",
        })
        {
            await using var count = new NpgsqlCommand($"SELECT count(*) FROM {table}", connection);
            Assert.That(await count.ExecuteScalarAsync(Token), Is.GreaterThan(0L), table);
        }
    }

    [Test]
    public async Task The_tenant_role_reaches_no_table_without_row_security_and_no_function_with_the_rights_of_another()
    {
        Assert.That(await ScalarAsync($"""
            SELECT string_agg(c.oid::regclass::text, ', ')
            FROM pg_class c
            JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
            WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND NOT (c.relrowsecurity AND c.relforcerowsecurity)
              AND has_schema_privilege('{TenantRole}', n.oid, 'USAGE')
              AND CASE c.relkind WHEN 'S' THEN has_sequence_privilege('{TenantRole}', c.oid, 'USAGE, SELECT, UPDATE')
                  ELSE has_any_column_privilege('{TenantRole}', c.oid, 'SELECT, INSERT, UPDATE, REFERENCES') END
            """), Is.Null);
        Assert.That(await ScalarAsync($"""
            SELECT string_agg(p.proname, ', ')
            FROM pg_proc p
            WHERE p.prosecdef AND p.pronamespace = 'public'::regnamespace AND p.prorettype <> 'trigger'::regtype
              AND has_function_privilege('{TenantRole}', p.oid, 'EXECUTE')
            """), Is.EqualTo("row_security_user_id"));
    }

    [Test]
    public async Task Every_table_that_leads_to_a_user_has_a_policy() => Assert.That(await ScalarAsync("""
        WITH RECURSIVE owned AS (
            SELECT 'users'::regclass::oid AS id
            UNION
            SELECT k.conrelid FROM pg_constraint k JOIN owned o ON o.id = k.confrelid AND k.contype = 'f'
        )
        SELECT string_agg(c.oid::regclass::text, ', ')
        FROM pg_class c
        JOIN owned o ON o.id = c.oid
        WHERE c.relnamespace = 'public'::regnamespace
          AND NOT (c.relrowsecurity AND c.relforcerowsecurity AND EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid))
        """), Is.Null);

    [Test]
    public async Task A_service_with_the_key_reads_and_a_service_without_it_is_refused()
    {
        Assert.That(
            await signed.GetRequiredService<IDeploymentRepository>().FindDetailsAsync(me.DeploymentId, me.Id, 10, Token), Is.Not.Null);
        Assert.That(
            () => Guarded.GetRequiredService<IDeploymentRepository>().FindAsync(me.DeploymentId, me.Id, Token),
            Throws.TypeOf<IdentityRefusedException>().With.InnerException.Property("SqlState").EqualTo("28000"));
    }

    [Test]
    public async Task A_key_is_replaced_while_both_are_valid()
    {
        var next = Convert.ToBase64String(RandomNumberGenerator.GetBytes(100));
        await using var renewed = HostOf(options => (options.TenantRole, options.IdentityKey) = (TenantRole, next));
        var deployments = renewed.GetRequiredService<IDeploymentRepository>();

        await ExecuteAsync("SELECT row_security_add_key('second', $1)", next);
        Assert.That(await deployments.FindAsync(me.DeploymentId, me.Id, Token), Is.Not.Null);
        await ExecuteAsync("DELETE FROM autostack_identity.keys WHERE name = 'second'");

        Assert.That(
            () => deployments.FindAsync(me.DeploymentId, me.Id, Token),
            Throws.TypeOf<IdentityRefusedException>().With.Property("IsTransient").False.And.Property("OutcomeUnknown").False);
    }

    [Test]
    public void A_short_key_is_refused() => Assert.That(
        () => ExecuteAsync("SELECT row_security_add_key('short', 'c2hvcnQ=')"),
        Throws.InstanceOf<PostgresException>().With.Message.Contains("The key has 5 bytes; it has at least 32"));

    private static TestCaseData Attempt(string sql, string? refusal = null) => new TestCaseData(sql, refusal).SetArgDisplayNames(sql);

    private string Filled(string sql) => sql
        .Replace("{superuser}", superuser, StringComparison.Ordinal)
        .Replace("{me}", $"{me.Id}", StringComparison.Ordinal)
        .Replace("{user}", $"{other.Id}", StringComparison.Ordinal)
        .Replace("{email}", other.User.Email, StringComparison.Ordinal)
        .Replace("{name}", other.User.Name, StringComparison.Ordinal)
        .Replace("{project}", $"{other.ProjectId}", StringComparison.Ordinal)
        .Replace("{deployment}", $"{other.DeploymentId}", StringComparison.Ordinal)
        .Replace("{expired}", Expired(), StringComparison.Ordinal);

    // Signed with the right key, an hour ago.
    private string Expired()
    {
        var claim = $"{me.Id}.{DateTimeOffset.UtcNow.AddHours(-1).ToUnixTimeSeconds()}";
        return $"{claim}.{Convert.ToHexStringLower(HMACSHA256.HashData(
            Convert.FromBase64String(signingKey), System.Text.Encoding.ASCII.GetBytes(claim)))}";
    }

    // The number of rows that a statement has read or changed; that of a statement that only calls a function is 0.
    private static async Task<int> RunAsync(NpgsqlCommand command)
    {
        if (command.CommandText.StartsWith("COPY (", StringComparison.Ordinal))
        {
            using var copied = await command.Connection!.BeginTextExportAsync(command.CommandText, Token);
            return (await copied.ReadToEndAsync(Token)).Length;
        }

        if (command.CommandText.StartsWith("COPY", StringComparison.Ordinal))
        {
            await using var copy = await command.Connection!.BeginTextImportAsync(command.CommandText, Token);
            return 1;
        }

        await using var reader = await command.ExecuteReaderAsync(Token);
        var rows = 0;
        while (await reader.ReadAsync(Token))
        {
            rows++;
        }

        return command.CommandText.StartsWith("SELECT set_config", StringComparison.Ordinal)
            ? 0
            : rows + Math.Max(reader.RecordsAffected, 0);
    }

    private async Task<string> RowsAsync() => (string)(await ScalarAsync("""
        SELECT string_agg(r, E'\n' ORDER BY r)
        FROM (
            SELECT u::text FROM users u
            UNION ALL SELECT f::text FROM user_preferences f
            UNION ALL SELECT g::text FROM github_connections g
            UNION ALL SELECT s::text FROM sessions s
            UNION ALL SELECT p::text FROM projects p
            UNION ALL SELECT d::text FROM deployments d
            UNION ALL SELECT s::text FROM deployment_stages s
            UNION ALL SELECT l::text FROM deployment_logs l
            UNION ALL SELECT k::text FROM autostack_identity.keys k
        ) AS t (r)
        """))!;
}
