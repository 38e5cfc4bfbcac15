using System.Text.Json.Serialization;

namespace AutoStack.Data.Containers;

/// <summary>A container that serves, or served, the result of a deployment.</summary>
public sealed record DeploymentContainer
{
    /// <summary>The id of the row.</summary>
    public required Guid Id { get; init; }

    /// <summary>The deployment.</summary>
    public required Guid DeploymentId { get; init; }

    /// <summary>The container's id at the engine; <c>pending:</c> and the row's id until the reservation is confirmed.</summary>
    public required string ContainerId { get; init; }

    /// <summary>The image.</summary>
    public required string Image { get; init; }

    /// <summary>The host on which the container runs.</summary>
    public required string Host { get; init; }

    /// <summary>The port on the host; no other row gets it until the container is stopped.</summary>
    public required int Port { get; init; }

    /// <summary>The status.</summary>
    public required ContainerStatus Status { get; init; }

    /// <summary>The time at which the port was reserved.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>The time at which the container was reported stopped; null until then.</summary>
    public required DateTimeOffset? StoppedAt { get; init; }
}

/// <summary>A request for a port.</summary>
public sealed record NewDeploymentContainer
{
    /// <summary>
    /// The id of the row, not the empty one; null to generate one. A repeated request with the same id returns the row of the first.
    /// </summary>
    public Guid? Id { get; init; }

    /// <summary>The deployment.</summary>
    public required Guid DeploymentId { get; init; }

    /// <summary>The image, up to 255 characters.</summary>
    public required string Image { get; init; }

    /// <summary>The host, up to 255 characters.</summary>
    public string Host { get; init; } = "localhost";

    /// <summary>The ports from which one is chosen.</summary>
    public PortRange Ports { get; init; } = PortRange.Default;

    /// <summary>
    /// Ports that are not chosen, because other programs on the host use them; up to
    /// <see cref="IPlatformDeploymentContainerRepository.MaxPorts"/>. Ports outside of <see cref="Ports"/> have no effect.
    /// </summary>
    public IReadOnlyCollection<int> ExcludedPorts { get; init; } = [];
}

/// <summary>The result of a reservation.</summary>
/// <param name="Outcome">The outcome.</param>
/// <param name="Container">The row with the port; null unless the outcome is <see cref="ReservationOutcome.Reserved"/>.</param>
public sealed record ReservationResult(ReservationOutcome Outcome, DeploymentContainer? Container);

/// <summary>The outcome of a reservation.</summary>
public enum ReservationOutcome
{
    /// <summary>The port is reserved: start the container on it.</summary>
    Reserved,

    /// <summary>Every port of the range is taken.</summary>
    NoFreePort,

    /// <summary>The deployment failed, was cancelled or is deleted: start no container.</summary>
    Refused,

    /// <summary>
    /// The deployment has <see cref="IPlatformDeploymentContainerRepository.MaxOpenPerDeployment"/> containers that are not stopped: stop
    /// one first.
    /// </summary>
    TooManyContainers,
}

/// <summary>A range of ports, first and last included.</summary>
public readonly record struct PortRange
{
    /// <summary>Creates a range.</summary>
    /// <param name="first">The first port, 1 or more.</param>
    /// <param name="last">The last port, up to 65535.</param>
    /// <exception cref="ArgumentOutOfRangeException">
    /// <paramref name="first"/> or <paramref name="last"/> is not a port number (1–65535), or <paramref name="last"/> is less than
    /// <paramref name="first"/>.
    /// </exception>
    [JsonConstructor]
    public PortRange(int first, int last)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(first, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(last, 65535);
        ArgumentOutOfRangeException.ThrowIfLessThan(last, first);
        (First, Last) = (first, last);
    }

    /// <summary>The platform's ports for containers: 30000 to 39999.</summary>
    public static PortRange Default { get; } = new(30000, 39999);

    /// <summary>The first port.</summary>
    public int First { get; }

    /// <summary>The last port.</summary>
    public int Last { get; }
}

/// <summary>A running container, with its project and owner.</summary>
/// <param name="Container">The container.</param>
/// <param name="ProjectId">The project.</param>
/// <param name="UserId">The owner.</param>
/// <param name="DeployedUrl">The address of the deployment; null when it has none.</param>
public sealed record RunningContainer(DeploymentContainer Container, Guid ProjectId, Guid UserId, string? DeployedUrl);
