namespace AutoStack.Data.Postgres;

// A call with a stream. Once the stream has begun, the call is not sent to another server: its receiver would get everything twice.
internal abstract partial class PendingCall
{
    private const int NotBegun = 0;
    private const int InDriver = 1;
    private const int InCaller = 2;
    private const int LeftBehind = 3;

    private int stream;

    /// <summary>Precedes the first byte of a stream, and the end of a call that has no stream in the end.</summary>
    /// <exception cref="OperationCanceledException">The call was sent to another server already.</exception>
    public void BeginStream()
    {
        if (Interlocked.CompareExchange(ref stream, InDriver, NotBegun) == LeftBehind)
        {
            throw Late();
        }
    }

    /// <summary>The driver has the stream again, after code that may take its time.</summary>
    /// <exception cref="OperationCanceledException">The call has ended, or waits for a former primary.</exception>
    public void EnterDriver() => Move(InCaller, InDriver);

    /// <summary>Code that may take its time has the stream: a destination that is slow, or a source.</summary>
    /// <exception cref="OperationCanceledException">The call has ended, or waits for a former primary.</exception>
    public void LeaveDriver() => Move(InDriver, InCaller);

    /// <summary>Follows the failure of a stream: the caller of a stream that was left behind need not wait for the server.</summary>
    public void EndStream()
    {
        if (Volatile.Read(ref stream) == LeftBehind)
        {
            Lose();
        }
    }

    /// <summary>Follows the discovery that the call waits for a former primary.</summary>
    /// <param name="isSentAgain">Whether the call is sent again, unless it has a stream that has begun.</param>
    /// <returns>False when no stream has begun.</returns>
    protected bool LeaveStream(bool isSentAgain)
    {
        int was;
        do
        {
            was = Volatile.Read(ref stream);
            if (was == NotBegun && !isSentAgain)
            {
                return false;
            }
        }
        while (Interlocked.CompareExchange(ref stream, LeftBehind, was) != was);

        if (was == InDriver)
        {
            Lose();
        }
        else if (was == InCaller)
        {
            // A write to the destination may still run. The call ends after it, so that its caller may begin again then.
            Lost ??= NewPrimary();
            Stop();
            CancelDriver();
        }

        return was != NotBegun;
    }

    private static OperationCanceledException Late() => new("The call is sent to another server, or its caller waits no longer.");

    private void Move(int from, int to)
    {
        if (Interlocked.CompareExchange(ref stream, to, from) == LeftBehind || IsStopped)
        {
            throw Late();
        }
    }
}
