using AutoStack.Data.HealthChecks;
using AutoStack.Data.Logs;
using AutoStack.Data.Postgres;

namespace AutoStack.Data.Deployments;

/// <summary>The services that the repositories of deployments share.</summary>
/// <param name="Clock">The clock; a fake one moves the time that statements compare with.</param>
/// <param name="Secrets">The secrets to mask in the texts of a build.</param>
/// <param name="Notifier">Notifies workers of queued deployments.</param>
internal sealed record DeploymentContext(TimeProvider Clock, LogSecrets Secrets, Notifier Notifier)
{
    /// <summary>The place in the queue from which the next claim of the process searches.</summary>
    public QueueStart QueueStart { get; } = new(Clock);

    /// <summary>The deployments that wait for their start.</summary>
    public ScheduledDeployments Schedule { get; } = new(Clock);

    /// <summary>Whether the database sums health checks up by the hour.</summary>
    public HealthCheckHours HealthCheckHours { get; } = new(Clock);

    // One object, so that a unit of work that queues several deployments wakes the workers once.
    private Action WakeWorkers { get; } = () => Notifier.Record("");

    /// <summary>Wakes the workers after the commit of a call, unless nothing was queued.</summary>
    /// <param name="db">Runs the call.</param>
    /// <param name="call">The call.</param>
    /// <param name="hasQueued">Whether a result means that a deployment was queued.</param>
    /// <returns>The result of the call.</returns>
    public async Task<T> WakeAfterAsync<T>(Db db, Task<T> call, Func<T, bool> hasQueued)
    {
        try
        {
            var result = await call.ConfigureAwait(false);
            if (hasQueued(result))
            {
                db.WhenCommitted(WakeWorkers);
            }

            return result;
        }
        catch (Exception exception) when (exception is OperationCanceledException or AutoStackDataException { OutcomeUnknown: true })
        {
            // The call may have been carried out.
            db.WhenCommitted(WakeWorkers);
            throw;
        }
    }
}
