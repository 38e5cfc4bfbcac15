using AutoStack.Data.Logs;

namespace AutoStack.Data.Hosting;

/// <summary>The log of a deployment that a hosted worker builds. Lines are stored in their order, also after an outage.</summary>
public sealed class DeploymentJobLog
{
    private readonly IDeploymentLogWriter writer;
    private readonly DeploymentJob job;

    /// <summary>Creates the log of a job, as the hosted worker and a test of a build do.</summary>
    /// <param name="writer">What takes the lines.</param>
    /// <param name="job">The job.</param>
    public DeploymentJobLog(IDeploymentLogWriter writer, DeploymentJob job)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(job);
        (this.writer, this.job) = (writer, job);
    }

    /// <summary>Queues a line of information.</summary>
    /// <param name="message">The text.</param>
    /// <param name="cancellationToken">Stops the wait for room in the buffer.</param>
    /// <returns>A task that completes as soon as the buffer has room.</returns>
    public Task WriteAsync(string message, CancellationToken cancellationToken = default) =>
        WriteAsync(message, DeploymentLogLevel.Info, cancellationToken);

    /// <summary>Queues a line.</summary>
    /// <param name="message">The text.</param>
    /// <param name="level">The level.</param>
    /// <param name="cancellationToken">Stops the wait for room in the buffer.</param>
    /// <returns>A task that completes as soon as the buffer has room.</returns>
    /// <exception cref="ArgumentException"><paramref name="level"/> is not known.</exception>
    /// <exception cref="OperationCanceledException">
    /// The worker no longer waits for the build, or <paramref name="cancellationToken"/> was cancelled.
    /// </exception>
    public Task WriteAsync(string message, DeploymentLogLevel level, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(message);

        // A call that is repeated did not queue its line, which so needs no id: lines without one are stored by COPY.
        return WriteAsync(new NewDeploymentLog { Level = level, Message = message }, cancellationToken);
    }

    /// <summary>Waits until every line is stored, or refused.</summary>
    /// <returns>The refusal; null when every line is stored.</returns>
    internal Task<LogLinesRefusedException?> FlushAsync(CancellationToken cancellationToken) =>
        DeploymentJob.UntilAnsweredAsync(
            async token =>
            {
                try
                {
                    await writer.FlushAsync(job.Deployment.Id, token).ConfigureAwait(false);
                    return null;
                }
                catch (LogLinesRefusedException exception)
                {
                    return exception;
                }
            }, cancellationToken);

    // A line names its deployment, not its claim: those of a build that was left behind would be lines of the next attempt.
    private async Task WriteAsync(NewDeploymentLog line, CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(job.Left, cancellationToken);
        await DeploymentJob.UntilAnsweredAsync(
            async token =>
            {
                job.Left.ThrowIfCancellationRequested();
                await writer.WriteAsync(job.Deployment.Id, line, token).ConfigureAwait(false);
                return true;
            }, either.Token).ConfigureAwait(false);
    }
}
