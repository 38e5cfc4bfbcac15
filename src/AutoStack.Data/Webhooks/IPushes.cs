using AutoStack.Data.Projects;

namespace AutoStack.Data.Webhooks;

/// <summary>Handles delivered webhooks, for the platform's own work: stores each delivery, and queues deployments for a push.</summary>
public interface IPushes
{
    /// <summary>The maximum of <see cref="PushOptions.MaxDeployments"/>.</summary>
    const int MaxDeployments = 1000;

    /// <summary>The maximum number of projects in each list of a result.</summary>
    const int MaxListedTargets = 1000;

    /// <summary>
    /// Stores a delivery, whatever its body, and queues a deployment for each project that a push in it concerns: auto-deploy is enabled,
    /// the branch is the project's, and the owner's access to this very repository is proven
    /// (<see cref="IPlatformProjectRepository.RecordAccessAsync"/>). The call runs in one transaction of its own. Check the delivery's
    /// signature first, with a secret that no tenant knows. If a tenant knows the secret, also check that the repository id in the body is
    /// the one that the secret belongs to: anybody who knows the secret can sign a body that names any repository.
    /// </summary>
    /// <remarks>
    /// The repository of a push is identified by the provider, its host and the provider's id, so that a renamed or transferred repository
    /// still deploys, and a new repository of the old name does not. A pushed tag and a deleted branch queue nothing. A delivery whose
    /// first copy queued deployments queues nothing and returns those deployments; any other repeated delivery is handled like a new one,
    /// so that a delivery that came before the proof can be sent again. When queueing fails, the delivery is stored nevertheless, and the
    /// exception is thrown.
    /// <para>
    /// A repeated call with the same id returns <see cref="PushOutcome.Queued"/> with the same deployments; one without an id returns
    /// <see cref="PushOutcome.Duplicate"/> with them. The library repeats the call once when the answer to COMMIT is lost.
    /// </para>
    /// </remarks>
    /// <param name="payload">The delivery.</param>
    /// <param name="options">Limits and settings; <see cref="PushOptions.Default"/> for the documented defaults.</param>
    /// <param name="cancellationToken">Stops the work; nothing is stored then.</param>
    /// <returns>The stored delivery, the queued deployments, and the projects that were not queued, with the reason.</returns>
    /// <exception cref="ArgumentException">
    /// The provider is unknown, the body is missing, the headers are not an object, or an option is out of range.
    /// </exception>
    /// <exception cref="DuplicateException">The id belongs to another delivery.</exception>
    Task<PushResult> HandleAsync(NewWebhookPayload payload, PushOptions options, CancellationToken cancellationToken = default);
}
