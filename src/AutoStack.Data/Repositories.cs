using System.Collections.Frozen;
using AutoStack.Data.Accounts;
using AutoStack.Data.Analytics;
using AutoStack.Data.Audit;
using AutoStack.Data.Containers;
using AutoStack.Data.Deployments;
using AutoStack.Data.HealthChecks;
using AutoStack.Data.Logs;
using AutoStack.Data.Postgres;
using AutoStack.Data.Projects;
using AutoStack.Data.Webhooks;

namespace AutoStack.Data;

/// <summary>
/// The one table of repositories: which class implements which interface. Registration and transactions both use it. An interface serves a
/// user's request, and each of its methods names the user or a proof of who they are; or it serves the platform's own work, and reaches
/// every user's rows.
/// </summary>
internal static class Repositories
{
    private static readonly FrozenDictionary<Type, Func<Db, Context, object>> OfRequests = new Dictionary<Type, Func<Db, Context, object>>
    {
        [typeof(IUserRepository)] = (db, context) => new UserRepository(db, context.Accounts),
        [typeof(IIdentityRepository)] = (db, context) => new IdentityRepository(db, context.Accounts),
        [typeof(IUserPreferencesRepository)] = (db, context) => new UserPreferencesRepository(db, context.Accounts),
        [typeof(IGitHubConnectionRepository)] = (db, context) => new GitHubConnectionRepository(db, context.Accounts),
        [typeof(IPasswordResetTokenRepository)] = (db, context) => new PasswordResetTokenRepository(db, context.Accounts),
        [typeof(IEmailVerificationTokenRepository)] = (db, context) => new EmailVerificationTokenRepository(db, context.Accounts),
        [typeof(ISessionRepository)] = (db, context) => new SessionRepository(db, context.Accounts),
        [typeof(IProjectRepository)] = (db, context) => new ProjectRepository(db, context.Clock),
        [typeof(IProjectEnvironmentRepository)] = (db, context) => new ProjectEnvironmentRepository(db, context.Clock, context.Secrets),
        [typeof(IDeploymentEnvironmentRepository)] = (db, context) => new DeploymentEnvironmentRepository(db, context.Secrets),
        [typeof(IDeploymentRepository)] = (db, context) => new DeploymentRepository(db, context.Deployments, context.Secrets),
        [typeof(IDeploymentQueries)] = (db, _) => new DeploymentQueries(db),
        [typeof(IDeploymentLogRepository)] = (db, context) => new DeploymentLogRepository(db, context.Logs),
        [typeof(IDeploymentLogSearch)] = (db, context) => new DeploymentLogSearch(db, context.Logs),
        [typeof(IDeploymentStageRepository)] = (db, context) => new DeploymentStageRepository(db, context.Deployments),
        [typeof(IDeploymentContainerRepository)] = (db, context) => new DeploymentContainerRepository(db, context.Clock),
        [typeof(IDeploymentHealthCheckRepository)] = (db, context) =>
            new DeploymentHealthCheckRepository(db, context.Clock, context.HealthCheckHours),
        [typeof(IDashboardQueries)] = (db, context) => new DashboardQueries(db, context.Clock),
        [typeof(IProjectAnalyticsQueries)] = (db, _) => new ProjectAnalyticsQueries(db),
        [typeof(IDeploymentTrendQueries)] = (db, _) => new DeploymentTrendQueries(db),
        [typeof(IPipelineQueries)] = (db, context) => new PipelineQueries(db, context.Clock),
        [typeof(IUsageQueries)] = (db, _) => new UsageQueries(db),
        [typeof(IDeploymentRuntimeLogRepository)] = (db, context) => new DeploymentRuntimeLogRepository(db, context.Logs),
    }.ToFrozenDictionary();

    private static readonly FrozenDictionary<Type, Func<Db, Context, object>> OfWorkers = new Dictionary<Type, Func<Db, Context, object>>
    {
        [typeof(IPlatformUserRepository)] = (db, context) => new UserRepository(db, context.Accounts),
        [typeof(IPlatformSessionRepository)] = (db, context) => new SessionRepository(db, context.Accounts),
        [typeof(IPlatformPasswordResetTokenRepository)] = (db, context) => new PasswordResetTokenRepository(db, context.Accounts),
        [typeof(IPlatformEmailVerificationTokenRepository)] = (db, context) =>
            new EmailVerificationTokenRepository(db, context.Accounts),
        [typeof(IPlatformSignInThrottle)] = (db, context) => new SignInThrottle(db, context.Accounts),
        [typeof(IPlatformDeploymentLogRepository)] = (db, context) => new DeploymentLogRepository(db, context.Logs),
        [typeof(IPlatformDeploymentRuntimeLogRepository)] = (db, context) => new DeploymentRuntimeLogRepository(db, context.Logs),
        [typeof(IPlatformGitHubConnectionRepository)] = (db, context) => new GitHubConnectionRepository(db, context.Accounts),
        [typeof(IPlatformDeploymentEnvironmentRepository)] = (db, context) => new DeploymentEnvironmentRepository(db, context.Secrets),
        [typeof(IDeploymentLifecycle)] = (db, context) => new DeploymentLifecycle(db, context.Deployments),
        [typeof(IPlatformDeploymentStageRepository)] = (db, context) => new DeploymentStageRepository(db, context.Deployments),
        [typeof(IPlatformDeploymentContainerRepository)] = (db, context) => new DeploymentContainerRepository(db, context.Clock),
        [typeof(IPlatformDeploymentHealthCheckRepository)] = (db, context) =>
            new DeploymentHealthCheckRepository(db, context.Clock, context.HealthCheckHours),
        [typeof(IDeploymentMaintenance)] = (db, context) => new DeploymentMaintenance(db, context.Deployments),
        [typeof(IQueuePauseRepository)] = (db, context) => new QueuePauseRepository(db, context.Deployments),
        [typeof(IPlatformProjectRepository)] = (db, context) => new ProjectRepository(db, context.Clock),
        [typeof(IWebhookPayloadRepository)] = (db, context) => new WebhookPayloadRepository(db, context.Clock),
        [typeof(IMetricsQueries)] = (db, context) => new MetricsQueries(db, context.Clock),
        [typeof(IAuditLog)] = (db, _) => new AuditLog(db),
    }.ToFrozenDictionary();

