using AutoStack.Data.Postgres;

namespace AutoStack.Data.Analytics;

/// <summary>The outcomes of a project's deployments, without deleted deployments.</summary>
public sealed record ProjectAnalytics
{
    /// <summary>The number of deployments of any status.</summary>
    public required long Deployments { get; init; }

    /// <summary>The number of deployments that succeeded.</summary>
    public required long Succeeded { get; init; }

    /// <summary>The number of deployments that have ended: succeeded, failed or cancelled.</summary>
    public required long Finished { get; init; }

    /// <summary>The share of the finished deployments that succeeded, 0 to 1; null when no deployment finished.</summary>
    public double? SuccessRate => Definitions.Rate(Succeeded, Finished);

    /// <summary>
    /// The number of deployments per status: the known statuses in the order of a deployment's life, including those with zero deployments,
    /// then other statuses by name; at most 100.
    /// </summary>
    public required IReadOnlyList<StatusCount> Statuses { get; init; }

    /// <summary>The build times of successful deployments.</summary>
    public required BuildDurations Durations { get; init; }

    /// <summary>
    /// The build seconds of the newest five successful deployments that have a build time, newest first.
    /// </summary>
    public required IReadOnlyList<int> NewestBuildSeconds { get; init; }

    /// <summary>The uptime of the deployments.</summary>
    public required ProjectUptime Uptime { get; init; }
}

/// <summary>The number of deployments of one status.</summary>
/// <param name="Status">The status, in lower case.</param>
/// <param name="Deployments">The number of deployments.</param>
public sealed record StatusCount(DeploymentStatus Status, long Deployments);

/// <summary>The health checks of a project's deployments.</summary>
/// <param name="Checks">The number of health checks in the range.</param>
/// <param name="LiveChecks">The number of these checks that succeeded.</param>
public sealed record ProjectUptime(long Checks, long LiveChecks)
{
    /// <summary>The share of the checks that succeeded, 0 to 1; null without checks.</summary>
    public double? Uptime => Definitions.Rate(LiveChecks, Checks);
}

/// <summary>The build times of successful deployments, in seconds. Deployments without a build time are not counted.</summary>
public sealed record BuildDurations
{
    /// <summary>The number of builds.</summary>
    public required long Builds { get; init; }

    /// <summary>The shortest build time; null without builds.</summary>
    public required int? MinSeconds { get; init; }

    /// <summary>The average; null without builds.</summary>
    public required double? AverageSeconds { get; init; }

    /// <summary>The median, the mean of the middle two when the number is even; null without builds.</summary>
    public required double? MedianSeconds { get; init; }

    /// <summary>The 95th percentile, interpolated linearly; null without builds.</summary>
    public required double? P95Seconds { get; init; }

    /// <summary>The longest build time; null without builds.</summary>
    public required int? MaxSeconds { get; init; }

    internal static BuildDurations Read(RowReader row) => new()
    {
        Builds = row.Long(),
        MinSeconds = row.IntOrNull(),
        AverageSeconds = row.DoubleOrNull(),
        MedianSeconds = row.DoubleOrNull(),
        P95Seconds = row.DoubleOrNull(),
        MaxSeconds = row.IntOrNull(),
    };
}
