namespace AutoStack.Data.Tests.Support;

/// <summary>
/// The clock of a host that differs from the database's, by less than what makes the library take it for a fake one. Its timers are those
/// of another clock, which a test moves.
/// </summary>
internal sealed class SkewedClock(TimeSpan ahead, TimeProvider timers) : TimeProvider
{
    public override long TimestampFrequency => timers.TimestampFrequency;

    public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + ahead;

    public override long GetTimestamp() => timers.GetTimestamp();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        timers.CreateTimer(callback, state, dueTime, period);
}
