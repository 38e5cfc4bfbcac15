namespace AutoStack.Data.Analytics;

/// <summary>The numbers of a user's dashboard, all from one moment, without deleted deployments.</summary>
public sealed record DashboardStats
{
    /// <summary>All deployments. <see cref="DeploymentSummary.ActiveProjects"/> counts the projects with a deployment.</summary>
    public required DeploymentSummary Total { get; init; }

    /// <summary>The deployments queued since midnight UTC.</summary>
    public required DeploymentSummary Today { get; init; }

    /// <summary>This week, since Monday at midnight UTC, compared with last week up to the same day and time.</summary>
    public required PeriodComparison Week { get; init; }

    /// <summary>
    /// This month, since the first at midnight UTC, compared with last month up to the same day and time, or with all of a shorter last
    /// month.
    /// </summary>
    public required PeriodComparison Month { get; init; }
}

/// <summary>A period up to now, compared with the same part of the previous period.</summary>
public sealed record PeriodComparison
{
    /// <summary>The range from the start of the period up to and including the present microsecond.</summary>
    public required TimeRange CurrentRange { get; init; }

    /// <summary>The deployments queued in <see cref="CurrentRange"/>.</summary>
    public required DeploymentSummary Current { get; init; }

    /// <summary>The same part of the previous period.</summary>
    public required TimeRange PreviousRange { get; init; }

    /// <summary>The deployments queued in <see cref="PreviousRange"/>.</summary>
    public required DeploymentSummary Previous { get; init; }

    /// <summary>
    /// The growth of the number of deployments relative to the previous period: 0.5 = 50 % more, −1 = no deployments now; null when the
    /// previous period had none.
    /// </summary>
    public double? DeploymentsChange => Change(Current.Deployments, Previous.Deployments);

    /// <summary>The success rate minus the previous one, −1 to 1: 0.1 = ten percentage points more; null when either is null.</summary>
    public double? SuccessRateChange => Current.SuccessRate - Previous.SuccessRate;

    /// <summary>
    /// The growth of the average build time relative to the previous period, negative when builds are faster; null when either average is
    /// null or the previous one is 0.
    /// </summary>
    public double? AverageBuildSecondsChange => Change(Current.AverageBuildSeconds, Previous.AverageBuildSeconds);

    private static double? Change(double? current, double? previous) => previous is 0 ? null : (current - previous) / previous;
}
