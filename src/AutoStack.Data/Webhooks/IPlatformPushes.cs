using AutoStack.Data.Deployments;
using AutoStack.Data.Projects;

namespace AutoStack.Data.Webhooks;

/// <summary>What becomes of a delivered webhook, for the platform's own work: it is stored, and a push queues deployments.</summary>
public interface IPlatformPushes
{
    /// <summary>The most projects that a result lists, of each kind.</summary>
    const int MaxListedTargets = 1000;

    /// <summary>
    /// Stores a delivery, whatever it holds, and queues a deployment for each project that a push in it concerns: auto-deploy is on, the
    /// branch is the project's, and the owner's access to this very repository is proven
    /// (<see cref="IPlatformProjectRepository.RecordAccessAsync"/>). All in one transaction of its own. Check the signature of the delivery
    /// before, with a secret that no tenant knows; where a tenant knows it, also check that the id of the repository in the body is the one
    /// that the secret belongs to: whoever knows the secret can sign a body that names any repository.
    /// </summary>
    /// <remarks>
    /// The repository of a push is told by the provider, its host and the provider's id, so that a renamed or transferred repository still
    /// deploys, and a new one of the old name does not. A pushed tag and the deletion of a branch queue nothing. A delivery that comes
    /// again queues nothing when it queued anything before; otherwise it is handled as if it were new, so that a delivery that came before
    /// the proof can be sent again. When queueing fails, the delivery is stored nevertheless, and the exception thrown.
    /// </remarks>
    /// <param name="delivery">The delivery.</param>
    /// <param name="options">Bounds and settings; <see cref="PushOptions.Default"/> for the documented ones.</param>
    /// <param name="cancellationToken">Stops the work; then nothing is stored.</param>
    /// <returns>What was stored and queued, and what was not queued, and why.</returns>
    /// <exception cref="ArgumentException">
    /// The sender is not known, the body is missing, the headers are not an object, or an option is out of its range.
    /// </exception>
    /// <exception cref="DuplicateException">The id belongs to another delivery.</exception>
    Task<PushResult> HandleAsync(NewWebhookPayload delivery, PushOptions options, CancellationToken cancellationToken = default);
}

/// <summary>How pushes are handled.</summary>
public sealed record PushOptions
{
    /// <summary>The documented defaults.</summary>
    public static PushOptions Default { get; } = new();

    /// <summary>
    /// The most deployments that one delivery queues, 1 to 1,000. The oldest projects come first; the others are returned as postponed.
    /// </summary>
    public int MaxDeployments { get; init; } = 100;

    /// <summary>
    /// For how long a proof of access counts, at least a second; null for ever, until it is revoked or the address changes.
    /// </summary>
    public TimeSpan? MaxAccessAge { get; init; }

    /// <summary>True when the deployments go live, false for previews.</summary>
    public bool IsProduction { get; init; } = true;

    /// <summary>The host of the provider, for bodies that name none, as those of Bitbucket Data Center; null for no host.</summary>
    public string? Host { get; init; }
}

/// <summary>What came of a delivery.</summary>
public sealed record PushResult
{
    /// <summary>What was done.</summary>
    public required PushOutcome Outcome { get; init; }

    /// <summary>The row that holds the delivery: a new one, or that of the first time it came.</summary>
    public required Guid PayloadId { get; init; }

    /// <summary>The push; null when the delivery is none, or a duplicate that queued something before.</summary>
    public required Push? Push { get; init; }

    /// <summary>The deployments that were queued, those of the oldest projects first.</summary>
    public required IReadOnlyList<Deployment> Deployments { get; init; }

    /// <summary>
    /// Projects with a proof that were not queued, because the delivery had queued <see cref="PushOptions.MaxDeployments"/>.
    /// </summary>
    public required IReadOnlyList<PushTarget> Postponed { get; init; }

    /// <summary>
    /// Projects that name this repository and branch, and whose owner's access is not proven, or was proven too long ago or for another
    /// repository of that
    /// name. Verify it, record it, and have the delivery sent again, or queue a deployment.
    /// </summary>
    public required IReadOnlyList<PushTarget> Unproven { get; init; }

    /// <summary>True when there are more projects than <see cref="IPlatformPushes.MaxListedTargets"/> in one of the two lists.</summary>
    public required bool MoreTargets { get; init; }
}
