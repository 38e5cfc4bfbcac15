namespace AutoStack.Data.Postgres;

/// <summary>
/// Whether the database has an optional feature, as the process last found out. The answer is kept for a minute, so that services need no
/// restart after the feature is enabled or disabled.
/// </summary>
/// <param name="clock">The clock of the process; a fake one moves the time.</param>
internal sealed class RecentAnswer(TimeProvider clock)
{
    private static readonly TimeSpan Kept = TimeSpan.FromMinutes(1);

    private volatile Answer? last;

    /// <summary>The answer; null when it has to be found out.</summary>
    public bool? Value => last is { } known && clock.GetElapsedTime(known.At) < Kept ? known.IsThere : null;

    /// <summary>Keeps an answer.</summary>
    public void Keep(bool isThere) => last = new Answer(isThere, clock.GetTimestamp());

    private sealed record Answer(bool IsThere, long At);
}
