namespace AutoStack.Data.Postgres;

/// <summary>The times after which a statement and a whole call end.</summary>
/// <param name="CommandSeconds">The limit of an attempt at a call, from its first statement; 0 for none.</param>
/// <param name="Operation">The time that a caller waits at most; null for no limit.</param>
internal sealed record Timeouts(int CommandSeconds, TimeSpan? Operation)
{
    // What the driver and the server need to end a statement at its own limit.
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(5);

    /// <summary>The limit of an attempt; null for none.</summary>
    public TimeSpan? Attempt { get; } = Limit(CommandSeconds);

    /// <summary>
    /// The driver's own limit of a statement, in seconds; 0 for none. It is later than <see cref="Attempt"/>, because the driver sends its
    /// cancel request on a thread of the pool, which waits for as long as the server hangs: a few such calls stop the whole process. It is
    /// needed where the driver ignores a cancelled token: until BEGIN, or the reset of a pooled session, is answered.
    /// </summary>
    public int DriverSeconds { get; } = CommandSeconds == 0 ? 0 : CommandSeconds + (int)Margin.TotalSeconds;

    /// <summary>Ends attempts and calls at their limits; null for no limit.</summary>
    public Deadlines? Deadlines { get; } = Operation is { } bound
        ? new Deadlines(bound, Limit(CommandSeconds))
        : null;

    /// <summary>The times for a command timeout of the driver and the setting of the options.</summary>
    public static Timeouts Of(int commandSeconds, TimeSpan? operation)
    {
        if (operation is not { } limit)
        {
            return new(commandSeconds, commandSeconds == 0 ? null : TimeSpan.FromSeconds(commandSeconds) + Margin);
        }

        // A statement that its caller has given up ends soon after.
        var seconds = (int)Math.Ceiling(limit.TotalSeconds);
        return new(commandSeconds == 0 ? seconds : Math.Min(commandSeconds, seconds), limit);
    }

    private static TimeSpan? Limit(int seconds) => seconds == 0 ? null : TimeSpan.FromSeconds(seconds);
}
