namespace AutoStack.Data.Containers;

/// <summary>A container that runs, or ran, the result of a deployment.</summary>
public sealed record DeploymentContainer
{
    /// <summary>The id of the row.</summary>
    public required Guid Id { get; init; }

    /// <summary>The deployment.</summary>
    public required Guid DeploymentId { get; init; }

    /// <summary>The container's id at the engine; <c>pending:</c> and the row's id until it is known.</summary>
    public required string ContainerId { get; init; }

    /// <summary>The image.</summary>
    public required string Image { get; init; }

    /// <summary>The machine.</summary>
    public required string Host { get; init; }

    /// <summary>The port on the machine; nobody else's until the container is stopped.</summary>
    public required int Port { get; init; }

    /// <summary>Where it stands.</summary>
    public required ContainerStatus Status { get; init; }

    /// <summary>When the port was reserved.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it was stopped; null until then.</summary>
    public required DateTimeOffset? StoppedAt { get; init; }
}

/// <summary>A place for a container to be.</summary>
public sealed record NewDeploymentContainer
{
    /// <summary>The id of the row; null to have one made. With one, a repeated request finds the row of the first.</summary>
    public Guid? Id { get; init; }

    /// <summary>The deployment.</summary>
    public required Guid DeploymentId { get; init; }

    /// <summary>The image; up to 255 characters.</summary>
    public required string Image { get; init; }

    /// <summary>The machine; up to 255 characters.</summary>
    public string Host { get; init; } = "localhost";

    /// <summary>The ports to choose from.</summary>
    public PortRange Ports { get; init; } = PortRange.Default;

    /// <summary>Ports not to choose: those that other programs on the machine use. Ports outside the range do no harm.</summary>
    public IReadOnlyCollection<int> ExcludedPorts { get; init; } = [];
}

/// <summary>What came of reserving a port.</summary>
/// <param name="Outcome">Whether there is a port, and if not, why.</param>
/// <param name="Container">The row with the port; null unless it is reserved.</param>
public sealed record ReservationResult(ReservationOutcome Outcome, DeploymentContainer? Container);

/// <summary>How reserving a port ended.</summary>
public enum ReservationOutcome
{
    /// <summary>The port is the deployment's: start the container on it.</summary>
    Reserved,

    /// <summary>Every port of the range is taken.</summary>
    NoFreePort,

    /// <summary>The deployment failed, was cancelled or is deleted: start nothing.</summary>
    Refused,

    /// <summary>The deployment has as many containers that are not stopped as it may have: stop one first.</summary>
    TooManyContainers,
}

/// <summary>The ports from one to another, both included.</summary>
public readonly record struct PortRange
{
    /// <summary>A range of ports.</summary>
    /// <param name="first">The first port, from 1.</param>
    /// <param name="last">The last port, up to 65535.</param>
    /// <exception cref="ArgumentOutOfRangeException">A port is none, or the last lies before the first.</exception>
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

/// <summary>A container in service, and whose it is.</summary>
/// <param name="Container">The container.</param>
/// <param name="ProjectId">The project.</param>
/// <param name="UserId">The owner.</param>
/// <param name="DeployedUrl">Where it can be reached; null when it has no address.</param>
public sealed record RunningContainer(DeploymentContainer Container, Guid ProjectId, Guid UserId, string? DeployedUrl);
