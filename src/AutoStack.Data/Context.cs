using AutoStack.Data.Accounts;
using AutoStack.Data.Deployments;
using AutoStack.Data.HealthChecks;
using AutoStack.Data.Logs;
using AutoStack.Data.Secrets;

namespace AutoStack.Data;

/// <summary>The services that repositories are created with besides the executor, by subject.</summary>
/// <param name="Clock">The clock of the process; a fake one moves the time that statements compare with.</param>
/// <param name="Secrets">Encrypts and decrypts stored secrets.</param>
/// <param name="Accounts">The services of accounts.</param>
/// <param name="Deployments">The services of deployments.</param>
/// <param name="Logs">The services of logs.</param>
internal sealed record Context(
    TimeProvider Clock, SecretProtector Secrets, AccountContext Accounts, DeploymentContext Deployments, LogContext Logs)
{
    /// <summary>Whether the database sums health checks up by the hour.</summary>
    public HealthCheckHours HealthCheckHours => Deployments.HealthCheckHours;
}
