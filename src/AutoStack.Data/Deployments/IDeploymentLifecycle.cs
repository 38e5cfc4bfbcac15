using AutoStack.Data.Logs;

namespace AutoStack.Data.Deployments;

/// <summary>
/// The steps of a worker, from the queue to the end. Every step is one round trip and one transaction: the deployment changes only from a
/// state that the step may start in, and its stages follow. A step never overwrites a user's cancel.
/// </summary>
public interface IDeploymentLifecycle
{
    /// <summary>Finds the current status of a deployment, also of a deleted one: a cheap check between two steps.</summary>
    /// <param name="id">The deployment.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>
    /// The status; <see cref="DeploymentStatus.Cancelled"/> when the worker is to stop; null when the deployment does not exist.
    /// </returns>
    Task<DeploymentStatus?> FindStatusAsync(Guid id, CancellationToken cancellationToken = default);

    /// <summary>
    /// Claims the next waiting deployment: its status becomes <c>cloning</c>, and it is started. Each deployment goes to one worker, and no
    /// claim waits for another.
    /// </summary>
    /// <remarks>
    /// <para>Users take turns. The first waiting deployment of a user belongs to the turn after the one that was claimed last, each further
    /// one to the next turn; within a turn the deployment that was queued first comes first. A user's only deployment therefore waits for
    /// at most two of each other user, however many those have queued.</para>
    /// <para>A deployment that another program has started, by setting <c>started_at</c>, is not claimed. In a unit of work, throwing
    /// returns the deployment to the queue.</para>
    /// </remarks>
    /// <param name="cancellationToken">Stops the claim.</param>
    /// <returns>The deployment and its project; null when the queue is empty.</returns>
    Task<DeploymentWithProject?> ClaimNextAsync(CancellationToken cancellationToken = default);

    /// <summary>
    /// Claims the next waiting deployment whose project and user are below their limits. A project or a user at the limit is skipped,
    /// however many of its deployments wait.
    /// </summary>
    /// <remarks>
    /// <para>A deployment counts as running from its claim or start until it ends or is deleted. Claims in one project, and with
    /// <see cref="ClaimOptions.MaxPerUser"/> for one user, are serialized: a claim skips the project or user of another claim that is not
    /// committed yet. The limits hold when every worker claims with them.</para>
    /// <para>A project or user that drops below its limit is claimed from within a second, immediately when nothing else waits.</para>
    /// </remarks>
    /// <param name="options">The limits.</param>
    /// <param name="cancellationToken">Stops the claim.</param>
    /// <returns>
    /// The deployment and its project; null when no deployment can be claimed now: waiting deployments may be held by the limits.
    /// </returns>
    /// <exception cref="ArgumentNullException"><paramref name="options"/> is null.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A limit is below 1; the exception names it.</exception>
    Task<DeploymentWithProject?> ClaimNextAsync(ClaimOptions options, CancellationToken cancellationToken = default);

    /// <summary>Advances a claimed deployment to a later step; steps may be left out.</summary>
    /// <param name="id">The deployment.</param>
    /// <param name="step">The step: checkout, installing, building or copying.</param>
    /// <param name="cancellationToken">Stops the update.</param>
    /// <returns>The outcome; <see cref="TransitionOutcomeExtensions.MayContinue"/> says whether the worker begins the step.</returns>
    /// <exception cref="ArgumentException"><paramref name="step"/> is not one of the four steps.</exception>
    Task<TransitionOutcome> AdvanceAsync(Guid id, DeploymentStatus step, CancellationToken cancellationToken = default);

    /// <summary>
    /// Records the commit that is being built. When the row holds the same commit already, members of <paramref name="commit"/> that are
    /// null leave the stored values unchanged.
    /// </summary>
    /// <param name="id">The deployment.</param>
    /// <param name="commit">The commit.</param>
    /// <param name="cancellationToken">Stops the update.</param>
    /// <returns>
    /// The outcome: <see cref="TransitionOutcome.Applied"/> for a deployment that has not ended, also when the values are the stored ones.
    /// </returns>
    /// <exception cref="ArgumentException">The hash is longer than <see cref="CommitInfo.MaxHashLength"/>.</exception>
    Task<TransitionOutcome> RecordCommitAsync(Guid id, CommitInfo commit, CancellationToken cancellationToken = default);

    /// <summary>Ends a deployment that is building or copying, with success.</summary>
    /// <param name="id">The deployment.</param>
    /// <param name="deployedUrl">
    /// The address of the result, up to <see cref="Deployment.MaxUrlLength"/> characters, masked by <see cref="ILogSecrets"/>; null when
    /// the result has no address.
    /// </param>
    /// <param name="cancellationToken">Stops the update.</param>
    /// <returns>The outcome; <see cref="TransitionOutcome.AlreadyFinished"/> when the call is repeated.</returns>
    /// <exception cref="ArgumentException"><paramref name="deployedUrl"/> is too long.</exception>
    Task<TransitionOutcome> SucceedAsync(Guid id, string? deployedUrl, CancellationToken cancellationToken = default);

    /// <summary>Ends a deployment with an error, from any step; the current stage fails with the same reason.</summary>
    /// <param name="id">The deployment.</param>
    /// <param name="reason">
    /// The error, for people to read. <see cref="ILogSecrets"/> masks it; a reason longer than <see cref="Deployment.MaxReasonLength"/>
    /// characters is cut, with a mark at the end.
    /// </param>
    /// <param name="cancellationToken">Stops the update.</param>
    /// <returns>The outcome; <see cref="TransitionOutcome.AlreadyFinished"/> when the call is repeated.</returns>
    /// <exception cref="ArgumentException"><paramref name="reason"/> is null or blank.</exception>
    Task<TransitionOutcome> FailAsync(Guid id, string reason, CancellationToken cancellationToken = default);
}

/// <summary>The maximum numbers of deployments that run at once.</summary>
public sealed record ClaimOptions
{
    /// <summary>The maximum number of deployments of one project, 1 or more; null for no limit.</summary>
    public int? MaxPerProject { get; init; }

    /// <summary>The maximum number of deployments of one user, 1 or more; null for no limit.</summary>
    public int? MaxPerUser { get; init; }
}