    // The table that the statements of a repository are about, for telemetry; other repositories read several.
    private static readonly Dictionary<Type, string> Tables = new()
    {
        [typeof(IUserRepository)] = "users",
        [typeof(IPlatformUserRepository)] = "users",
        [typeof(IIdentityRepository)] = "users",
        [typeof(IUserPreferencesRepository)] = "user_preferences",
        [typeof(IGitHubConnectionRepository)] = "github_connections",
        [typeof(IPlatformGitHubConnectionRepository)] = "github_connections",
        [typeof(IPasswordResetTokenRepository)] = "password_reset_tokens",
        [typeof(IPlatformPasswordResetTokenRepository)] = "password_reset_tokens",
        [typeof(IEmailVerificationTokenRepository)] = "email_verification_tokens",
        [typeof(IPlatformEmailVerificationTokenRepository)] = "email_verification_tokens",
        [typeof(ISessionRepository)] = "sessions",
        [typeof(IPlatformSessionRepository)] = "sessions",
        [typeof(IPlatformSignInThrottle)] = "sign_in_attempts",
        [typeof(IProjectRepository)] = "projects",
        [typeof(IPlatformProjectRepository)] = "projects",
        [typeof(IProjectEnvironmentRepository)] = "projects",
        [typeof(IDeploymentEnvironmentRepository)] = "deployments",
        [typeof(IPlatformDeploymentEnvironmentRepository)] = "deployments",
        [typeof(IDeploymentRepository)] = "deployments",
        [typeof(IDeploymentLifecycle)] = "deployments",
        [typeof(IDeploymentMaintenance)] = "deployments",
        [typeof(IQueuePauseRepository)] = "queue_pauses",
        [typeof(IDeploymentLogRepository)] = "deployment_logs",
        [typeof(IPlatformDeploymentLogRepository)] = "deployment_logs",
        [typeof(IDeploymentLogSearch)] = "deployment_logs",
        [typeof(IDeploymentRuntimeLogRepository)] = "deployment_runtime_logs",
        [typeof(IPlatformDeploymentRuntimeLogRepository)] = "deployment_runtime_logs",
        [typeof(IDeploymentStageRepository)] = "deployment_stages",
        [typeof(IPlatformDeploymentStageRepository)] = "deployment_stages",
        [typeof(IDeploymentContainerRepository)] = "deployment_containers",
        [typeof(IPlatformDeploymentContainerRepository)] = "deployment_containers",
        [typeof(IDeploymentHealthCheckRepository)] = "deployment_health_checks",
        [typeof(IPlatformDeploymentHealthCheckRepository)] = "deployment_health_checks",
        [typeof(IWebhookPayloadRepository)] = "webhook_payloads",
        [typeof(IAuditLog)] = "changes",
    };

    // Named after the interface: IDeploymentRepository is DeploymentRepository.
    private static readonly FrozenDictionary<Type, Subject> Subjects = OfRequests.Keys.Concat(OfWorkers.Keys)
        .ToFrozenDictionary(type => type, type => new Subject(type.Name[1..], Tables.GetValueOrDefault(type)));

    /// <summary>The interfaces that serve a user's request.</summary>
    public static IReadOnlyCollection<Type> RequestInterfaces => OfRequests.Keys;

    /// <summary>The interfaces that serve the platform's own work.</summary>
    public static IReadOnlyCollection<Type> WorkerInterfaces => OfWorkers.Keys;

    /// <summary>The repository that implements an interface, over a connection pool or a transaction.</summary>
    /// <exception cref="ArgumentException">The library has no such repository.</exception>
    public static object Create(Type type, Executor executor, Context context) =>
        OfRequests.TryGetValue(type, out var factory) || OfWorkers.TryGetValue(type, out factory)
            ? factory(new Db(executor, Subjects[type]), context)
            : throw new ArgumentException(
                $"{type.Name} is not a repository of AutoStack.Data. The repositories are: " +
                $"{string.Join(", ", RequestInterfaces.Concat(WorkerInterfaces).Select(i => i.Name).Order())}.");

    /// <summary>As <see cref="Create"/>, for a unit of work, whose caller names the interface.</summary>
    /// <exception cref="ArgumentException">The library has no such repository.</exception>
    /// <exception cref="InvalidOperationException">
    /// The interface serves the platform's own work, which the process has not registered.
    /// </exception>
    public static object CreateForCaller(Type type, Executor executor, Context context, bool servesWorkers) =>
        OfWorkers.ContainsKey(type) && !servesWorkers
            ? throw new InvalidOperationException(
                $"{type.Name} reaches the rows of every user: register it with AddAutoStackDataWorkers().")
            : Create(type, executor, context);
}
