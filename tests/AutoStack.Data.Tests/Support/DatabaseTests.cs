using System.Security.Cryptography;
using AutoStack.Data.Accounts;
using AutoStack.Data.Containers;
using AutoStack.Data.Deployments;
using AutoStack.Data.HealthChecks;
using AutoStack.Data.Logs;
using AutoStack.Data.Projects;
using AutoStack.Data.Testing;
using AutoStack.Data.Webhooks;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Npgsql;

namespace AutoStack.Data.Tests.Support;

/// <summary>
/// A fixture with a database of its own, whose sessions are in another time zone, and the repositories as a host gets them. Each test makes
/// the rows it needs.
/// </summary>
public abstract class DatabaseTests
{
    private static int sequence;

    private ServiceProvider provider = null!;

    protected TestDatabase Database { get; private set; } = null!;

    /// <summary>Raw access beside the library, in the zone of the database.</summary>
    protected NpgsqlDataSource Raw { get; private set; } = null!;

    protected FakeTimeProvider Clock { get; private set; } = null!;

    protected static CancellationToken Token => TestContext.CurrentContext.CancellationToken;

    protected IUserRepository Users => Get<IUserRepository>();

    protected IPlatformUserRepository PlatformUsers => Get<IPlatformUserRepository>();

    protected IIdentityRepository Identities => Get<IIdentityRepository>();

    protected IUserPreferencesRepository Preferences => Get<IUserPreferencesRepository>();

    protected IPasswordResetTokenRepository ResetTokens => Get<IPasswordResetTokenRepository>();

    protected IEmailVerificationTokenRepository EmailTokens => Get<IEmailVerificationTokenRepository>();

    protected ISessionRepository Sessions => Get<ISessionRepository>();

    protected IPlatformSessionRepository PlatformSessions => Get<IPlatformSessionRepository>();

    protected ISignInThrottle Throttle => Get<ISignInThrottle>();

    protected IProjectRepository Projects => Get<IProjectRepository>();

    protected IPlatformProjectRepository PlatformProjects => Get<IPlatformProjectRepository>();

    protected IDeploymentRepository Deployments => Get<IDeploymentRepository>();

    protected IDeploymentLifecycle Lifecycle => Get<IDeploymentLifecycle>();

    protected IDeploymentLogRepository Logs => Get<IDeploymentLogRepository>();

    protected IDeploymentStageRepository Stages => Get<IDeploymentStageRepository>();

    protected IPlatformDeploymentStageRepository PlatformStages => Get<IPlatformDeploymentStageRepository>();

    protected IDeploymentContainerRepository Containers => Get<IDeploymentContainerRepository>();

    protected IPlatformDeploymentContainerRepository PlatformContainers => Get<IPlatformDeploymentContainerRepository>();

    protected IDeploymentHealthCheckRepository HealthChecks => Get<IDeploymentHealthCheckRepository>();

    protected IPlatformDeploymentHealthCheckRepository PlatformHealthChecks => Get<IPlatformDeploymentHealthCheckRepository>();

    protected IWebhookPayloadRepository Webhooks => Get<IWebhookPayloadRepository>();

    protected IPushes Pushes => Get<IPushes>();

    protected IDeploymentMaintenance Maintenance => Get<IDeploymentMaintenance>();

    protected IDeploymentRuntimeLogRepository RuntimeLogs => Get<IDeploymentRuntimeLogRepository>();

    protected IPlatformDeploymentLogRepository PlatformLogs => Get<IPlatformDeploymentLogRepository>();

    protected IPlatformDeploymentRuntimeLogRepository PlatformRuntimeLogs => Get<IPlatformDeploymentRuntimeLogRepository>();

    protected IUnitOfWork UnitOfWork => Get<IUnitOfWork>();

    [OneTimeSetUp]
    public async Task CreateDatabaseAsync()
    {
        Skip(TestContext.CurrentContext.Test.ClassName?.Split('.')[^1]);
        Database = await TestServer.Current.CreateDatabaseAsync();
        await LibraryConnection.PrepareAsync(Database.ConnectionString);
        await using (var connection = new NpgsqlConnection(TestServer.Current.ConnectionString))
        {
            await connection.OpenAsync();
            await using var command = new NpgsqlCommand($"ALTER DATABASE {Database.Name} SET timezone = 'Asia/Kolkata'", connection);
            await command.ExecuteNonQueryAsync();
        }

        // Many rows take long on a busy machine.
        Raw = NpgsqlDataSource.Create(
            new NpgsqlConnectionStringBuilder(Database.ConnectionString) { ApplicationName = "raw", CommandTimeout = 300 });
        Clock = new FakeTimeProvider(new DateTimeOffset(2026, 3, 29, 0, 59, 59, TimeSpan.Zero).AddTicks(1234567));
        Clock.AutoAdvanceAmount = TimeSpan.FromMilliseconds(1);
        provider = new ServiceCollection()
            .AddSingleton<TimeProvider>(Clock)
            .AddAutoStackData(options => LibraryConnection.Set(options, Database.ConnectionString))
            .AddAutoStackDataWorkers()
            .BuildServiceProvider();
    }

    [SetUp]
    public void SkipDifference()
    {
        Skip(TestContext.CurrentContext.Test.MethodName);
        Skip(TestContext.CurrentContext.Test.Name);
    }

    [OneTimeTearDown]
    public async Task DropDatabaseAsync()
    {
        if (Database is null)
        {
            return;
        }

        await provider.DisposeAsync();
        await Raw.DisposeAsync();
        await Database.DisposeAsync();
    }

