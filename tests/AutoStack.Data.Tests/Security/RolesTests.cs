using AutoStack.Data.Deployments;
using AutoStack.Data.Migrations;
using AutoStack.Data.Monitoring;
using AutoStack.Data.Projects;
using AutoStack.Data.Testing;
using AutoStack.Data.Tests.Support;
using AutoStack.Data.Users;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace AutoStack.Data.Tests.Security;

/// <summary>The roles of scripts/roles.sql, in a database that they make from nothing, under names that no other run has.</summary>
public sealed class RolesTests
{
    private const string Password = "of the test only";

    private readonly string prefix = "autostack_" + Guid.NewGuid().ToString("N")[..12];
    private TestDatabase database = null!;

    private static CancellationToken Token => TestContext.CurrentContext.CancellationToken;

    [OneTimeSetUp]
    public async Task CreateAsync()
    {
        database = await TestServer.Current.CreateEmptyDatabaseAsync();
        await RunScriptAsync();
        foreach (var role in new[] { "migrator", "app", "readonly" })
        {
            await AsSuperuserAsync($"ALTER ROLE {prefix}_{role} PASSWORD '{Password}'");
        }

        await new SchemaMigrator(As("migrator")).UpgradeAsync();
    }

    [OneTimeTearDown]
    public async Task DropAsync()
    {
        await database.DisposeAsync();
        await using var connection = new NpgsqlConnection(TestServer.Current.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand($"DROP ROLE {prefix}_migrator, {prefix}_app, {prefix}_readonly, {prefix}_owner", connection);
        await command.ExecuteNonQueryAsync();
    }

    [Test, Order(1)]
    public async Task What_the_migrator_makes_belongs_to_the_owner()
    {
        await using var source = NpgsqlDataSource.Create(database.ConnectionString);
        await using var command = source.CreateCommand("""
            SELECT string_agg(DISTINCT c.relowner::regrole::text, ',')
            FROM pg_class c
            WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'i', 'S')
            """);

        Assert.That(await command.ExecuteScalarAsync(Token), Is.EqualTo($"{prefix}_owner"));
    }

    [Test, Order(2)]
    public async Task The_library_works_as_the_role_of_the_services_and_needs_no_more()
    {
        await using var provider = new ServiceCollection()
            .AddAutoStackData(options => (options.ConnectionString, options.MinPoolSize) = (As("app"), 0))
            .AddAutoStackDataWorkers()
            .BuildServiceProvider();
        var user = await provider.GetRequiredService<IUserRepository>().AddAsync(new NewUser { Name = "Ada", Email = "ada@example.com" }, Token);
        var project = await provider.GetRequiredService<IProjectRepository>().AddAsync(
            new NewProject { UserId = user.Id, Name = "site", Repository = "ada/site" }, Token);
        var deployments = provider.GetRequiredService<IDeploymentRepository>();
        await using var turns = provider.GetRequiredService<IDeploymentQueueWatcher>().WatchAsync(TimeSpan.FromDays(1), Token).GetAsyncEnumerator(Token);
        await turns.MoveNextAsync();
        var deployment = (await deployments.EnqueueAsync(new NewDeployment { ProjectId = project.Id, UserId = user.Id }, Token))!;
        await turns.MoveNextAsync();
        var lifecycle = provider.GetRequiredService<IDeploymentLifecycle>();
        Assert.That((await lifecycle.ClaimNextAsync(new ClaimOptions { MaxPerProject = 1 }, Token))?.Deployment.Id, Is.EqualTo(deployment.Id));
        await provider.GetRequiredService<IPlatformDeploymentLogRepository>().AppendAsync(deployment.Id, [new NewDeploymentLog { Message = "hello" }], Token);
        var place = await provider.GetRequiredService<IPlatformDeploymentContainerRepository>().ReserveAsync(
            new NewDeploymentContainer { DeploymentId = deployment.Id, Image = "site:1" }, Token);
        Assert.That(place.Outcome, Is.EqualTo(ReservationOutcome.Reserved));
        await provider.GetRequiredService<IRetentionService>().RunAsync(new RetentionPolicy(), null, Token);
        Assert.That(await provider.GetRequiredService<IUserRepository>().RemoveAsync(user.Id, Token), Is.True);
    }

    [TestCase("app", "CREATE TABLE public.more ()")]
    [TestCase("app", "ALTER TABLE users ADD COLUMN more text")]
    [TestCase("app", "DROP INDEX idx_users_email")]
    [TestCase("app", "TRUNCATE users")]
    [TestCase("readonly", "INSERT INTO users (name, email) VALUES ('n', 'e')")]
    [TestCase("readonly", "DELETE FROM users")]
    [TestCase("readonly", "CREATE TABLE public.more ()")]
    [Order(3)]
    public void A_role_does_nothing_but_its_work(string role, string sql) => Denied(role, sql);

    [Test, Order(4)]
    public async Task After_the_next_run_the_journal_is_only_read_and_readers_see_everything_but_secrets()
    {
        Denied("readonly", "SELECT id FROM users");

        await RunScriptAsync();
        await RunScriptAsync();

        Denied("app", "DELETE FROM schema_versions");
        Denied("app", "UPDATE schema_versions SET checksum = ''");
        await RunAsync("app", "SELECT * FROM schema_versions");
        await RunAsync("readonly", "SELECT id, email, email_verified FROM users");
        await RunAsync("readonly", "SELECT l.message FROM deployments d JOIN deployment_logs l ON l.deployment_id = d.id");
        foreach (var secret in new[]
        {
            "password_hash FROM users", "github_access_token FROM github_connections", "github_refresh_token FROM github_connections", "token FROM sessions",
            "token_hash FROM password_reset_tokens", "env_vars FROM projects", "env_vars FROM deployments", "headers FROM webhook_payloads",
        })
        {
            Denied("readonly", $"SELECT {secret}");
        }

        await new SchemaMigrator(As("migrator")).DowngradeAsync(MigrationTarget.Base, cancellationToken: Token);
    }

    private string As(string role) => new NpgsqlConnectionStringBuilder(database.ConnectionString)
    {
        Username = $"{prefix}_{role}",
        Password = Password,
    }.ConnectionString;

    private void Denied(string role, string sql) =>
        Assert.That(
            () => RunAsync(role, sql),
            Throws.InstanceOf<PostgresException>().With.Property(nameof(PostgresException.SqlState)).EqualTo(PostgresErrorCodes.InsufficientPrivilege),
            $"{role}: {sql}");

    private async Task RunAsync(string role, string sql)
    {
        await using var connection = new NpgsqlConnection(As(role));
        await connection.OpenAsync(Token);
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(Token);
    }

    private async Task RunScriptAsync() => await AsSuperuserAsync(
        $"SET autostack.role_prefix = '{prefix}';" + await File.ReadAllTextAsync(Path.Combine(SourceRoot.Path, "scripts", "roles.sql"), Token));

    private async Task AsSuperuserAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(database.ConnectionString);
        await connection.OpenAsync(Token);
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(Token);
    }
}
