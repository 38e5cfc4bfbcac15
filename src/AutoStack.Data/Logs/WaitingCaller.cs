namespace AutoStack.Data.Logs;

/// <summary>A call that waits for room. Guarded by the gate of its <see cref="LogBuffer"/>.</summary>
internal sealed class WaitingCaller(HeldLog log, HeldLine line)
{
    private CancellationTokenRegistration cancelling;

    public HeldLog Log { get; } = log;

    public HeldLine Line { get; } = line;

    /// <summary>The number of the line in its log.</summary>
    public long Number { get; set; } = log.Count();

    public TaskCompletionSource Held { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>True when the line is buffered, or never will be.</summary>
    public bool IsGone { get; private set; }

    /// <summary>
    /// Waits until the line is buffered. Not an async method: under load every line takes this way, and would allocate a state machine.
    /// </summary>
    public Task WaitAsync(Lock gate, Action<WaitingCaller, CancellationToken> cancel, CancellationToken cancellationToken)
    {
        if (cancellationToken.CanBeCanceled)
        {
            var registration = cancellationToken.UnsafeRegister((_, token) => cancel(this, token), null);
            lock (gate)
            {
                cancelling = registration;
                if (IsGone)
                {
                    cancelling.Unregister();
                }
            }
        }

        return Held.Task;
    }

    /// <summary>Ends the wait: the line is buffered, or never will be.</summary>
    public void Leave()
    {
        IsGone = true;
        Log.Callers--;
        cancelling.Unregister();
    }
}
