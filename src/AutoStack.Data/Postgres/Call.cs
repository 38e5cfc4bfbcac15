using System.Collections.Concurrent;
using System.Diagnostics;
using Npgsql;

namespace AutoStack.Data.Postgres;

/// <summary>
/// One call, and the time that its caller waits for it. The driver may hold a call on a server that does not answer for a minute after
/// its token is cancelled; the caller does not wait for the driver.
/// </summary>
/// <param name="operation">The name of the call in telemetry.</param>
/// <param name="bound">The time after which the caller waits no longer; null for no bound.</param>
/// <param name="caller">The token of the caller.</param>
internal class Call(Operation operation, TimeSpan? bound, CancellationToken caller)
{
    // On a server that answers, a cancelled statement ends within milliseconds; the caller then learns how it ended.
    internal static readonly TimeSpan Grace = TimeSpan.FromMilliseconds(150);

    private const int Answered = 0;
    private const int Sent = 1;
    private const int GivenUp = 2;

    // A source per call would be the largest object of a call.
    private static readonly ConcurrentBag<CancellationTokenSource> Unused = [];

    // Not the caller's token: the driver sends a cancel request on the thread that cancels, and waits for the server there. Whoever takes
    // the source, to cancel it or to use it again, is the only one.
    private CancellationTokenSource? ending;
    private CancellationToken token;
    private int state;
    private long opened;

    // The timestamp at which the attempt sent its first statement; 0 while none runs.
    private long sent;
    private volatile bool isTimedOut;

    /// <summary>The neighbours among the holders of a connection; of <see cref="Pool"/>, and guarded there.</summary>
    internal Call? NextHolder;
    internal Call? PreviousHolder;

    /// <summary>The timestamp of the beginning.</summary>
    public long Started { get; } = Stopwatch.GetTimestamp();

    /// <summary>The token for the driver.</summary>
    public CancellationToken Token
    {
        get
        {
            if (!token.CanBeCanceled && (caller.CanBeCanceled || bound is not null || CanBeLeftBehind))
            {
                var source = Unused.TryTake(out var unused) ? unused : new CancellationTokenSource();
                token = source.Token;
                Interlocked.Exchange(ref ending, source);
                if (Volatile.Read(ref state) == GivenUp)
                {
                    CancelDriver();
                }
            }

            return token;
        }
    }

    /// <summary>The name of the call in telemetry.</summary>
    public Operation Operation => operation;

    /// <summary>The last operation of a unit of work; null before the first, and of other calls.</summary>
    public Operation? Last { get; set; }

    /// <summary>The call that runs within a unit of work; null while none runs, and of other calls.</summary>
    public Call? Running { get; set; }

    /// <summary>The name of the call, for people.</summary>
    public string Name => Last is { } within ? $"{operation} ({within})" : operation.ToString();

    /// <summary>The span of the call; null when nobody traces.</summary>
    public Activity? Activity { get; set; }

    /// <summary>The number of rows that the call has read or changed.</summary>
    public int Rows { get; set; }

    /// <summary>The time that the call waited for connections, in ticks of <see cref="Stopwatch"/>.</summary>
    public long Waited { get; private set; }

    /// <summary>The server of the last connection; null before the first.</summary>
    public (string? Host, int Port) Server { get; private set; }

    /// <summary>The time since the connection was opened.</summary>
    public TimeSpan Held => Stopwatch.GetElapsedTime(opened);

    /// <summary>What the transaction of the call is told before its statements; null for nothing.</summary>
    public TransactionValues? Values { get; set; }

    /// <summary>Whether the long use of the connection was reported.</summary>
    public bool IsReported { get; set; }

    /// <summary>Whether the driver must prepare the statements of the connection anew: it may have kept one of them wrongly.</summary>
    public bool Unprepares { get; set; }

    /// <summary>The pool that has no free connection for the call; null while the call does not wait for one.</summary>
    public Pool? WaitsFor { get; set; }

    /// <summary>Whether the call waits for a former primary; of <see cref="Pool"/>, and guarded there.</summary>
    internal bool IsLeftBehind { get; set; }

    /// <summary>Whether the call is sent again when it waits for a former primary.</summary>
    protected virtual bool CanBeLeftBehind => false;

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

    /// <summary>Follows the opening of a connection.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="wait">The time that it took, in ticks of <see cref="Stopwatch"/>.</param>
    public void Opened(NpgsqlConnection connection, long wait)
    {
        Runs(connection);
        Waited += wait;
        opened = Stopwatch.GetTimestamp();
        IsReported = false;
    }

    /// <summary>Names the connection that the call runs on.</summary>
    public void Runs(NpgsqlConnection connection) => Server = (connection.Host, connection.Port);

    /// <summary>Follows the end of the driver's work: another call may use the source of the token.</summary>
    public void Recycle()
    {
        if (Interlocked.Exchange(ref ending, null) is { } unused && unused.TryReset())
        {
            Unused.Add(unused);
        }
    }

