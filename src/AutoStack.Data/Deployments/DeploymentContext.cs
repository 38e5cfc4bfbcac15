using AutoStack.Data.Logs;

namespace AutoStack.Data.Deployments;

/// <summary>The services that the repositories of deployments share.</summary>
/// <param name="Clock">The clock; a fake one moves the time that statements compare with.</param>
/// <param name="Secrets">The values that are masked in texts of a build.</param>
internal sealed record DeploymentContext(TimeProvider Clock, LogSecrets Secrets)
{
    /// <summary>The place in the queue where the process's next claim starts to search.</summary>
    public QueueStart QueueStart { get; } = new();
}
