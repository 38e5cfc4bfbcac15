using System.Diagnostics;
using AutoStack.Data.Postgres;

namespace AutoStack.Data.Logs;

/// <summary>
/// The lines that are held until they are stored, log by log. Logs with lines take turns. One that another transaction holds is passed over
/// and tried again after a pause, while its lines, and those who flush it, wait. A log has at most as much of the room as is left beside
/// all that is held, so that no number of logs that are held back fills the buffer.
/// </summary>
internal sealed partial class LogBuffer(LogWriterOptions options)
{
    /// <summary>
    /// The most deployments of a batch: each takes a lock of its own, and the server's table of locks holds 6,400 by default.
    /// </summary>
    internal const int MaxDeployments = 1000;

    private readonly Lock gate = new();
    private readonly HeldLogs logs = new();
    private readonly Queue<HeldLog> turns = new();
    private readonly List<HeldLog> heldBack = [];
    private readonly Queue<WaitingCaller> callers = new();
    private readonly LogRefusal refused = new();
    private readonly Wakeup work = new();
    private (int Lines, long Bytes) all;
    private (int Lines, long Bytes) untaken;
    private long oldest;
    private Exception? failure;
    private bool isFull;
    private long round;
    private bool ending;

    /// <summary>The lines that are held, and those of callers that wait.</summary>
    public int Count
    {
        get
        {
            lock (gate)
            {
                return all.Lines + callers.Count;
            }
        }
    }

    /// <summary>Takes a line; it is clean, and of the given size.</summary>
    /// <returns>A task that ends when it is held, or at once when its log is full.</returns>
    public Task AddAsync(Guid deploymentId, Guid? id, DateTime time, string? level, string message, int bytes, CancellationToken cancellationToken)
    {
        WaitingCaller caller;
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(ending, typeof(IDeploymentLogWriter));
            var log = logs.Get(deploymentId);
            if (log.IsFull)
            {
                LogWriterMetrics.Truncated(1);
                return Task.CompletedTask;
            }

            var line = new HeldLine(id, time, level, message, bytes);
            if (log.Callers == 0 && !isFull && HasRoom(log, bytes))
            {
                log.Count();
                Hold(log, line);
                return Task.CompletedTask;
            }

            if ((failure ?? log.Failure) is { } exception)
            {
                return Task.FromException(exception);
            }

            if (cancellationToken.IsCancellationRequested)
            {
                return Task.FromCanceled(cancellationToken);
            }

            isFull |= log.Callers == 0 && !HasRoomForAny(bytes);
            log.Callers++;
            caller = new WaitingCaller(log, line);
            callers.Enqueue(caller);
            work.Raise();
        }

