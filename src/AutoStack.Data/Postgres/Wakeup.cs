namespace AutoStack.Data.Postgres;

/// <summary>
/// Wakes one waiter. Raised several times before the wait, it wakes the waiter once.
/// </summary>
internal sealed class Wakeup
{
    private TaskCompletionSource raised = Make();

    public void Raise() => Volatile.Read(ref raised).TrySetResult();

    /// <summary>Waits for <see cref="Raise"/>, at most for the timeout; false after the timeout.</summary>
    public async Task<bool> WaitAsync(TimeSpan timeout, TimeProvider clock, CancellationToken cancellationToken)
    {
        try
        {
            await raised.Task.WaitAsync(timeout, clock, cancellationToken).ConfigureAwait(false);
            // A Raise between these two lines is not lost: the waiter looks after both.
            Volatile.Write(ref raised, Make());
            return true;
        }
        catch (TimeoutException)
        {
            // No Raise within the timeout: the waiter polls.
            return false;
        }
    }

    private static TaskCompletionSource Make() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
