using AutoStack.Data.Postgres;

namespace AutoStack.Data.Analytics;

/// <summary>What came of a number of deployments.</summary>
public sealed record DeploymentSummary
{
    /// <summary>How many there are, whatever their status.</summary>
    public required long Deployments { get; init; }

    /// <summary>Those that succeeded.</summary>
    public required long Succeeded { get; init; }

    /// <summary>Those that failed.</summary>
    public required long Failed { get; init; }

    /// <summary>Those that were cancelled.</summary>
    public required long Cancelled { get; init; }

    /// <summary>Those that are over: succeeded, failed or cancelled.</summary>
    public long Finished => Succeeded + Failed + Cancelled;

    /// <summary>The share of the finished that succeeded, 0 to 1; null when none finished.</summary>
    public double? SuccessRate => Definitions.Rate(Succeeded, Finished);

    /// <summary>Average build time of those that succeeded, in seconds; null when none has one.</summary>
    public required double? AverageBuildSeconds { get; init; }

    /// <summary>The number of projects that they belong to.</summary>
    public required long ActiveProjects { get; init; }

    internal static DeploymentSummary Read(RowReader row) => new()
    {
        Deployments = row.Long(),
        Succeeded = row.Long(),
        Failed = row.Long(),
        Cancelled = row.Long(),
        AverageBuildSeconds = row.DoubleOrNull(),
        ActiveProjects = row.Long(),
    };
}
