using System.Text.RegularExpressions;
using AutoStack.Data.Accounts;
using AutoStack.Data.Migrations.Internal;
using AutoStack.Data.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace AutoStack.Data.Migrations.Tests.Adoption;

/// <summary>
/// What the Python services can no longer do according to docs/python-services.md: each row of its table, with their statements.
/// </summary>
public sealed partial class PythonLimitsTests : AdoptionTestsBase
{
    private const string User = "10000000-0000-4000-8000-000000000001";
    private const string Project = "20000000-0000-4000-8000-000000000001";
    private const string Deployment = "30000000-0000-4000-8000-000000000001";
    private const string Other = "30000000-0000-4000-8000-000000000002";

    private const string Rows = $"""
        INSERT INTO users (id, name, email, email_verified, created_at, updated_at)
            VALUES ('{User}', 'Ada', 'ada@example.com', true, now(), now());
        INSERT INTO projects (id, user_id, name, repository, branch, build_command, output_dir, runtime, auto_deploy_enabled, created_at,
            updated_at)
            VALUES ('{Project}', '{User}', 'site', 'ada/site', 'main', 'make', 'dist', 'static', false, now(), now());
        INSERT INTO deployments (id, project_id, user_id, status, creator_type, is_production, created_at, is_deleted)
            SELECT d.id::uuid, '{Project}', '{User}', 'building', 'manual', false, now(), false
                FROM (VALUES ('{Deployment}'), ('{Other}')) d (id);
        INSERT INTO deployment_logs (id, deployment_id, timestamp, message, created_at)
            SELECT gen_random_uuid(), d.id, now(), 'line', now() FROM deployments d;
        INSERT INTO deployment_stages (id, deployment_id, stage_name, status, created_at)
            VALUES (gen_random_uuid(), '{Deployment}', 'Cloning', 'in_progress', now());
        INSERT INTO deployment_containers (id, deployment_id, container_id, image, host, port, status, created_at)
            VALUES (gen_random_uuid(), '{Deployment}', 'c1', 'i', 'localhost', 30000, 'running', now());
        """;

    private const string Line = $"""
        INSERT INTO deployment_logs (id, deployment_id, timestamp, message, created_at)
            VALUES (gen_random_uuid(), '{Deployment}', now(), 'later', now())
        """;

    private static readonly SecretKey Key = new() { Id = "k1", Secret = Convert.ToBase64String(new byte[32]) };

    [TestCase(PostgresErrorCodes.UniqueViolation, $"""
        INSERT INTO deployment_stages (id, deployment_id, stage_name, status, created_at)
            VALUES (gen_random_uuid(), '{Deployment}', 'cloning', 'pending', now())
        """, TestName = "A stage in another case")]
    [TestCase(PostgresErrorCodes.UniqueViolation, $"""
        UPDATE deployment_logs SET deployment_id = '{Other}' WHERE deployment_id = '{Deployment}'
        """, TestName = "A line moved to another deployment")]
    [TestCase(PostgresErrorCodes.UniqueViolation, """
        INSERT INTO users (id, name, email, email_verified, created_at, updated_at)
            VALUES (gen_random_uuid(), 'Ada', 'ADA@example.com', false, now(), now())
        """, TestName = "An address in another case")]
    [TestCase(PostgresErrorCodes.UniqueViolation, $"""
        INSERT INTO deployment_containers (id, deployment_id, container_id, image, host, port, status, created_at)
        VALUES (gen_random_uuid(), '{Other}', 'c2', 'i', 'localhost', 30000, 'starting', now())
        """, TestName = "A port that a container has")]
    [TestCase(PostgresErrorCodes.UntranslatableCharacter, """
        INSERT INTO webhook_payloads (id, provider, payload_json, headers, received_at)
            VALUES (gen_random_uuid(), 'github', '{"a": "\u0000"}', '{}', now())
        """, TestName = "A body with U+0000")]
    [TestCase(PostgresErrorCodes.InvalidTextRepresentation, """
        INSERT INTO webhook_payloads (id, provider, payload_json, headers, received_at)
            VALUES (gen_random_uuid(), 'github', '{"a": "\ud800"}', '{}', now())
        """, TestName = "A body with half of a surrogate pair")]
    [TestCase(PostgresErrorCodes.NumericValueOutOfRange, """
        INSERT INTO webhook_payloads (id, provider, payload_json, headers, received_at)
            VALUES (gen_random_uuid(), 'github', '{"a": 1e200000}', '{}', now())
        """, TestName = "A body with a number that is too large")]
    public async Task An_adopted_database_refuses(string sqlState, string statement)
    {
        await AdoptAsync(rows: true);

        Refused(statement, sqlState);
    }

    [TestCase("users", "created_at")]
    [TestCase("projects", "updated_at")]
    [TestCase("deployments", "status")]
    [TestCase("deployment_logs", "timestamp")]
    [TestCase("deployment_stages", "created_at")]
    public async Task A_NULL_is_refused_by_a_check_or_in_adopted_databases_the_column(string table, string column)
    {
        await StartAtAsync(Head);
        await ExecuteAsync(Rows);
        Refused($"UPDATE {table} SET {column} = NULL", PostgresErrorCodes.CheckViolation);

        await ExecuteAsync($"DROP SCHEMA public CASCADE; CREATE SCHEMA public");
        await AdoptAsync(rows: true);
        Refused($"UPDATE {table} SET {column} = NULL", PostgresErrorCodes.NotNullViolation);
    }

