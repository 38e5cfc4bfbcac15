using AutoStack.Data.Postgres;

namespace AutoStack.Data.Analytics;

/// <summary>What came of a project's deployments. Deleted ones are out.</summary>
public sealed record ProjectAnalytics
{
    /// <summary>How many there are, whatever their status.</summary>
    public required long Deployments { get; init; }

    /// <summary>Those that succeeded.</summary>
    public required long Succeeded { get; init; }

    /// <summary>Those that are over: succeeded, failed or cancelled.</summary>
    public required long Finished { get; init; }

    /// <summary>The share of the finished that succeeded, 0 to 1; null when none finished.</summary>
    public double? SuccessRate => Definitions.Rate(Succeeded, Finished);

    /// <summary>
    /// How many there are of each status: the known ones in the order of a deployment's life, zeros included, then others by name; 100 at
    /// the most.
    /// </summary>
    public required IReadOnlyList<StatusCount> Statuses { get; init; }

    /// <summary>Build times of those that succeeded.</summary>
    public required BuildDurations Durations { get; init; }

    /// <summary>
    /// Build seconds of the newest five that succeeded and have a build time, the newest first; empty when there are none.
    /// </summary>
    public required IReadOnlyList<int> NewestBuildSeconds { get; init; }

    /// <summary>Whether its deployments answered.</summary>
    public required ProjectUptime Uptime { get; init; }
}

/// <summary>The number of deployments of one status.</summary>
/// <param name="Status">The status, in lower case.</param>
/// <param name="Deployments">How many have it.</param>
public sealed record StatusCount(DeploymentStatus Status, long Deployments);

/// <summary>How often a project's deployments answered when they were asked.</summary>
/// <param name="Checks">Health checks in the range.</param>
/// <param name="LiveChecks">Those with a good answer.</param>
public sealed record ProjectUptime(long Checks, long LiveChecks)
{
    /// <summary>The share of the checks with a good answer, 0 to 1; null when nobody asked.</summary>
    public double? Uptime => Definitions.Rate(LiveChecks, Checks);
}

/// <summary>Build times of deployments that succeeded, in seconds. Those without one are not counted.</summary>
public sealed record BuildDurations
{
    /// <summary>How many there are.</summary>
    public required long Builds { get; init; }

    /// <summary>The shortest; null when there are none.</summary>
    public required int? MinSeconds { get; init; }

    /// <summary>The average; null when there are none.</summary>
    public required double? AverageSeconds { get; init; }

    /// <summary>The median, between the two in the middle when their number is even; null when there are none.</summary>
    public required double? MedianSeconds { get; init; }

    /// <summary>The 95th percentile, linear between the two nearest; null when there are none.</summary>
    public required double? P95Seconds { get; init; }

    /// <summary>The longest; null when there are none.</summary>
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
