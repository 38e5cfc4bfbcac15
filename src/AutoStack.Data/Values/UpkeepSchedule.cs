namespace AutoStack.Data;

/// <summary>When a periodic run is due, by the clock of the database server.</summary>
/// <remarks>
/// A run is due again after the last one of any process has ended. A run that was missed, because no process was running, is due at once.
/// </remarks>
public sealed record UpkeepSchedule
{
    private static readonly TimeSpan Shortest = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Longest = TimeSpan.FromDays(365);

    private UpkeepSchedule(TimeSpan? interval, TimeSpan? timeOfDay) => (Interval, TimeOfDay) = (interval, timeOfDay);

    /// <summary>The time between the end of a run and the next one; null for a daily schedule.</summary>
    public TimeSpan? Interval { get; }

    /// <summary>The time of day in UTC; null for a schedule with an interval.</summary>
    public TimeSpan? TimeOfDay { get; }

    /// <summary>
    /// Once a day, at or after a time of day. The first run of a database is due at the next such time, not when a service first starts.
    /// </summary>
    /// <param name="utc">The time of day in UTC.</param>
    /// <returns>The schedule.</returns>
    public static UpkeepSchedule Daily(TimeOnly utc) => new(interval: null, utc.ToTimeSpan());

    /// <summary>Once the interval has passed since the end of the last run. The first run of a database is due at once.</summary>
    /// <param name="interval">The interval, from 1 minute to 365 days.</param>
    /// <returns>The schedule.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The interval is out of its range.</exception>
    public static UpkeepSchedule Every(TimeSpan interval) => interval >= Shortest && interval <= Longest
        ? new(interval, timeOfDay: null)
        : throw new ArgumentOutOfRangeException(
            nameof(interval), interval, $"interval is between {Shortest} and {Longest.TotalDays} days.");

    /// <summary>Returns <c>daily at 02:30:00 UTC</c> or <c>every 06:00:00</c>.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => TimeOfDay is { } time ? $"daily at {time:hh\\:mm\\:ss} UTC" : $"every {Interval}";
}
