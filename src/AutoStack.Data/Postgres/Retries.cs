namespace AutoStack.Data.Postgres;

/// <summary>
/// The attempts at one call, and the one rule by which a failed call is sent again. Written by hand, because every call of the pool passes
/// here: a call that succeeds costs neither an object nor a delegate.
/// </summary>
internal struct Retries
{
    private const int MaxConflicts = 5;

    private int conflicts;
    private int lostConnections;
    private int refusals;

    /// <summary>Decides whether to send a failed call again.</summary>
    /// <param name="exception">The failure.</param>
    /// <param name="isLost">Whether the failure is the loss of the connection, so that no answer came.</param>
    /// <param name="delay">The delay before the next attempt.</param>
    /// <returns>True for another attempt; false when the failure is final.</returns>
    public bool Continue(Exception exception, bool isLost, out TimeSpan delay)
    {
        delay = TimeSpan.Zero;
        if (SqlErrors.IsConflict(exception))
        {
            // The server has rolled the statement back, so that a write may be sent again as well.
            lostConnections = 0;
            delay = Backoff.Conflict.Delay(conflicts);
            return conflicts++ < MaxConflicts;
        }

        return (SqlErrors.IsOfTheSession(exception) || isLost) && lostConnections++ == 0;
    }

    /// <summary>Decides whether to open a connection again.</summary>
    /// <param name="exception">The failure to open one.</param>
    /// <param name="call">The call that needs the connection.</param>
    /// <param name="delay">The delay before the next attempt.</param>
    /// <returns>True for another attempt; false when the failure is final, or the time of the call too short.</returns>
    public bool Reopen(Exception exception, Call call, out TimeSpan delay)
    {
        delay = Backoff.Reopen.Delay(refusals++);
        return SqlErrors.IsUnreachable(exception) && call.HasTimeFor(delay);
    }

    /// <summary>Repeats work that returns null because a row was removed between two of its statements.</summary>
    /// <exception cref="ConflictException">Every attempt returned null.</exception>
    public static async Task<T> UntilConsistentAsync<T>(Func<Task<T?>> work)
        where T : class
    {
        for (var attempt = 0; attempt < MaxConflicts; attempt++)
        {
            if (await work().ConfigureAwait(false) is { } result)
            {
                return result;
            }
        }

        throw new ConflictException($"Concurrent changes kept removing the row; gave up after {MaxConflicts} attempts.");
    }
}
