namespace AutoStack.Data.Deployments;

/// <summary>One look at whether a deployment answers.</summary>
public sealed record DeploymentHealthCheck
{
    /// <summary>The id.</summary>
    public required Guid Id { get; init; }

    /// <summary>The deployment.</summary>
    public required Guid DeploymentId { get; init; }

    /// <summary>The address that was asked.</summary>
    public required string Url { get; init; }

    /// <summary>The HTTP status; null when there was no answer.</summary>
    public required int? HttpStatus { get; init; }

    /// <summary>Milliseconds until the answer; null when there was none.</summary>
    public required int? LatencyMs { get; init; }

    /// <summary>True when it answered well.</summary>
    public required bool IsLive { get; init; }

    /// <summary>When it was asked.</summary>
    public required DateTimeOffset CheckedAt { get; init; }
}

/// <summary>A look to be noted.</summary>
public sealed record NewDeploymentHealthCheck
{
    /// <summary>The id; null to have one made. With one, a repeated request finds the row of the first.</summary>
    public Guid? Id { get; init; }

    /// <summary>The deployment.</summary>
    public required Guid DeploymentId { get; init; }

    /// <summary>The address that was asked.</summary>
    public required string Url { get; init; }

    /// <summary>The HTTP status; null when there was no answer.</summary>
    public int? HttpStatus { get; init; }

    /// <summary>Milliseconds until the answer; null when there was none.</summary>
    public int? LatencyMs { get; init; }

    /// <summary>True when it answered well.</summary>
    public required bool IsLive { get; init; }

    /// <summary>When it was asked; null for now.</summary>
    public DateTimeOffset? CheckedAt { get; init; }
}
