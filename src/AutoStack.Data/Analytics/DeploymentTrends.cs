namespace AutoStack.Data.Analytics;

/// <summary>The deployments queued on one day.</summary>
/// <param name="Start">The midnight, UTC, when the day began.</param>
/// <param name="Deployments">How many there are, whatever their status.</param>
public sealed record DailyDeployments(DateTimeOffset Start, long Deployments);

/// <summary>What came of the deployments queued in one week.</summary>
/// <param name="Start">The midnight, UTC, when the week's Monday began.</param>
/// <param name="Succeeded">Those that succeeded.</param>
/// <param name="Finished">Those that are over: succeeded, failed or cancelled.</param>
public sealed record WeeklySuccess(DateTimeOffset Start, long Succeeded, long Finished)
{
    /// <summary>The share of the finished that succeeded, 0 to 1; null when none finished.</summary>
    public double? SuccessRate => Definitions.Rate(Succeeded, Finished);
}

/// <summary>Build times of the deployments queued in one week.</summary>
/// <param name="Start">The midnight, UTC, when the week's Monday began.</param>
/// <param name="Durations">Build times of those that succeeded.</param>
public sealed record WeeklyDurations(DateTimeOffset Start, BuildDurations Durations);

/// <summary>The deployments queued in one hour of the day, over all days of the range.</summary>
/// <param name="Hour">The hour, 0 to 23, UTC.</param>
/// <param name="Deployments">How many there are, whatever their status.</param>
public sealed record HourlyDeployments(int Hour, long Deployments);
