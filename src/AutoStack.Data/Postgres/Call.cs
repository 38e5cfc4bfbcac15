using System.Diagnostics;

namespace AutoStack.Data.Postgres;

/// <summary>
/// One call, and the time that its caller waits for it. The driver may hold a call on a server that does not answer for a minute after
/// its token is cancelled; the caller does not wait for the driver.
/// </summary>
/// <param name="bound">The time after which the caller waits no longer; null for no bound.</param>
/// <param name="caller">The token of the caller.</param>
internal class Call(TimeSpan? bound, CancellationToken caller)
{
    // On a server that answers, a cancelled statement ends within milliseconds; the caller then learns how it ended.
    protected static readonly TimeSpan Grace = TimeSpan.FromMilliseconds(150);

    private const int Answered = 0;
    private const int Sent = 1;
    private const int GivenUp = 2;

    // Not the caller's token: the driver sends a cancel request on the thread that cancels, and waits for the server there.
    private CancellationTokenSource? ending;
    private int state;

    /// <summary>The timestamp of the beginning.</summary>
    public long Started { get; } = Stopwatch.GetTimestamp();

    /// <summary>The token for the driver.</summary>
    public CancellationToken Token => caller.CanBeCanceled ? (ending ??= new CancellationTokenSource()).Token : CancellationToken.None;

    /// <summary>The first failure that left open whether the statement was carried out; null while there is none.</summary>
    public Exception? Lost { get; set; }

    /// <summary>Whether a statement waited for its answer when the call was given up.</summary>
    public bool WasSent { get; private set; }

    /// <summary>The time left for the call.</summary>
    public TimeSpan Remaining
    {
        get
        {
            if (bound is not { } limit)
            {
                return Timeout.InfiniteTimeSpan;
            }

            var left = limit - Stopwatch.GetElapsedTime(Started);
            return left > TimeSpan.Zero ? left : TimeSpan.Zero;
        }
    }

    /// <summary>True when a pause ends before the call must.</summary>
    public bool HasTimeFor(TimeSpan pause) => bound is null || pause < Remaining;

    /// <summary>Precedes the first byte of a statement.</summary>
    /// <exception cref="OperationCanceledException">The caller waits no longer: nothing may be sent.</exception>
    public void Send()
    {
        if (Interlocked.CompareExchange(ref state, Sent, Answered) == GivenUp)
        {
            throw new OperationCanceledException("The caller waits no longer.");
        }
    }

    /// <summary>Follows an answer of the server: what was sent has failed and left nothing behind.</summary>
    public void Answer() => Interlocked.CompareExchange(ref state, Answered, Sent);

    /// <summary>Waits for the work, at most for the time left or until the caller's token is cancelled.</summary>
    /// <returns>True when the work has ended; false when it is given up and goes on without the caller.</returns>
    public async Task<bool> EndsAsync(Task work)
    {
        await work.WaitAsync(Remaining, caller).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (work.IsCompleted)
        {
            return true;
        }

        CancelDriver();
        if (caller.IsCancellationRequested)
        {
            await work.WaitAsync(Grace, CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        return work.IsCompleted;
    }

    /// <summary>Gives the work up; nothing is sent for it from now on.</summary>
    /// <param name="mayChange">Whether what was sent may have changed rows.</param>
    /// <returns>The exception for the caller.</returns>
    public Exception GiveUp(bool mayChange)
    {
        WasSent |= Interlocked.Exchange(ref state, GivenUp) == Sent;
        if (caller.IsCancellationRequested)
        {
            return new OperationCanceledException("The call was cancelled before the server answered.", caller);
        }

        return Lost is { } first
            ? DatabaseUnavailableException.Lost(mayChange, first)
            : DatabaseUnavailableException.TooLate(bound!.Value, WasSent, mayChange);
    }

    /// <summary>The exception of a driver that was stopped for the caller, with the caller's token; otherwise the same exception.</summary>
    public Exception OfCaller(Exception exception) =>
        exception is OperationCanceledException cancelled && caller.IsCancellationRequested && cancelled.CancellationToken != caller
            ? new OperationCanceledException("The call was cancelled.", exception, caller)
            : exception;

    /// <summary>Makes the driver stop, without waiting for it.</summary>
    protected void CancelDriver()
    {
        if (ending is not null)
        {
            Background.Cancel(ending);
        }
    }
}
