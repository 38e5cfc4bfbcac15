namespace AutoStack.Data.Analytics;

/// <summary>The numbers of the whole platform, all from one moment.</summary>
public sealed record PlatformMetrics
{
    /// <summary>The number of deployments of any status that are not deleted.</summary>
    public required long Deployments { get; init; }

    /// <summary>The number of these deployments that succeeded.</summary>
    public required long Succeeded { get; init; }

    /// <summary>The number of these deployments that failed.</summary>
    public required long Failed { get; init; }

    /// <summary>The number of these deployments that were queued in the last 24 hours.</summary>
    public required long DeploymentsLast24Hours { get; init; }

    /// <summary>The number of users.</summary>
    public required long Users { get; init; }

    /// <summary>The number of users created in the last 30 days of 24 hours.</summary>
    public required long UsersLast30Days { get; init; }
}
