using AutoStack.Data.Postgres;

namespace AutoStack.Data.Analytics;

/// <summary>The outcomes of a set of deployments.</summary>
public sealed record DeploymentSummary
{
    /// <summary>The number of deployments of any status.</summary>
    public required long Deployments { get; init; }

    /// <summary>The number of deployments that succeeded.</summary>
    public required long Succeeded { get; init; }

    /// <summary>The number of deployments that failed.</summary>
    public required long Failed { get; init; }

    /// <summary>The number of deployments that were cancelled.</summary>
    public required long Cancelled { get; init; }

    /// <summary>The number of deployments that have ended: succeeded, failed or cancelled.</summary>
    public long Finished => Succeeded + Failed + Cancelled;

    /// <summary>The share of the finished deployments that succeeded, 0 to 1; null when no deployment finished.</summary>
    public double? SuccessRate => Definitions.Rate(Succeeded, Finished);

    /// <summary>The average build time of successful deployments, in seconds; null when no deployment has a build time.</summary>
    public required double? AverageBuildSeconds { get; init; }

    /// <summary>The number of projects with a deployment in the set.</summary>
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
