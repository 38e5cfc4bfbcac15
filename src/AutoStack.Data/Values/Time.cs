namespace AutoStack.Data.Values;

/// <summary>Times as the columns hold them: UTC, in microseconds.</summary>
internal static class Time
{
    /// <summary><c>infinity</c>.</summary>
    public const long Infinity = long.MaxValue;

    /// <summary><c>-infinity</c>.</summary>
    public const long NegativeInfinity = long.MinValue;

    // The range of the type timestamp, without the infinities: 4713 BC to the end of the year 294276.
    private const long FirstTimestamp = -211_813_488_000_000_000;
    private const long EndOfTimestamps = 9_223_371_331_200_000_000;

    private static readonly long Epoch = new DateTime(2000, 1, 1, 0, 0, 0, DateTimeKind.Utc).Ticks;
    private static readonly long MinMicroseconds = ToMicroseconds(DateTimeOffset.MinValue);
    private static readonly long MaxMicroseconds = ToMicroseconds(DateTimeOffset.MaxValue);

    /// <summary>The present, as it will be read back.</summary>
    public static DateTimeOffset Now(this TimeProvider clock) => Truncate(clock.GetUtcNow());

    /// <summary>The same moment in UTC, cut to the microsecond that PostgreSQL keeps.</summary>
    public static DateTimeOffset Truncate(DateTimeOffset time) =>
        new(time.UtcTicks - (time.UtcTicks % TimeSpan.TicksPerMicrosecond), TimeSpan.Zero);

    /// <summary>The value of a <c>timestamp</c> column.</summary>
    public static DateTime ToColumn(DateTimeOffset time) => DateTime.SpecifyKind(Truncate(time).UtcDateTime, DateTimeKind.Unspecified);

    /// <summary>
    /// The moment that a <c>timestamp</c> column holds, given as the protocol has it: microseconds since 2000, the greatest number for
    /// <c>infinity</c> and the smallest for <c>-infinity</c>. What lies outside of .NET's years is <see cref="DateTimeOffset.MaxValue"/> or
    /// <see cref="DateTimeOffset.MinValue"/>.
    /// </summary>
    public static DateTimeOffset FromColumn(long microseconds) =>
        microseconds > MaxMicroseconds ? DateTimeOffset.MaxValue
        : microseconds < MinMicroseconds ? DateTimeOffset.MinValue
        : new(Epoch + (microseconds * TimeSpan.TicksPerMicrosecond), TimeSpan.Zero);

    /// <summary>True for microseconds that a <c>timestamp</c> column can hold, the infinities included.</summary>
    public static bool IsStorable(long microseconds) =>
        microseconds is Infinity or long.MinValue or (>= FirstTimestamp and < EndOfTimestamps);

    /// <summary>The microseconds since 2000 of a moment.</summary>
    public static long ToMicroseconds(DateTimeOffset time) => (Truncate(time).UtcTicks - Epoch) / TimeSpan.TicksPerMicrosecond;
}
