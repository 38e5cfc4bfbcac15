using AutoStack.Data.Accounts;
using AutoStack.Data.Deployments;
using AutoStack.Data.HealthChecks;
using AutoStack.Data.Logs;
using AutoStack.Data.Partitions;
using AutoStack.Data.Webhooks;

namespace AutoStack.Data.Retention;

/// <summary>The repositories from which old rows are removed.</summary>
internal sealed record RetentionSources(
    TimeProvider Clock,
    IDeploymentMaintenance Deployments,
    DeploymentLogRepository Logs,
    DeploymentRuntimeLogRepository RuntimeLogs,
    DeploymentHealthCheckRepository HealthChecks,
    IPlatformSessionRepository Sessions,
    IPlatformSignInThrottle SignInAttempts,
    IPlatformPasswordResetTokenRepository ResetTokens,
    IPlatformEmailVerificationTokenRepository EmailTokens,
    IWebhookPayloadRepository Webhooks,
    PartitionMaintenance Partitions,
    ClosedAccounts ClosedAccounts);