    private static void Skip(string? name)
    {
        if (name is not null && LibraryConnection.Differences.TryGetValue(name, out var reason))
        {
            Assert.Ignore(reason);
        }
    }

    protected T Get<T>()
        where T : notnull => provider.GetRequiredService<T>();

    /// <summary>Waits until the notifications of all enqueues so far are sent.</summary>
    protected Task NotifiedAsync() =>
        provider.GetRequiredKeyedService<Data.Database>(AutoStackDataServiceCollectionExtensions.DefaultKey).QueueNotifier.SentAsync();

    protected static ClaimOptions PerProject(int limit) => new() { MaxPerProject = limit };

    /// <summary>A key to encrypt secrets with.</summary>
    protected static SecretKey NewKey(string id) => new() { Id = id, Secret = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)) };

    /// <summary>The repositories of the same database in a host with encryption keys; the first key encrypts.</summary>
    protected ServiceProvider WithKeys(params SecretKey[] keys) => new ServiceCollection()
        .AddSingleton<TimeProvider>(Clock)
        .AddAutoStackData(options =>
        {
            LibraryConnection.Set(options, Database.ConnectionString);
            foreach (var key in keys)
            {
                options.SecretKeys.Add(key);
            }
        })
        .AddAutoStackDataWorkers()
        .BuildServiceProvider();

    protected static string Unique(string prefix) => $"{prefix}-{Interlocked.Increment(ref sequence)}";

    protected Task<User> AddUserAsync() =>
        Users.AddAsync(new NewUser { Name = "Ada", Email = $"{Unique("ada")}@example.com" }, Token);

    /// <summary>Signs a user in and returns the time of the sign-in.</summary>
    protected async Task<DateTimeOffset> SignInAsync(Guid userId) =>
        (await Sessions.AddAsync(new NewSession { UserId = userId }, Token)).Session.SignedInAt!.Value;

    protected async Task<Project> AddProjectAsync(Guid? userId = null) =>
        await Projects.AddAsync(
            new NewProject { UserId = userId ?? (await AddUserAsync()).Id, Name = Unique("site"), Repository = "ada/site" }, Token);

    protected async Task<Deployment> EnqueueAsync(Project? project = null)
    {
        project ??= await AddProjectAsync();

        // The services of a fixture have no key, and the project may have an environment.
        return (await Deployments.EnqueueAsync(
            new NewDeployment { ProjectId = project.Id, UserId = project.UserId, WithoutEnvironment = true }, Token))!;
    }

    /// <summary>A deployment of a worker in the given step. Starts it by id, so that tests do not claim each other's deployments.</summary>
    protected async Task<Deployment> StartedAsync(DeploymentStatus step)
    {
        var deployment = await EnqueueAsync();
        await ExecuteAsync(
            "UPDATE deployments SET status = 'cloning', started_at = created_at WHERE id = $1", deployment.Id);
        await ExecuteAsync(
            "UPDATE deployment_stages SET stage_name = 'cloning' WHERE deployment_id = $1", deployment.Id);
        if (step != DeploymentStatus.Cloning)
        {
            Assert.That(await Lifecycle.AdvanceAsync(deployment.Id, step, Token), Is.EqualTo(TransitionOutcome.Applied));
        }

        return (await Deployments.FindAsync(deployment.Id, deployment.UserId, Token))!;
    }

    /// <summary>The tables of the schema, without the journal.</summary>
    protected async Task<IReadOnlyList<string>> TablesAsync() => ((string)(await ScalarAsync(
        """
        SELECT string_agg(oid::regclass::text, ',')
        FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition AND relname <> 'schema_versions'
        """))!).Split(',');

    protected async Task<int> ExecuteAsync(string sql, params object[] values)
    {
        await using var command = Raw.CreateCommand(sql);
        foreach (var value in values)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        }

        return await command.ExecuteNonQueryAsync();
    }

    protected async Task<object?> ScalarAsync(string sql, params object[] values)
    {
        await using var command = Raw.CreateCommand(sql);
        foreach (var value in values)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        }

        return await command.ExecuteScalarAsync() is var result && result is DBNull ? null : result;
    }

    /// <summary>The last statement of each transaction that another session of this database has open.</summary>
    protected async Task<string[]> OpenTransactionsAsync() => (string[])(await ScalarAsync("""
        SELECT coalesce(array_agg(state || ': ' || query), '{}')
        FROM pg_stat_activity
        WHERE datname = current_database() AND backend_type = 'client backend' AND xact_start IS NOT NULL AND pid <> pg_backend_pid()
        """))!;

    /// <summary>Waits until no other session of this database has a transaction open.</summary>
    protected async Task UntilNoTransactionAsync()
    {
        for (var tries = 1; await OpenTransactionsAsync() is { Length: > 0 } open; tries++)
        {
            Assert.That(tries, Is.LessThan(600), string.Join('\n', open));
            await Task.Delay(100, Token);
        }
    }

    /// <summary>Waits until other sessions of this database wait for a lock: the overlap that a race test needs.</summary>
    protected async Task UntilSomeoneWaitsAsync(int sessions = 1)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(Token);
        timeout.CancelAfter(TimeSpan.FromSeconds(30));
        while ((long)(await ScalarAsync(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"))! < sessions)
        {
            await Task.Delay(5, timeout.Token);
        }
    }
}
