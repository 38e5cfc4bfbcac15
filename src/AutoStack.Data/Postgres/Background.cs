namespace AutoStack.Data.Postgres;

/// <summary>Runs work outside the request, span and ambient transaction of the caller.</summary>
internal static class Background
{
    public static Task Run(Func<Task> work)
    {
        if (ExecutionContext.IsFlowSuppressed())
        {
            return Task.Run(work, CancellationToken.None);
        }

        using var flow = ExecutionContext.SuppressFlow();
        return Task.Run(work, CancellationToken.None);
    }

    /// <summary>A timer that does not run yet.</summary>
    public static Timer Timer(TimerCallback callback, object state)
    {
        if (ExecutionContext.IsFlowSuppressed())
        {
            return new Timer(callback, state, Timeout.Infinite, Timeout.Infinite);
        }

        using var flow = ExecutionContext.SuppressFlow();
        return new Timer(callback, state, Timeout.Infinite, Timeout.Infinite);
    }

    /// <summary>
    /// Cancels on a thread of its own: the driver sends a cancel request there, and waits for a server that may not answer.
    /// </summary>
    /// <returns>The thread, which ends after the last callback.</returns>
    public static Thread Cancel(CancellationTokenSource source)
    {
        var thread = new Thread(() =>
        {
            try
            {
                source.Cancel();
            }
#pragma warning disable CA1031 // A callback of the driver, or of a build, that fails must not end the process.
            catch (Exception)
#pragma warning restore CA1031
            {
            }
        })
        {
            IsBackground = true,
            Name = "AutoStack.Data cancel",
        };
        thread.UnsafeStart();
        return thread;
    }

    /// <summary>Cancels, and returns as soon as the token says so, without waiting for a callback.</summary>
    public static void CancelWithoutCallbacks(CancellationTokenSource source)
    {
        if (!source.IsCancellationRequested)
        {
            // The token is cancelled before the first callback runs. Of a source that is disposed, only the thread ends.
            var thread = Cancel(source);
            SpinWait.SpinUntil(() => source.IsCancellationRequested || !thread.IsAlive);
        }
    }

    /// <summary>Lets work continue whose result no caller needs.</summary>
    public static void Forget(Task work) =>
        work.ContinueWith(
            static ended => _ = ended.Exception,
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously | TaskContinuationOptions.OnlyOnFaulted,
            TaskScheduler.Default);
}