    /// <summary>Precedes the first byte of a statement.</summary>
    /// <exception cref="OperationCanceledException">The caller waits no longer: nothing may be sent.</exception>
    public void Send()
    {
        if (Interlocked.CompareExchange(ref state, Sent, Answered) == GivenUp)
        {
            throw new OperationCanceledException("The caller waits no longer.");
        }

        Volatile.Write(ref sent, Stopwatch.GetTimestamp());
    }

    /// <summary>The attempt has a time limit of its own.</summary>
    public void EndsByItself() => Volatile.Write(ref sent, 0);

    /// <summary>Makes the driver stop when the attempt has begun before a timestamp.</summary>
    public virtual void EndAttempt(long begunBefore)
    {
        var begun = Volatile.Read(ref sent);
        if (begun != 0 && begun <= begunBefore && Interlocked.CompareExchange(ref sent, 0, begun) == begun
            && Interlocked.Exchange(ref ending, null) is { } source)
        {
            isTimedOut = true;
            Background.Cancel(source);
        }
    }

    /// <summary>Follows the failure of an attempt, which another may follow.</summary>
    /// <returns>The failure; of an attempt that has reached its limit, the timeout or the lost connection that it comes to.</returns>
    public Exception Failed(Exception exception)
    {
        Volatile.Write(ref sent, 0);
        if (!isTimedOut)
        {
            return exception;
        }

        // The next attempt needs a token that is not cancelled.
        isTimedOut = false;
        token = default;
        if (exception is not OperationCanceledException || caller.IsCancellationRequested)
        {
            return exception;
        }

        // Only an answer of the server says that the statement was stopped.
        return exception.InnerException is PostgresException
            ? new NpgsqlException("The statement took longer than the command timeout.", new TimeoutException(null, exception))
            : new NpgsqlException("The server did not answer within the command timeout.", new IOException(null, exception));
    }

    /// <summary>Whether nothing is sent for the call any more.</summary>
    public bool IsStopped => Volatile.Read(ref state) == GivenUp;

    /// <summary>Nothing is sent for the call from now on.</summary>
    public void Stop() => WasSent |= Interlocked.Exchange(ref state, GivenUp) == Sent;

    /// <summary>Follows an answer of the server: what was sent has failed and left nothing behind.</summary>
    public void Answer() => Interlocked.CompareExchange(ref state, Answered, Sent);

    /// <summary>Waits for the work, at most for the time left or until the caller's token is cancelled.</summary>
    /// <returns>True when the work has ended; false when the caller stops waiting and the work continues.</returns>
    public async Task<bool> EndsAsync(Task work)
    {
        await work.WaitAsync(Remaining, caller).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (work.IsCompleted)
        {
            return true;
        }

        CancelDriver();
        if (!caller.IsCancellationRequested)
        {
            return false;
        }

        await work.WaitAsync(Grace, CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return work.IsCompleted;
    }

    /// <summary>Follows the discovery that the call waits for a former primary, which hangs.</summary>
    public virtual void LeaveBehind() => Running?.Lose();

    /// <summary>Ends the wait for a server that is the primary no longer.</summary>
    public virtual void Lose()
    {
    }

    /// <summary>Gives the work up; nothing is sent for it from now on.</summary>
    /// <param name="mayChange">Whether what was sent may have changed rows.</param>
    /// <returns>The exception for the caller.</returns>
    public Exception GiveUp(bool mayChange)
    {
        Stop();
        if (caller.IsCancellationRequested)
        {
            return new OperationCanceledException("The call was cancelled before the server answered.", caller);
        }

        return Lost is { } first
            ? DatabaseUnavailableException.Lost(mayChange, first)
            : DatabaseUnavailableException.TooLate(bound!.Value, WasSent, mayChange, WaitsFor?.Describe());
    }

    /// <summary>The exception of a driver that was stopped for the caller, with the caller's token; otherwise the same exception.</summary>
    public Exception OfCaller(Exception exception) =>
        exception is OperationCanceledException cancelled && caller.IsCancellationRequested && cancelled.CancellationToken != caller
            ? new OperationCanceledException("The call was cancelled.", exception, caller)
            : exception;

    /// <summary>Takes over what the second sending of the call has measured.</summary>
    protected void Follow(Call second)
    {
        (Server, Rows) = (second.Server, second.Rows);
        Waited += second.Waited;
    }

    /// <summary>Makes the driver stop, without waiting for it.</summary>
    protected virtual void CancelDriver()
    {
        if (Interlocked.Exchange(ref ending, null) is { } source)
        {
            Background.Cancel(source);
        }
    }
}

/// <summary>A method of a repository: what a call does, in telemetry.</summary>
/// <param name="Subject">The repository.</param>
/// <param name="Method">The method.</param>
internal readonly record struct Operation(Subject Subject, string Method)
{
    public override string ToString() => Subject.Operation(Method);
}
