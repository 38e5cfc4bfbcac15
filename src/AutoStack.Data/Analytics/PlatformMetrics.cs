namespace AutoStack.Data.Analytics;

/// <summary>The numbers of the whole platform, all from one moment.</summary>
public sealed record PlatformMetrics
{
    /// <summary>Deployments that are not deleted, whatever their status.</summary>
    public required long Deployments { get; init; }

    /// <summary>Those that succeeded.</summary>
    public required long Succeeded { get; init; }

    /// <summary>Those that failed.</summary>
    public required long Failed { get; init; }

    /// <summary>Those that were queued in the last 24 hours.</summary>
    public required long DeploymentsLast24Hours { get; init; }

    /// <summary>Users.</summary>
    public required long Users { get; init; }

    /// <summary>Users who came in the last 30 days, of 24 hours each.</summary>
    public required long UsersLast30Days { get; init; }
}
