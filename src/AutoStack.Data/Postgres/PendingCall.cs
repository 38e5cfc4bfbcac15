using Npgsql;

namespace AutoStack.Data.Postgres;

/// <summary>
/// A call of the executor. Its caller waits for <see cref="PendingCall{T}.Task"/>, which ends with the work, or before it at the time limit
/// or when the caller's token is cancelled.
/// </summary>
/// <remarks>Written by hand, because every call passes here, and <c>Task.WaitAsync</c> allocates more.</remarks>
internal abstract class PendingCall(Operation operation, Timeouts timeouts, CancellationToken caller)
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
    protected bool TryEnd()
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
    private PendingCall<T>? second;

    /// <summary>The call that this one is the second sending of; null for the first.</summary>
    public PendingCall<T>? Origin { get; private init; }

    /// <summary>Sends the call once more, while this sending still waits for a former primary; null when there is one host.</summary>
    public Action<PendingCall<T>>? SendsAgain { get; set; }

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
            origin.End(exception);
        }
        else if (second is null)
        {
            End(exception);
        }
    }

    public override void LeaveBehind()
    {
        if (SendsAgain is not { } send || IsEnded)
        {
            return;
        }

        second = new PendingCall<T>(executor, operation, access, timeouts, caller) { Origin = this, Lost = NewPrimary() };
        Stop();
        base.CancelDriver();
        send(second);
    }

    protected override void CancelDriver()
    {
        base.CancelDriver();
        second?.CancelDriver();
    }

    protected override void GiveUp()
    {
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