    [Test]
    public async Task A_line_inserted_at_repeatable_read_after_the_snapshot_is_refused()
    {
        await AdoptAsync(rows: true);
        await using var connection = await Raw.OpenConnectionAsync(Token);
        await using var transaction = await connection.BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead, Token);
        await using var snapshot = new NpgsqlCommand("SELECT count(*) FROM deployment_logs", connection, transaction);
        await snapshot.ExecuteScalarAsync(Token);
        await ExecuteAsync(Line);

        await using var late = new NpgsqlCommand(Line, connection, transaction);

        Assert.That(
            () => late.ExecuteNonQueryAsync(Token),
            Throws.InstanceOf<PostgresException>().With.Property("SqlState")
                .AnyOf(PostgresErrorCodes.UniqueViolation, PostgresErrorCodes.SerializationFailure));
    }

    [Test]
    public async Task A_statement_prepared_before_the_change_to_jsonb_fails_once()
    {
        await MakeAsync(CreateAll, rows: false);
        await using var connection = await Raw.OpenConnectionAsync(Token);
        await using var command = new NpgsqlCommand("SELECT payload_json FROM webhook_payloads", connection);
        await command.PrepareAsync(Token);
        await (await command.ExecuteReaderAsync(Token)).DisposeAsync();

        await Migrator().AdoptAsync(cancellationToken: Token);

        Assert.That(
            async () => await (await command.ExecuteReaderAsync(Token)).DisposeAsync(),
            Throws.InstanceOf<PostgresException>().With.Message.Contains("cached plan must not change result type"));
    }

    [Test]
    public async Task The_library_folds_addresses_and_encrypts_secrets()
    {
        await AdoptAsync(rows: true);
        await using var provider = new ServiceCollection()
            .AddAutoStackData(options =>
            {
                options.ConnectionString = Database.ConnectionString;
                options.SecretKeys.Add(Key);
            })
            .AddAutoStackDataWorkers()
            .BuildServiceProvider();
        T Get<T>()
            where T : notnull => provider.GetRequiredService<T>();

        var eve = await Get<IUserRepository>().AddAsync(new NewUser { Name = "Eve", Email = "Eve@Example.COM" }, Token);
        await Get<IGitHubConnectionRepository>().ConnectAsync(eve.Id, new GitHubTokens { AccessToken = "gho_clear" }, Token);
        await Get<Projects.IProjectEnvironmentRepository>().ReplaceAsync(Guid.Parse(Project), Guid.Parse(User), "A=1", Token);

        Assert.That(await ListAsync("SELECT email FROM users WHERE email = 'Eve@Example.COM'"), Is.Empty);
        Assert.That(await ListAsync("SELECT email FROM users WHERE email = 'eve@example.com'"), Has.Count.EqualTo(1));
        Assert.That(await ListAsync("SELECT github_access_token FROM github_connections"), Has.All.StartsWith("enc:v2:k1:"));
        Assert.That(await ListAsync("SELECT env_vars FROM projects"), Has.All.StartsWith("enc:v2:k1:"));

        // Vice versa the library reads what the services write in clear.
        await ExecuteAsync("UPDATE projects SET env_vars = 'A=2'");
        Assert.That(
            (await Get<Projects.IProjectEnvironmentRepository>().FindAsync(Guid.Parse(Project), Guid.Parse(User), Token))!.Reveal(),
            Is.EqualTo("A=2"));
    }

    [Test]
    public void The_filter_for_autogenerate_names_every_table()
    {
        var page = File.ReadAllText(Path.Combine(SourceRoot.Path, "docs", "python-services.md"));
        var named = Quoted().Matches(Filter().Match(page).Groups[1].Value).Select(match => match.Groups[1].Value);
        var tables = Catalog.Newest.Objects.Where(o => o.Kind == SchemaObjectKind.Table).Select(o => o.Name)
            .Concat(["schema_versions", "schema_version_changes"])
            .Concat(TablesOfFeatures());

        Assert.That(
            named,
            Is.EquivalentTo(tables),
            "Put exactly the tables of the schema and of its features into AUTOSTACK in docs/python-services.md.");
    }

    // Tables in public; the others have schemas of their own, which Alembic does not read.
    private static IEnumerable<string> TablesOfFeatures() =>
        Directory.EnumerateFiles(Path.Combine(SourceRoot.Path, "scripts", "sql", "features"), "*.sql", SearchOption.AllDirectories)
            .Where(script => !script.EndsWith(".down.sql", StringComparison.Ordinal))
            .SelectMany(script => CreatedTable().Matches(File.ReadAllText(script)))
            .Select(match => match.Groups[1].Value)
            .Distinct();

    private async Task AdoptAsync(bool rows)
    {
        await MakeAsync(CreateAll, rows: false);
        await Migrator().AdoptAsync(cancellationToken: Token);
        if (rows)
        {
            await ExecuteAsync(Rows);
        }
    }

    private void Refused(string statement, string sqlState) =>
        Assert.That(
            () => ExecuteAsync(statement),
            Throws.InstanceOf<PostgresException>().With.Property("SqlState").EqualTo(sqlState),
            statement);

    [GeneratedRegex(@"AUTOSTACK = \{([^}]*)\}")]
    private static partial Regex Filter();

    [GeneratedRegex("\"(\\w+)\"")]
    private static partial Regex Quoted();

    [GeneratedRegex(@"^CREATE TABLE (\w+) ", RegexOptions.Multiline)]
    private static partial Regex CreatedTable();
}
