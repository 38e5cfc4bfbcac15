namespace AutoStack.Data.Analytics;

/// <summary>The deployments queued on one day.</summary>
/// <param name="Start">The midnight, UTC, at the start of the day.</param>
/// <param name="Deployments">The number of deployments of any status.</param>
public sealed record DailyDeployments(DateTimeOffset Start, long Deployments);

/// <summary>The outcomes of the deployments queued in one week.</summary>
/// <param name="Start">The midnight, UTC, at the start of the week's Monday.</param>
/// <param name="Succeeded">The number of deployments that succeeded.</param>
/// <param name="Finished">The number of deployments that have ended: succeeded, failed or cancelled.</param>
public sealed record WeeklySuccess(DateTimeOffset Start, long Succeeded, long Finished)
{
    /// <summary>The share of the finished deployments that succeeded, 0 to 1; null when no deployment finished.</summary>
    public double? SuccessRate => Definitions.Rate(Succeeded, Finished);
}

/// <summary>The build times of the deployments queued in one week.</summary>
/// <param name="Start">The midnight, UTC, at the start of the week's Monday.</param>
/// <param name="Durations">The build times of successful deployments.</param>
public sealed record WeeklyDurations(DateTimeOffset Start, BuildDurations Durations);

/// <summary>The deployments queued in one hour of the day, over all days of the range.</summary>
/// <param name="Hour">The hour, 0 to 23, UTC.</param>
/// <param name="Deployments">The number of deployments of any status.</param>
public sealed record HourlyDeployments(int Hour, long Deployments);
