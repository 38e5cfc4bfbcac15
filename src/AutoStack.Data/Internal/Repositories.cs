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
internal sealed record Context(TimeProvider Clock, SecretProtector Secrets, LogNotifier LogNotifier, LogSecrets LogSecrets);

/// <summary>The one table of repositories: which class stands behind which interface. Registration and transactions both go by it.</summary>
internal static class Repositories
{
    private static readonly FrozenDictionary<Type, Func<Db, Context, object>> Factories = new Dictionary<Type, Func<Db, Context, object>>
    {
        [typeof(IUserRepository)] = (db, context) => new UserRepository(db, context.Clock),
        [typeof(IIdentityRepository)] = (db, context) => new IdentityRepository(db, context.Clock),
        [typeof(IUserPreferencesRepository)] = (db, context) => new UserPreferencesRepository(db, context.Clock),
        [typeof(IGithubConnectionRepository)] = (db, context) => new GithubConnectionRepository(db, context.Clock, context.Secrets),
        [typeof(IPasswordResetTokenRepository)] = (db, context) => new PasswordResetTokenRepository(db, context.Clock),
        [typeof(ISessionRepository)] = (db, context) => new SessionRepository(db, context.Clock),
        [typeof(IProjectRepository)] = (db, context) => new ProjectRepository(db, context.Clock),
        [typeof(IEnvironmentRepository)] = (db, context) => new EnvironmentRepository(db, context.Clock, context.Secrets),
        [typeof(ISecretRotation)] = (db, context) => new SecretRotation(db, context.Secrets),
        [typeof(IDeploymentRepository)] = (db, context) => new DeploymentRepository(db, context.Clock),
        [typeof(IDeploymentQueries)] = (db, _) => new DeploymentQueries(db),
        [typeof(IDeploymentLifecycle)] = (db, context) => new DeploymentLifecycle(db, context.Clock),
        [typeof(IDeploymentMaintenance)] = (db, context) => new DeploymentMaintenance(db, context.Clock),
        [typeof(IDeploymentLogRepository)] = (db, context) => new DeploymentLogRepository(db, context),
        [typeof(IDeploymentStageRepository)] = (db, context) => new DeploymentStageRepository(db, context.Clock),
        [typeof(IDeploymentContainerRepository)] = (db, context) => new DeploymentContainerRepository(db, context.Clock),
        [typeof(IDeploymentHealthCheckRepository)] = (db, context) => new DeploymentHealthCheckRepository(db, context.Clock),
        [typeof(IWebhookPayloadRepository)] = (db, context) => new WebhookPayloadRepository(db, context.Clock),
        [typeof(IDashboardQueries)] = (db, context) => new DashboardQueries(db, context.Clock),
        [typeof(IProjectAnalyticsQueries)] = (db, _) => new ProjectAnalyticsQueries(db),
        [typeof(IDeploymentTrendQueries)] = (db, _) => new DeploymentTrendQueries(db),
        [typeof(IPipelineQueries)] = (db, context) => new PipelineQueries(db, context.Clock),
        [typeof(IUsageQueries)] = (db, _) => new UsageQueries(db),
        [typeof(IPlatformMetricsQueries)] = (db, context) => new PlatformMetricsQueries(db, context.Clock),
        [typeof(IDeploymentRuntimeLogRepository)] = (db, context) => new DeploymentRuntimeLogRepository(db, context),
        [typeof(IRetentionService)] = (db, context) => new RetentionService(db, context),
    }.ToFrozenDictionary();

    /// <summary>The interfaces.</summary>
    public static IReadOnlyCollection<Type> Interfaces => Factories.Keys;

    /// <summary>The repository behind an interface, over a connection pool or a transaction.</summary>
    /// <exception cref="ArgumentException">There is no such repository.</exception>
    public static object Create(Type type, Db db, Context context) =>
        Factories.TryGetValue(type, out var factory)
            ? factory(db, context)
            : throw new ArgumentException($"{type.Name} is no repository of AutoStack.Data. Known: {string.Join(", ", Interfaces.Select(i => i.Name).Order())}.");
}
