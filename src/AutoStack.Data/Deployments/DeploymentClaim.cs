using AutoStack.Data.Projects;

namespace AutoStack.Data.Deployments;

/// <summary>
/// The deployment that a worker works on, and the key of its lease. A worker method with a key answers
/// <see cref="TransitionOutcome.LostLease"/> when another claim, or the queue, has the deployment by now.
/// </summary>
/// <param name="DeploymentId">The deployment.</param>
/// <param name="Key">The key of the lease; null for a caller without one.</param>
public readonly record struct DeploymentClaim(Guid DeploymentId, Guid? Key)
{
    /// <summary>
    /// The claim of a program that holds no lease. Its steps are compared with the status alone: they succeed also while another worker
    /// holds the lease of the deployment.
    /// </summary>
    /// <param name="deploymentId">The deployment.</param>
    /// <returns>The claim, whose <see cref="Key"/> is null.</returns>
    public static DeploymentClaim WithoutLease(Guid deploymentId) => new(deploymentId, null);

    /// <summary>The key of a claim that needs one.</summary>
    /// <exception cref="ArgumentException">The claim has no key.</exception>
    internal Guid RequireKey(string name) =>
        Key ?? throw new ArgumentException($"{name} has no key: only a claim from ClaimNextAsync has a lease.", name);
}

/// <summary>A deployment that a worker has claimed.</summary>
/// <param name="Deployment">The deployment.</param>
/// <param name="Project">The project.</param>
/// <param name="Claim">The claim, for the methods of the worker.</param>
/// <param name="Attempt">The number of the claim of this deployment, from 1; a released claim does not count.</param>
public sealed record ClaimedDeployment(Deployment Deployment, Project Project, DeploymentClaim Claim, int Attempt);

/// <summary>The limits of a claim, and its lease.</summary>
public sealed record ClaimOptions
{
    /// <summary>The maximum length of <see cref="Worker"/>, in characters.</summary>
    public const int MaxWorkerLength = 255;

    /// <summary>The longest lease: 7 days.</summary>
    public static TimeSpan MaxLease { get; } = TimeSpan.FromDays(7);

    /// <summary>The maximum number of running deployments of one project, 1 or more; null for no limit.</summary>
    public int? MaxPerProject { get; init; }

    /// <summary>The maximum number of running deployments of one user, 1 or more; null for no limit.</summary>
    public int? MaxPerUser { get; init; }

    /// <summary>
    /// The name of the worker, for people to read, up to <see cref="MaxWorkerLength"/> characters; null for the names of the machine and
    /// the process.
    /// </summary>
    public string? Worker { get; init; }

    /// <summary>
    /// The duration of the lease, above zero and up to <see cref="MaxLease"/>; every step renews it, and so does
    /// <see cref="IDeploymentLifecycle.RenewAsync"/>. Null for a lease that never expires.
    /// </summary>
    public TimeSpan? Lease { get; init; }

    /// <summary>
    /// A new random key for the lease, not the empty one; null to generate one. A claim that is repeated with the same key returns the same
    /// deployment while that claim holds it, so that no deployment is lost with the answer.
    /// </summary>
    public Guid? Key { get; init; }

    /// <summary>Whether no call has used <see cref="Key"/> yet, so that nothing has to be searched for it.</summary>
    internal bool IsNewKey { get; init; }
}
