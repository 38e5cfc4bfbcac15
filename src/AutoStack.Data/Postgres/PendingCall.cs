using Npgsql;

namespace AutoStack.Data.Postgres;

/// <summary>
/// A call of the executor. Its caller waits for <see cref="PendingCall{T}.Task"/>, which ends with the work, or before it at the time limit
/// or when the caller's token is cancelled.
/// </summary>
/// <remarks>Written by hand, because every call passes here, and <c>Task.WaitAsync</c> allocates more.</remarks>
internal abstract partial class PendingCall(Operation operation, Timeouts timeouts, CancellationToken caller)
    : Call(operation, timeouts.Operation, caller)
{
    private readonly CancellationToken caller = caller;
    private CancellationTokenRegistration registration;
    private int ended;

    /// <summary>Whether the caller has its result.</summary>
    protected bool IsEnded => Volatile.Read(ref ended) != 0;

    /// <summary>The neighbours in the list of <see cref="Deadlines"/>.</summary>
    internal PendingCall? Next;
    internal PendingCall? Previous;

    /// <summary>Begins to watch the token and the time; precedes the work.</summary>
    public void Watch()
    {
        timeouts.Deadlines?.Add(this);
        if (caller.CanBeCanceled)
        {
            registration = caller.UnsafeRegister(static call => _ = Background.Run(((PendingCall)call!).CancelAsync), this);
        }
    }

    /// <summary>Ends the wait at the time limit.</summary>
    public void Expire()
    {
        // The driver would end the call with its cancellation.
        GiveUp();
        CancelDriver();
    }

    public override void Lose()
    {
        Lost ??= NewPrimary();
        Expire();
    }

    /// <summary>What a call that waits for a former primary ends with.</summary>
    protected static Exception NewPrimary() => new NpgsqlException("The server does not answer, and another one is the primary now.");

    /// <summary>Ends the call once; false when it has ended.</summary>
    protected virtual bool TryEnd()
    {
        if (Interlocked.Exchange(ref ended, 1) != 0)
        {
            return false;
        }

        registration.Unregister();
        timeouts.Deadlines?.Remove(this);
        return true;
    }

    /// <summary>Gives the work up, unless it has ended.</summary>
    protected abstract void GiveUp();

    private async Task CancelAsync()
    {
        CancelDriver();
        await Task.Delay(Grace, CancellationToken.None).ConfigureAwait(false);
        GiveUp();
        // The work may have begun in between.
        CancelDriver();
    }
}

/// <inheritdoc cref="PendingCall"/>
internal sealed class PendingCall<T>(
    Executor executor, Operation operation, Access access, Timeouts timeouts, CancellationToken caller)
    : PendingCall(operation, timeouts, caller)
{
    private readonly TaskCompletionSource<T> source = new();
    private readonly Operation operation = operation;
    private readonly Timeouts timeouts = timeouts;
    private readonly CancellationToken caller = caller;
    private Action<PendingCall<T>>? sendAgain;
    private PendingCall<T>? second;

    protected override bool CanBeLeftBehind => sendAgain is not null || Origin is not null;

    /// <summary>The call that this one is the second sending of; null for the first.</summary>
    public PendingCall<T>? Origin { get; private init; }

    /// <summary>The result for the caller.</summary>
    public Task<T> Task => source.Task;

    public void Complete(T result)
    {
        if (Origin is { } origin)
        {
            origin.Follow(this);
            origin.Complete(result);
        }
        else if (TryEnd())
        {
            executor.Ended(this, failure: null);
            source.SetResult(result);
        }
    }

    public void Fail(Exception exception)
    {
        if (Origin is { } origin)
        {
            origin.Follow(this);
            origin.End(exception is OperationCanceledException && !caller.IsCancellationRequested
                ? DatabaseUnavailableException.Lost(executor.MayChange(access), Lost!)
                : exception);
        }
        else if (second is null)
        {
            End(exception);
        }
    }

    /// <summary>Says how to send the call once more when it waits for a former primary.</summary>
    public void SendsAgain(Action<PendingCall<T>> send) => sendAgain = send;

    public override void LeaveBehind()
    {
        if (LeaveStream(isSentAgain: sendAgain is not null) || sendAgain is not { } send || second is not null)
        {
            return;
        }

        EndsByItself();
        Stop();
        Lost ??= NewPrimary();
        var next = new PendingCall<T>(executor, operation, access, timeouts, caller) { Origin = this, Lost = Lost };
        Interlocked.Exchange(ref second, next);
        base.CancelDriver();

        // Either this sees the end, or the end sees the second sending.
        if (IsEnded)
        {
            next.Stop();
            return;
        }

        send(next);
    }

    public override void EndAttempt(long begunBefore)
    {
        base.EndAttempt(begunBefore);
        Volatile.Read(ref second)?.EndAttempt(begunBefore);
    }

    protected override bool TryEnd()
    {
        if (!base.TryEnd())
        {
            return false;
        }

        if (Volatile.Read(ref second) is { } sending)
        {
            sending.Stop();
            sending.CancelDriver();
        }

        return true;
    }

    protected override void CancelDriver()
    {
        base.CancelDriver();
        second?.CancelDriver();
    }

    protected override void GiveUp()
    {
        if (Origin is { } origin)
        {
            origin.GiveUp();
            return;
        }

        var exception = GiveUp(executor.MayChange(access));
        if (TryEnd())
        {
            executor.GivenUp(exception, WasSent);
            EndWith(exception);
        }
    }

    private void End(Exception exception)
    {
        if (TryEnd())
        {
            EndWith(OfCaller(exception));
        }
    }

    private void EndWith(Exception exception)
    {
        executor.Ended(this, exception);
        if (exception is OperationCanceledException)
        {
            source.SetFromTask(CancelledAsync());
        }
        else
        {
            source.SetException(exception);
        }

#pragma warning disable CS1998 // A task that is cancelled by this very exception.
        async Task<T> CancelledAsync() => throw exception;
#pragma warning restore CS1998
    }
}
