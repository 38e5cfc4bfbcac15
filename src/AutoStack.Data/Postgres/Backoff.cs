namespace AutoStack.Data.Postgres;

/// <summary>
/// Pauses between attempts: each about twice the one before, until they are about the longest; between half and one and a half of that by
/// chance, so that no two who began together stay together.
/// </summary>
internal sealed record Backoff(TimeSpan First, TimeSpan Longest)
{
    /// <summary>The pause after another failure.</summary>
    /// <param name="failures">How many there were before it.</param>
    public TimeSpan Pause(int failures)
    {
        var pause = Math.Min(First.TotalMilliseconds * Math.Pow(2, Math.Min(failures, 20)), Longest.TotalMilliseconds);
        return TimeSpan.FromMilliseconds(pause * (0.5 + Random.Shared.NextDouble()));
    }
}
