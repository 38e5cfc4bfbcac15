namespace AutoStack.Data.HealthChecks;

/// <summary>One check whether a deployment answers.</summary>
public sealed record DeploymentHealthCheck
{
    /// <summary>The maximum length of <see cref="Url"/> when written, in characters.</summary>
    public const int MaxUrlLength = 2048;

    /// <summary>The id.</summary>
    public required Guid Id { get; init; }

    /// <summary>The deployment.</summary>
    public required Guid DeploymentId { get; init; }

    /// <summary>The address that was requested.</summary>
    public required string Url { get; init; }

    /// <summary>The HTTP status; null without an answer.</summary>
    public required int? HttpStatus { get; init; }

    /// <summary>Milliseconds until the answer; null without an answer.</summary>
    public required int? LatencyMs { get; init; }

    /// <summary>True when the check passed.</summary>
    public required bool IsLive { get; init; }

    /// <summary>The time of the check.</summary>
    public required DateTimeOffset CheckedAt { get; init; }
}

/// <summary>A health check to store.</summary>
public sealed record NewDeploymentHealthCheck
{
    /// <summary>
    /// The id, not the empty one; null to generate one. A repeated request with the same id returns the row of the first.
    /// </summary>
    public Guid? Id { get; init; }

    /// <summary>The deployment.</summary>
    public required Guid DeploymentId { get; init; }

    /// <summary>
    /// The address that was requested, up to <see cref="DeploymentHealthCheck.MaxUrlLength"/> characters.
    /// </summary>
    public required string Url { get; init; }

    /// <summary>The HTTP status; null without an answer.</summary>
    public int? HttpStatus { get; init; }

    /// <summary>Milliseconds until the answer; null without an answer.</summary>
    public int? LatencyMs { get; init; }

    /// <summary>True when the check passed.</summary>
    public required bool IsLive { get; init; }

    /// <summary>
    /// The time of the check; null for the database's present. The time decides which checks are the latest: set it only for checks that
    /// are stored some time after they were taken. A time after the database's present is stored as the present.
    /// </summary>
    public DateTimeOffset? CheckedAt { get; init; }
}

/// <summary>The number of checks of a deployment in a time range, and how many passed.</summary>
/// <param name="Checks">The number of checks.</param>
/// <param name="Live">The number of checks that passed.</param>
public sealed record Uptime(long Checks, long Live)
{
    /// <summary>The share of checks that passed, 0 to 1; null without a check.</summary>
    public double? Ratio => Checks == 0 ? null : (double)Live / Checks;
}

/// <summary>The checks of a deployment in one bucket of a time range.</summary>
/// <param name="Start">The start of the bucket; it ends at the start of the next one, the last bucket at the end of the range.</param>
/// <param name="Checks">The number of checks.</param>
/// <param name="Live">The number of checks that passed.</param>
/// <param name="AverageLatencyMs">The average number of milliseconds until the answer, rounded; null without an answer.</param>
public sealed record HealthBucket(DateTimeOffset Start, long Checks, long Live, int? AverageLatencyMs);

/// <summary>A deployment with a running container that does not answer.</summary>
/// <param name="DeploymentId">The deployment.</param>
/// <param name="ProjectId">The project.</param>
/// <param name="UserId">The owner.</param>
/// <param name="LastCheckedAt">The time of the last check.</param>
public sealed record UnhealthyDeployment(Guid DeploymentId, Guid ProjectId, Guid UserId, DateTimeOffset LastCheckedAt);
