using AutoStack.Data.Deployments;
using AutoStack.Data.Projects;
using AutoStack.Data.Values;

namespace AutoStack.Data.Webhooks;

/// <summary>How pushes are handled.</summary>
public sealed record PushOptions
{
    /// <summary>The documented defaults.</summary>
    public static PushOptions Default { get; } = new();

    /// <summary>
    /// The maximum number of deployments that one delivery queues, 1 to <see cref="IPushes.MaxDeployments"/>. The oldest projects
    /// come first; the others are returned as postponed.
    /// </summary>
    public int MaxDeployments { get; init; } = 100;

    /// <summary>
    /// How long a proof of access is valid, at least one second; null for no limit: until it is revoked or the address changes.
    /// </summary>
    public TimeSpan? MaxAccessAge { get; init; }

    /// <summary>True when the deployments go live, false for previews.</summary>
    public bool IsProduction { get; init; } = true;

    /// <summary>Which older deployments of the project and branch a push cancels; see <see cref="NewDeployment.Supersedes"/>.</summary>
    public Superseding Supersedes { get; init; }

    /// <summary>
    /// The provider's host, for bodies that do not name one, such as those of Bitbucket Data Center; null for no host.
    /// </summary>
    public string? Host { get; init; }

    /// <summary>
    /// Checks the values, as <see cref="IPushes.HandleAsync"/> does for each delivery. A host that reads them once calls it at its
    /// start: a wrong value would fail every delivery.
    /// </summary>
    /// <exception cref="ArgumentException">A value is out of its range; the message names it.</exception>
    public void Validate()
    {
        Limit.Check(MaxDeployments, IPushes.MaxDeployments, "options.MaxDeployments");
        if (MaxAccessAge is { TotalSeconds: < 1 or > int.MaxValue })
        {
            throw InvalidArgument.Of("options.MaxAccessAge", MaxAccessAge, "is at least one second and at most 68 years");
        }

        RepositoryAddress.CheckHost(Host, "options.Host");
    }
}
