namespace AutoStack.Data.Postgres;

/// <summary>
/// The delays between attempts. Each delay is twice the one before, up to <see cref="Longest"/>, and varies at random between half and one
/// and a half of that, so that callers that fail together do not retry together. Delays use the machine's clock: a fake clock of the host
/// would never end them.
/// </summary>
internal sealed record Backoff(TimeSpan First, TimeSpan Longest)
{
    /// <summary>After a deadlock or a serialization failure.</summary>
    public static Backoff Conflict { get; } = new(TimeSpan.FromMilliseconds(20), TimeSpan.FromSeconds(1));

    /// <summary>While the server cannot be reached.</summary>
    public static Backoff Reconnect { get; } = new(TimeSpan.FromMilliseconds(50), TimeSpan.FromSeconds(5));

    /// <summary>While a call waits for a server: short, because a new primary should find its callers waiting.</summary>
    public static Backoff Reopen { get; } = new(TimeSpan.FromMilliseconds(50), TimeSpan.FromMilliseconds(500));

    /// <summary>While another transaction holds a lock.</summary>
    public static Backoff Lock { get; } = new(TimeSpan.FromMilliseconds(10), TimeSpan.FromMilliseconds(250));

    /// <summary>While other sessions use a partition that is to be dropped: each attempt reads the partition again.</summary>
    public static Backoff Drop { get; } = new(TimeSpan.FromMilliseconds(500), TimeSpan.FromSeconds(5));

    /// <summary>The delay before the next attempt.</summary>
    /// <param name="failures">The number of failures before this one.</param>
    public TimeSpan Delay(int failures)
    {
        var delay = Math.Min(First.TotalMilliseconds * Math.Pow(2, Math.Min(failures, 20)), Longest.TotalMilliseconds);
        return TimeSpan.FromMilliseconds(delay * (0.5 + Random.Shared.NextDouble()));
    }
}
