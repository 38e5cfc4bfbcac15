namespace AutoStack.Data.Internal;

/// <summary>Times as the columns hold them: UTC, in microseconds.</summary>
internal static class Time
{
    /// <summary>The present, as it will be read back.</summary>
    public static DateTimeOffset Now(this TimeProvider clock) => Truncate(clock.GetUtcNow());

    /// <summary>The same moment in UTC, cut to the microsecond that PostgreSQL keeps.</summary>
    public static DateTimeOffset Truncate(DateTimeOffset time) =>
        new(time.UtcTicks - (time.UtcTicks % TimeSpan.TicksPerMicrosecond), TimeSpan.Zero);

    /// <summary>The value of a <c>timestamp</c> column.</summary>
    public static DateTime ToColumn(DateTimeOffset time) => DateTime.SpecifyKind(Truncate(time).UtcDateTime, DateTimeKind.Unspecified);

    /// <summary>The moment that a <c>timestamp</c> column holds, whatever kind the driver gave it.</summary>
    public static DateTimeOffset FromColumn(DateTime time) => new(time.Ticks, TimeSpan.Zero);
}
