namespace AutoStack.Data.Postgres;

/// <summary>The times after which a statement and a whole call end.</summary>
/// <param name="CommandSeconds">The driver's limit of a statement; 0 for none.</param>
/// <param name="Operation">The time that a caller waits at most; null for no limit.</param>
internal sealed record Timeouts(int CommandSeconds, TimeSpan? Operation)
{
    // What the driver and the server need to end a statement at its own limit.
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(5);

    /// <summary>Ends calls at <see cref="Operation"/>; null for no limit.</summary>
    public Deadlines? Deadlines { get; } = Operation is { } bound ? new Deadlines(bound) : null;

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
}
