namespace AutoStack.Data.HealthChecks;

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

    /// <summary>The address that was asked, up to 2048 characters.</summary>
    public required string Url { get; init; }

    /// <summary>The HTTP status; null when there was no answer.</summary>
    public int? HttpStatus { get; init; }

    /// <summary>Milliseconds until the answer; null when there was none.</summary>
    public int? LatencyMs { get; init; }

    /// <summary>True when it answered well.</summary>
    public required bool IsLive { get; init; }

    /// <summary>
    /// When it was asked; null for the database's present. The time decides which checks are the latest: set it only for checks that are
    /// stored later than they were made. A time after the database's present is stored as the present.
    /// </summary>
    public DateTimeOffset? CheckedAt { get; init; }
}

/// <summary>How often a deployment answered.</summary>
/// <param name="Checks">The number of checks.</param>
/// <param name="Live">The number of those that it answered well.</param>
public sealed record Uptime(long Checks, long Live)
{
    /// <summary>The share of checks that it answered well, 0 to 1; null when there was no check.</summary>
    public double? Ratio => Checks == 0 ? null : (double)Live / Checks;
}

/// <summary>How often a deployment answered in one part of a window.</summary>
/// <param name="Start">Where the part begins; it ends where the next one begins, the last one with the window.</param>
/// <param name="Checks">The number of checks; 0 when there was none.</param>
/// <param name="Live">The number of those that it answered well.</param>
/// <param name="AverageLatencyMs">Milliseconds until the answer on average, rounded; null when there was no answer.</param>
public sealed record HealthBucket(DateTimeOffset Start, long Checks, long Live, int? AverageLatencyMs);

/// <summary>A deployment whose container runs and does not answer.</summary>
/// <param name="DeploymentId">The deployment.</param>
/// <param name="ProjectId">The project.</param>
/// <param name="UserId">The owner.</param>
/// <param name="LastCheckedAt">When it was asked the last time.</param>
public sealed record UnhealthyDeployment(Guid DeploymentId, Guid ProjectId, Guid UserId, DateTimeOffset LastCheckedAt);
