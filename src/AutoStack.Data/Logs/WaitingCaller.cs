namespace AutoStack.Data.Logs;

/// <summary>A call that has found no room.</summary>
internal sealed class WaitingCaller(HeldLog log, HeldLine line)
{
    private CancellationTokenRegistration cancelling;

    public HeldLog Log { get; } = log;

    public HeldLine Line { get; } = line;

    /// <summary>The number of its line in its log.</summary>
    public long Number { get; set; } = log.Count();

    public TaskCompletionSource Held { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Held, or not waiting any more.</summary>
    public bool IsGone { get; private set; }

    /// <summary>Waits until it is held. No state machine beside the caller's own: under load every line goes this way.</summary>
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

    /// <summary>The line is held, or never will be.</summary>
    public void Leave()
    {
        IsGone = true;
        Log.Callers--;
        cancelling.Unregister();
    }
}
