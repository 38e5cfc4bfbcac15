namespace AutoStack.Data.Postgres;

/// <summary>
/// Tells one waiter that it is worth looking again. Raised several times before it is waited for, it is raised once.
/// </summary>
internal sealed class Wakeup
{
    private TaskCompletionSource raised = Make();

    public void Raise() => Volatile.Read(ref raised).TrySetResult();

    /// <summary>Waits until it is raised, or for so long.</summary>
    public async Task WaitAsync(TimeSpan atMost, TimeProvider clock, CancellationToken cancellationToken)
    {
        try
        {
            await raised.Task.WaitAsync(atMost, clock, cancellationToken).ConfigureAwait(false);
            // Raised between these two lines, it says nothing new: the waiter looks after both.
            Volatile.Write(ref raised, Make());
        }
        catch (TimeoutException)
        {
            // Nobody may have been there to raise it: the waiter looks on its own account.
        }
    }

    private static TaskCompletionSource Make() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