        return caller.WaitAsync(gate, Cancel, cancellationToken);
    }

    /// <summary>Waits until nothing is left that was written before; of one deployment, or of all.</summary>
    public async Task FlushAsync(Guid? deploymentId, CancellationToken cancellationToken)
    {
        Task ended;
        lock (gate)
        {
            HeldLog[] unfinished = deploymentId is not { } id ? [.. logs.Unfinished] : logs.Find(id) is { IsUnfinished: true } log ? [log] : [];
            ended = unfinished.Length > 0 && (failure ?? unfinished[0].Failure) is { } exception
                ? Task.FromException(exception)
                : Task.WhenAll(unfinished.Select(one => one.FlushAsync()));
            work.Raise();
        }

        await ended.WaitAsync(cancellationToken).ConfigureAwait(false);
        lock (gate)
        {
            var what = deploymentId is { } id ? logs.Find(id)?.Refused : refused;
            if (what?.Report() is { } report)
            {
                throw report;
            }
        }
    }

    /// <summary>Waits until there is something to be stored.</summary>
    /// <returns>False when there is nothing any more, and never will be.</returns>
    public async Task<bool> WaitForWorkAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            TimeSpan wait;
            lock (gate)
            {
                if (ending && all.Lines == 0 && callers.Count == 0)
                {
                    return false;
                }

                var again = Resume();
                wait = turns.Count == 0 ? again : Shorter(options.FlushInterval - Stopwatch.GetElapsedTime(oldest), again);
                if (turns.Count > 0 && (ending || wait <= TimeSpan.Zero || IsEnough() || isFull || turns.Any(log => log.IsFlushed || log.Callers > 0)))
                {
                    return true;
                }
            }

            // By the machine's own clock: a host's fake one would never store anything.
            await work.WaitAsync(wait, TimeProvider.System, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Takes what is stored next.</summary>
    /// <returns>False when there is nothing, or not enough to be taken without waiting for more.</returns>
    public bool Take(LogBatch batch, bool evenIfFew)
    {
        lock (gate)
        {
            Resume();
            if (turns.Count == 0 || !(evenIfFew || IsEnough()))
            {
                return false;
            }

            logs.Forget();
            var (lines, bytes) = (options.FlushLines, (long)options.FlushBytes);
            while (lines > 0 && batch.Logs.Count < MaxDeployments && turns.TryPeek(out var log))
            {
                var taken = log.Take(lines, bytes, evenIfLarge: batch.Logs.Count == 0);
                if (taken.Lines > 0)
                {
                    batch.Logs.Add((log, taken.Lines));
                    (lines, bytes) = (lines - taken.Lines, bytes - taken.Bytes);
                    untaken = (untaken.Lines - taken.Lines, untaken.Bytes - taken.Bytes);
                }

                turns.Dequeue();
                log.IsQueued = false;
                if (log.Untaken.Lines > 0)
                {
                    // The others come first next time.
                    Queue(log);
                    break;
                }
            }

            batch.Copy();
        }

        batch.Fill();
        return true;
    }

    /// <summary>
    /// What was taken is stored or refused, but for the last lines of some deployments, whose logs other transactions hold.
    /// </summary>
    /// <param name="batch">What was taken.</param>
    /// <param name="left">How many lines are left, of those of which some are.</param>
    public void Done(LogBatch batch, Dictionary<Guid, int> left)
    {
        lock (gate)
        {
            failure = null;
            var place = 0;
            foreach (var (log, lines) in batch.Logs)
            {
                var rest = left.GetValueOrDefault(log.DeploymentId);
                all = (all.Lines - (lines - rest), all.Bytes - log.Finish(lines - rest));
                if (rest > 0)
                {
                    HoldBack(log, batch.Lines.MayBeStored ? [.. batch.Lines.Ids.Skip(place + lines - rest).Take(rest)] : []);
                }

                place += lines;
            }

            if (left.Count > 0)
            {
                PassOverHeldBack();
            }

            Admit();
        }
    }

    /// <summary>Lines of what was taken are not stored.</summary>
    public void Refuse(Guid deploymentId, long lines, Exception cause)
    {
        lock (gate)
        {
            logs.Get(deploymentId).Refused.Add(deploymentId, lines, cause);
            refused.Add(deploymentId, lines, cause);
        }
    }

    /// <summary>Nothing more is stored of a deployment.</summary>
    public void End(Guid deploymentId)
    {
        lock (gate)
        {
            logs.Get(deploymentId).IsFull = true;
        }
    }

    /// <summary>Everybody who waits is told; what is held stays.</summary>
    public void Fail(Exception exception)
    {
        lock (gate)
        {
            failure = exception;
            Drop(log: null, exception);
            Admit();
            foreach (var log in logs.Unfinished)
            {
                log.Fail(exception, stays: false);
            }
        }
    }

    /// <summary>Takes no more.</summary>
    public void End()
    {
        lock (gate)
        {
            ending = true;
            work.Raise();
        }
    }

    private static TimeSpan Shorter(TimeSpan one, TimeSpan other) => other == Timeout.InfiniteTimeSpan || one < other ? one : other;

    private bool HasRoomForAny(int bytes) => all.Lines < options.MaxBufferedLines && (all.Lines == 0 || all.Bytes + bytes <= options.MaxBufferedBytes);

    private bool HasRoom(HeldLog log, int bytes) => HasRoomForAny(bytes)
        && (log.Lines == 0 || (log.Lines < options.MaxBufferedLines - all.Lines && log.Bytes + bytes <= options.MaxBufferedBytes - all.Bytes));

    private bool IsEnough() => untaken.Lines >= options.FlushLines || untaken.Bytes >= options.FlushBytes;

    private void Hold(HeldLog log, in HeldLine line)
    {
        log.Add(line);
        all = (all.Lines + 1, all.Bytes + line.Bytes);
        if (log.IsHeldBack)
        {
            return;
        }

        if (untaken.Lines == 0)
        {
            oldest = Stopwatch.GetTimestamp();
            work.Raise();
        }

        untaken = (untaken.Lines + 1, untaken.Bytes + line.Bytes);
        Queue(log);
        if (IsEnough())
        {
            work.Raise();
        }
    }

    private void Queue(HeldLog log)
    {
        if (!log.IsQueued)
        {
            log.IsQueued = true;
            turns.Enqueue(log);
        }
    }
}
