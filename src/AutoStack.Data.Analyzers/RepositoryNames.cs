using System.Collections.Immutable;

namespace AutoStack.Data.Analyzers;

/// <summary>
/// The interfaces that a unit of work creates. A test compares them with the library's own table: the others, such as the follower of
/// logs, work with connections of their own on purpose.
/// </summary>
internal static class RepositoryNames
{
    private static readonly ImmutableHashSet<string> Names = ImmutableHashSet.Create(
        "IAuditLog",
        "IDashboardQueries",
        "IDeploymentContainerRepository",
        "IDeploymentEnvironmentRepository",
        "IDeploymentHealthCheckRepository",
        "IDeploymentLifecycle",
        "IDeploymentLogRepository",
        "IDeploymentLogSearch",
        "IDeploymentMaintenance",
        "IDeploymentQueries",
        "IDeploymentRepository",
        "IDeploymentRuntimeLogRepository",
        "IDeploymentStageRepository",
        "IDeploymentTrendQueries",
        "IEmailVerificationTokenRepository",
        "IGitHubConnectionRepository",
        "IIdentityRepository",
        "IMetricsQueries",
        "IPasswordResetTokenRepository",
        "IPipelineQueries",
        "IPlatformDeploymentContainerRepository",
        "IPlatformDeploymentEnvironmentRepository",
        "IPlatformDeploymentHealthCheckRepository",
        "IPlatformDeploymentLogRepository",
        "IPlatformDeploymentRuntimeLogRepository",
        "IPlatformDeploymentStageRepository",
        "IPlatformEmailVerificationTokenRepository",
        "IPlatformGitHubConnectionRepository",
        "IPlatformPasswordResetTokenRepository",
        "IPlatformProjectRepository",
        "IPlatformSessionRepository",
        "IPlatformSignInThrottle",
        "IPlatformUserRepository",
        "IProjectAnalyticsQueries",
        "IProjectEnvironmentRepository",
        "IProjectRepository",
        "IQueuePauseRepository",
        "ISessionRepository",
        "IUsageQueries",
        "IUserPreferencesRepository",
        "IUserRepository",
        "IWebhookPayloadRepository");

    /// <summary>All of them.</summary>
    public static ImmutableHashSet<string> All => Names;

    /// <summary>Whether a unit of work creates the interface with this name.</summary>
    public static bool Contains(string name) => Names.Contains(name);
}
