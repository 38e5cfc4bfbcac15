using AutoStack.Data.Logs;

namespace AutoStack.Data.Deployments;

/// <summary>The services that the repositories of deployments share.</summary>
/// <param name="Clock">The clock; a fake one moves the time that statements compare with.</param>
/// <param name="Secrets">The secrets to mask in the texts of a build.</param>
internal sealed record DeploymentContext(TimeProvider Clock, LogSecrets Secrets)
{
    /// <summary>The place in the queue from which the next claim of the process searches.</summary>
    public QueueStart QueueStart { get; } = new();
}
