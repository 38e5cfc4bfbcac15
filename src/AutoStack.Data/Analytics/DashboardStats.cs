namespace AutoStack.Data.Analytics;

/// <summary>The numbers of a user's dashboard, all from one moment. Deleted deployments are out.</summary>
public sealed record DashboardStats
{
    /// <summary>All deployments. Its <see cref="DeploymentSummary.ActiveProjects"/> are the projects that have one.</summary>
    public required DeploymentSummary Total { get; init; }

    /// <summary>Those queued since midnight UTC.</summary>
    public required DeploymentSummary Today { get; init; }

    /// <summary>This week, which began on Monday at midnight UTC, against last week up to the same day and time.</summary>
    public required PeriodComparison Week { get; init; }

    /// <summary>
    /// This month, which began on the first at midnight UTC, against last month up to the same day and time, or all of it where it was
    /// shorter.
    /// </summary>
    public required PeriodComparison Month { get; init; }
}

/// <summary>A period up to now against the same part of the one before.</summary>
public sealed record PeriodComparison
{
    /// <summary>From the beginning of the period up to now, the present microsecond included.</summary>
    public required TimeRange CurrentRange { get; init; }

    /// <summary>The deployments queued in it.</summary>
    public required DeploymentSummary Current { get; init; }

    /// <summary>The same part of the period before.</summary>
    public required TimeRange PreviousRange { get; init; }

    /// <summary>The deployments queued in it.</summary>
    public required DeploymentSummary Previous { get; init; }

    /// <summary>
    /// By which part of the previous number the number of deployments grew: 0.5 is half as many again, −1 is none left; null when there
    /// were none before.
    /// </summary>
    public double? DeploymentsChange => Change(Current.Deployments, Previous.Deployments);

    /// <summary>The success rate less the previous one, −1 to 1: 0.1 is ten percentage points more; null when either is null.</summary>
    public double? SuccessRateChange => Current.SuccessRate - Previous.SuccessRate;

    /// <summary>
    /// By which part of the previous average builds take longer, negative when they are faster; null when either is null or the previous is
    /// 0.
    /// </summary>
    public double? AverageBuildSecondsChange => Change(Current.AverageBuildSeconds, Previous.AverageBuildSeconds);

    private static double? Change(double? current, double? previous) => previous is 0 ? null : (current - previous) / previous;
}
