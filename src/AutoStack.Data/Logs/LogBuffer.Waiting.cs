namespace AutoStack.Data.Logs;

/// <content>
/// Calls that wait for room, and logs that wait for a transaction. The caller of each private method but Cancel holds gate.
/// </content>
internal sealed partial class LogBuffer
{
    /// <summary>The time since the oldest buffered line was buffered.</summary>
    public TimeSpan Age
    {
        get
        {
            lock (gate)
            {
                return logs.Unfinished.Select(log => log.Age).DefaultIfEmpty().Max();
            }
        }
    }

    private static TimeSpan Shorter(TimeSpan one, TimeSpan other) => other == Timeout.InfiniteTimeSpan || one < other ? one : other;

    private bool HasRoomForAny(int bytes) =>
        all.Lines < options.MaxBufferedLines && (all.Lines == 0 || all.Bytes + bytes <= options.MaxBufferedBytes);

    private bool HasRoom(HeldLog log, int bytes) => HasRoomForAny(bytes)
        && (log.Lines == 0
            || (log.Lines < options.MaxBufferedLines - all.Lines && log.Bytes + bytes <= options.MaxBufferedBytes - all.Bytes));

    // The longest waiting call gets room first; the calls of one log keep their order.
    private void Admit()
    {
        isFull = false;
        round++;
        for (var left = callers.Count; left > 0; left--)
        {
            var caller = callers.Dequeue();
            if (caller.IsGone)
            {
                continue;
            }

            if (!isFull && caller.Log.PassedOver != round && HasRoom(caller.Log, caller.Line.Bytes))
            {
                Hold(caller.Log, caller.Line);
                caller.Leave();
                caller.Held.TrySetResult();
                continue;
            }

            isFull |= !HasRoomForAny(caller.Line.Bytes);
            caller.Log.PassedOver = round;
            callers.Enqueue(caller);
        }
    }

    private void HoldBack(HeldLog log, ReadOnlySpan<Guid> ids, LogTimeout? timeout)
    {
        if (log.IsQueued)
        {
            var rest = log.Untaken;
            untaken = (untaken.Lines - rest.Lines, untaken.Bytes - rest.Bytes);
        }

        log.Identify(ids);
        var duration = log.HoldBack(timeout);
        heldBack.Add(log);
        if (options.FailAfter is { } limit && duration >= limit)
        {
            var exception = timeout?.Cause ?? new ConflictException("Another transaction holds the log of the deployment.");
            log.Fail(exception, stays: true);
            Drop(log, exception);
        }
    }

    private void SkipHeldBack()
    {
        for (var count = turns.Count; count > 0; count--)
        {
            var log = turns.Dequeue();
            log.IsQueued = !log.IsHeldBack;
            if (log.IsQueued)
            {
                turns.Enqueue(log);
            }
        }
    }

    // Queues the logs whose pause is over; returns the shortest remaining pause.
    private TimeSpan Resume()
    {
        var next = Timeout.InfiniteTimeSpan;
        foreach (var log in heldBack)
        {
            var pause = log.Pause;
            if (pause > TimeSpan.Zero)
            {
                next = Shorter(pause, next);
                continue;
            }

            log.Resume();
            untaken = (untaken.Lines + log.Lines, untaken.Bytes + log.Bytes);
            Queue(log);
            oldest = 0;
        }

        heldBack.RemoveAll(log => !log.IsHeldBack);
        return next;
    }

    private void Cancel(WaitingCaller caller, CancellationToken cancellationToken)
    {
        lock (gate)
        {
            if (caller.IsGone || !caller.Held.TrySetCanceled(cancellationToken))
            {
                return;
            }

            caller.Leave();
            caller.Log.Uncount(caller.Number);
            foreach (var later in callers.Where(later => later.Log == caller.Log && later.Number > caller.Number))
            {
                later.Number--;
            }

            Admit();
        }
    }

    // Ends the waiting calls of one log, or of all logs: the last call first, so that the numbers of earlier calls do not change.
    private void Drop(HeldLog? log, Exception exception)
    {
        foreach (var caller in callers.Reverse().Where(caller => !caller.IsGone && (log is null || caller.Log == log)))
        {
            caller.Leave();
            caller.Log.Uncount(caller.Number);
            caller.Held.TrySetException(exception);
        }
    }
}
