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
        CancelDriver();
        GiveUp();
    }

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

    /// <summary>The result for the caller.</summary>
    public Task<T> Task => source.Task;

    public void Complete(T result)
    {
        if (TryEnd())
        {
            executor.Ended(this, failure: null);
            source.SetResult(result);
        }
    }

    public void Fail(Exception exception)
    {
        if (TryEnd())
        {
            End(OfCaller(exception));
        }
    }

    protected override void GiveUp()
    {
        var exception = GiveUp(executor.MayChange(access));
        if (TryEnd())
        {
            executor.GivenUp(exception, WasSent);
            End(exception);
        }
    }

    private void End(Exception exception)
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
