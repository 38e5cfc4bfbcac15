using AutoStack.Data.Deployments;
using AutoStack.Data.Postgres;
using AutoStack.Data.Projects;

namespace AutoStack.Data.Hosting;

/// <summary>A deployment that a hosted worker builds. A call waits while the database is away: no build fails for that.</summary>
/// <remarks>
/// The callbacks of a token run on a thread of their own, after the token is cancelled. An exception of a callback is ignored.
/// </remarks>
public sealed class DeploymentJob : IDisposable
{
    // No source is linked to another one, nor to the host's: a callback of the build that blocks or throws concerns this build only.
    private readonly CancellationTokenSource cancelled = new();
    private readonly CancellationTokenSource lost = new();
    private readonly CancellationTokenSource stopped = new();
    private readonly CancellationTokenSource left = new();
    private readonly TaskCompletionSource stopRequested = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenRegistration hostStops;
    private readonly IDeploymentLifecycle lifecycle;

    /// <summary>Creates a job, as the hosted worker and a test of a build do.</summary>
    /// <param name="claimed">The deployment that was claimed.</param>
    /// <param name="lifecycle">What answers the steps of the job.</param>
    /// <param name="services">The services of the build.</param>
    /// <param name="stopping">Cancelled when the host stops.</param>
    public DeploymentJob(
        ClaimedDeployment claimed, IDeploymentLifecycle lifecycle, IServiceProvider services, CancellationToken stopping)
    {
        ArgumentNullException.ThrowIfNull(claimed);
        ArgumentNullException.ThrowIfNull(lifecycle);
        ArgumentNullException.ThrowIfNull(services);
        (Deployment, Project, Claim, Attempt) = claimed;
        (this.lifecycle, Services) = (lifecycle, services);
        (CancelledByOwner, LeaseLost, Stopped, Left) = (cancelled.Token, lost.Token, stopped.Token, left.Token);
        hostStops = stopping.UnsafeRegister(static job => ((DeploymentJob)job!).Stop(), this);
    }

    /// <summary>The deployment, as it was claimed.</summary>
    public Deployment Deployment { get; }

    /// <summary>The project.</summary>
    public Project Project { get; }

    /// <summary>The claim, for calls to other interfaces.</summary>
    public DeploymentClaim Claim { get; }

    /// <summary>The number of the attempt, from 1.</summary>
    public int Attempt { get; }

    /// <summary>The services of a scope that ends with the build.</summary>
    public IServiceProvider Services { get; }

    /// <summary>Cancelled when the owner cancels or deletes the deployment, or another program ends it.</summary>
    public CancellationToken CancelledByOwner { get; }

    /// <summary>Cancelled when another worker, or the queue, has the deployment.</summary>
    public CancellationToken LeaseLost { get; }

    /// <summary>Cancelled with the two others, and when the host stops: the token that the build gets.</summary>
    internal CancellationToken Stopped { get; }

    /// <summary>Cancelled when the worker no longer waits for the build, which still runs.</summary>
    internal CancellationToken Left { get; }

    /// <summary>Completes when <see cref="Stopped"/> is cancelled, whatever its callbacks do.</summary>
    internal Task StopRequested => stopRequested.Task;

    /// <summary>Advances the deployment to a later step; see <see cref="IDeploymentLifecycle.AdvanceAsync"/>.</summary>
    /// <param name="step">The step: checkout, installing, building or copying.</param>
    /// <param name="cancellationToken">Stops the call.</param>
    /// <returns>A task.</returns>
    /// <exception cref="OperationCanceledException">The deployment is no longer this worker's, or a token was cancelled.</exception>
    /// <exception cref="ArgumentException"><paramref name="step"/> is not one of the four steps.</exception>
    public Task EnterAsync(DeploymentStatus step, CancellationToken cancellationToken = default) =>
        StepAsync(token => lifecycle.AdvanceAsync(Claim, step, token), cancellationToken);

    /// <summary>Records the commit that is being built; see <see cref="IDeploymentLifecycle.RecordCommitAsync"/>.</summary>
    /// <param name="commit">The commit.</param>
    /// <param name="cancellationToken">Stops the call.</param>
    /// <returns>A task.</returns>
    /// <exception cref="OperationCanceledException">The deployment is no longer this worker's, or a token was cancelled.</exception>
    /// <exception cref="ArgumentException">The hash is too long.</exception>
    public Task RecordCommitAsync(CommitInfo commit, CancellationToken cancellationToken = default) =>
        StepAsync(token => lifecycle.RecordCommitAsync(Claim, commit, token), cancellationToken);

    /// <summary>Runs a step of the worker, such as a stage change by <see cref="Claim"/>, until the database answers.</summary>
    /// <param name="step">The call.</param>
    /// <param name="cancellationToken">Stops the call.</param>
    /// <returns>A task.</returns>
    /// <exception cref="OperationCanceledException">The deployment is no longer this worker's, or a token was cancelled.</exception>
    /// <exception cref="InvalidOperationException">The state of the deployment does not allow the step.</exception>
    public async Task StepAsync(Func<CancellationToken, Task<TransitionOutcome>> step, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(step);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(Stopped, cancellationToken);
        var outcome = await UntilAnsweredAsync(step, either.Token).ConfigureAwait(false);
        Learn(outcome);
        Stopped.ThrowIfCancellationRequested();
        if (!outcome.MayContinue())
        {
            throw new InvalidOperationException($"The deployment does not allow the step: {outcome}.");
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        hostStops.Unregister();

        // The callbacks of a source that is cancelled may not have started; disposing the source would drop them.
        foreach (var source in new[] { stopped, cancelled, lost, left }.Where(source => !source.IsCancellationRequested))
        {
            source.Dispose();
        }
    }

    /// <summary>Repeats a call until the database answers.</summary>
    internal static async Task<T> UntilAnsweredAsync<T>(Func<CancellationToken, Task<T>> call, CancellationToken cancellationToken)
    {
        for (var failures = 0; ; failures++)
        {
            try
            {
                return await call(cancellationToken).ConfigureAwait(false);
            }
            catch (AutoStackDataException exception) when (exception.IsTransient)
            {
                await Task.Delay(Backoff.Reconnect.Delay(failures), cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Stops the build when an outcome says that the deployment is no longer this worker's.</summary>
    internal void Learn(TransitionOutcome outcome)
    {
        switch (outcome)
        {
            case TransitionOutcome.LostLease:
                Stop(lost);
                break;
            case TransitionOutcome.Cancelled or TransitionOutcome.AlreadyFinished or TransitionOutcome.NotFound
                or TransitionOutcome.Superseded:
                Stop(cancelled);
                break;
        }
    }

    /// <summary>Refuses what the build still calls.</summary>
    internal void LeaveBehind()
    {
        Stop();
        Background.CancelWithoutCallbacks(left);
    }

    /// <summary>Cancels the token of the build.</summary>
    /// <param name="reason">The source that says why, which comes first; null for the stop of the host.</param>
    internal void Stop(CancellationTokenSource? reason = null)
    {
        if (reason is not null)
        {
            Background.CancelWithoutCallbacks(reason);
        }

        Background.CancelWithoutCallbacks(stopped);
        stopRequested.TrySetResult();
    }
}
