using System.Collections.Frozen;
using AutoStack.Data.Analytics;
using AutoStack.Data.Deployments;
using AutoStack.Data.Monitoring;
using AutoStack.Data.Projects;
using AutoStack.Data.Security;
using AutoStack.Data.Users;
using AutoStack.Data.Webhooks;

namespace AutoStack.Data.Internal;

/// <summary>What repositories are made with besides the connection.</summary>
internal sealed record Context(TimeProvider Clock, SecretProtector Secrets, LogNotifier LogNotifier, LogSecrets LogSecrets)
{
    /// <summary>True when the process has registered what serves the platform's own work; without it a unit of work has none of it either.</summary>
    public bool ServesWorkers { get; init; }

    /// <summary>Rules for sign-ins, sessions and password resets.</summary>
    public AccountOptions Accounts { get; init; } = new();

    /// <summary>The bounds of logs, which hold for every way into them.</summary>
    public LogWriterOptions LogWriter { get; init; } = new();

    /// <summary>How long a search in a log may take.</summary>
    public TimeSpan LogSearchTime { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Where the process's next claim begins to look.</summary>
    public QueueStart QueueStart { get; } = new();
}

/// <summary>
/// The one table of repositories: which class implements which interface. Registration and transactions both use it. An interface serves a user's
/// request, and each of its methods names the user or a proof of who they are; or it serves the platform's own work, and reaches every user's rows.
/// </summary>
internal static class Repositories
{
    private static readonly FrozenDictionary<Type, Func<Db, Context, object>> OfRequests = new Dictionary<Type, Func<Db, Context, object>>
    {
        [typeof(IUserRepository)] = (db, context) => new UserRepository(db, context.Clock),
        [typeof(IIdentityRepository)] = (db, context) => new IdentityRepository(db, context),
        [typeof(IUserPreferencesRepository)] = (db, context) => new UserPreferencesRepository(db, context.Clock),
        [typeof(IGithubConnectionRepository)] = (db, context) => new GithubConnectionRepository(db, context.Clock, context.Secrets),
        [typeof(IPasswordResetTokenRepository)] = (db, context) => new PasswordResetTokenRepository(db, context),
        [typeof(ISessionRepository)] = (db, context) => new SessionRepository(db, context),
        [typeof(IProjectRepository)] = (db, context) => new ProjectRepository(db, context.Clock),
        [typeof(IEnvironmentRepository)] = (db, context) => new EnvironmentRepository(db, context.Clock, context.Secrets),
        [typeof(IDeploymentRepository)] = (db, context) => new DeploymentRepository(db, context),
        [typeof(IDeploymentQueries)] = (db, _) => new DeploymentQueries(db),
        [typeof(IDeploymentLogRepository)] = (db, context) => new DeploymentLogRepository(db, context),
        [typeof(IDeploymentStageRepository)] = (db, context) => new DeploymentStageRepository(db, context),
        [typeof(IDeploymentContainerRepository)] = (db, context) => new DeploymentContainerRepository(db, context.Clock),
        [typeof(IDeploymentHealthCheckRepository)] = (db, context) => new DeploymentHealthCheckRepository(db, context.Clock),
        [typeof(IDashboardQueries)] = (db, context) => new DashboardQueries(db, context.Clock),
        [typeof(IProjectAnalyticsQueries)] = (db, _) => new ProjectAnalyticsQueries(db),
        [typeof(IDeploymentTrendQueries)] = (db, _) => new DeploymentTrendQueries(db),
        [typeof(IPipelineQueries)] = (db, context) => new PipelineQueries(db, context.Clock),
        [typeof(IUsageQueries)] = (db, _) => new UsageQueries(db),
        [typeof(IDeploymentRuntimeLogRepository)] = (db, context) => new DeploymentRuntimeLogRepository(db, context),
    }.ToFrozenDictionary();

    private static readonly FrozenDictionary<Type, Func<Db, Context, object>> OfWorkers = new Dictionary<Type, Func<Db, Context, object>>
    {
        [typeof(IPlatformUserRepository)] = (db, context) => new UserRepository(db, context.Clock),
        [typeof(IPlatformSessionRepository)] = (db, context) => new SessionRepository(db, context),
        [typeof(IPlatformPasswordResetTokenRepository)] = (db, context) => new PasswordResetTokenRepository(db, context),
        [typeof(IPlatformSignInThrottle)] = (db, context) => new SignInThrottle(db, context),
        [typeof(ISecretRotation)] = (db, context) => new SecretRotation(db, context.Secrets),
        [typeof(IPlatformDeploymentLogRepository)] = (db, context) => new DeploymentLogRepository(db, context),
        [typeof(IPlatformDeploymentRuntimeLogRepository)] = (db, context) => new DeploymentRuntimeLogRepository(db, context),
        [typeof(IPlatformGithubConnectionRepository)] = (db, context) => new GithubConnectionRepository(db, context.Clock, context.Secrets),
        [typeof(IPlatformEnvironmentRepository)] = (db, context) => new EnvironmentRepository(db, context.Clock, context.Secrets),
        [typeof(IDeploymentLifecycle)] = (db, context) => new DeploymentLifecycle(db, context),
        [typeof(IPlatformDeploymentStageRepository)] = (db, context) => new DeploymentStageRepository(db, context),
        [typeof(IPlatformDeploymentContainerRepository)] = (db, context) => new DeploymentContainerRepository(db, context.Clock),
        [typeof(IPlatformDeploymentHealthCheckRepository)] = (db, context) => new DeploymentHealthCheckRepository(db, context.Clock),
        [typeof(IDeploymentMaintenance)] = (db, context) => new DeploymentMaintenance(db, context),
        [typeof(IPlatformProjectRepository)] = (db, context) => new ProjectRepository(db, context.Clock),
        [typeof(IWebhookPayloadRepository)] = (db, context) => new WebhookPayloadRepository(db, context.Clock),
        [typeof(IPlatformMetricsQueries)] = (db, context) => new PlatformMetricsQueries(db, context.Clock),
        [typeof(IRetentionService)] = (db, context) => new RetentionService(db, context),
    }.ToFrozenDictionary();

    /// <summary>The interfaces that serve a user's request.</summary>
    public static IReadOnlyCollection<Type> RequestInterfaces => OfRequests.Keys;

    /// <summary>The interfaces that serve the platform's own work.</summary>
    public static IReadOnlyCollection<Type> WorkerInterfaces => OfWorkers.Keys;

    /// <summary>The repository that implements an interface, over a connection pool or a transaction.</summary>
    /// <exception cref="ArgumentException">The library has no such repository.</exception>
    public static object Create(Type type, Db db, Context context) =>
        OfRequests.TryGetValue(type, out var factory) || OfWorkers.TryGetValue(type, out factory)
            ? factory(db, context)
            : throw new ArgumentException(
                $"{type.Name} is not a repository of AutoStack.Data. Known: {string.Join(", ", RequestInterfaces.Concat(WorkerInterfaces).Select(i => i.Name).Order())}.");

    /// <summary>The same for a unit of work, whose caller names the interface.</summary>
    /// <exception cref="ArgumentException">The library has no such repository.</exception>
    /// <exception cref="InvalidOperationException">The interface serves the platform's own work, which the process has not registered.</exception>
    public static object CreateForCaller(Type type, Db db, Context context) =>
        OfWorkers.ContainsKey(type) && !context.ServesWorkers
            ? throw new InvalidOperationException($"{type.Name} reaches the rows of every user: register it with AddAutoStackDataWorkers().")
            : Create(type, db, context);
}
