using System.Diagnostics;
using AutoStack.Data.Postgres;

namespace AutoStack.Data.Logs;

/// <summary>
/// Buffers lines until they are stored, log by log. Logs with lines take turns. A log that another transaction holds is skipped and tried
/// again after a pause; its lines and its flushes wait. A log may use at most as much room as is free beside all buffered lines, so that
/// held-back logs never fill the buffer, however many there are.
/// </summary>
internal sealed partial class LogBuffer(LogWriterOptions options)
{
    /// <summary>
    /// The maximum number of deployments per batch: each deployment takes one lock, and the server's lock table holds 6,400 by default.
    /// </summary>
    internal const int MaxDeployments = 1000;

    private readonly Wakeup work = new();
    private readonly Lock gate = new();

    // Guarded by gate, with all HeldLogs and WaitingCallers in them.
    private readonly HeldLogs logs = new();
    private readonly Queue<HeldLog> turns = new();
    private readonly List<HeldLog> heldBack = [];
    private readonly Queue<WaitingCaller> callers = new();
    private readonly LogRefusal refused = new();
    private (int Lines, long Bytes) all;
    private (int Lines, long Bytes) untaken;
    private long oldest;
    private Exception? failure;
    private bool isFull;
    private long round;
    private bool ending;

    /// <summary>The number of buffered lines and of callers that wait for room.</summary>
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

    /// <summary>Buffers a line whose message is clean and has the given size.</summary>
    /// <returns>A task that completes when the line is buffered, or immediately when the log has reached its maximum size.</returns>
    public Task AddAsync(
        Guid deploymentId, Guid? id, DateTime time, string? level, string message, int bytes, CancellationToken cancellationToken)
    {
        WaitingCaller caller;
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(ending, typeof(IDeploymentLogWriter));
            var log = logs.FindOrAdd(deploymentId);
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

    /// <summary>Waits until every line written before is stored or refused; of one deployment, or of all.</summary>
    public async Task FlushAsync(Guid? deploymentId, CancellationToken cancellationToken)
    {
        Task ended;
        lock (gate)
        {
            HeldLog[] unfinished = deploymentId is not { } id ? [.. logs.Unfinished]
                : logs.Find(id) is { IsUnfinished: true } log ? [log] : [];
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

    /// <summary>Waits until a batch is due.</summary>
    /// <returns>False after <see cref="End()"/> once every line is stored.</returns>
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
                if (turns.Count > 0
                    && (ending || wait <= TimeSpan.Zero || IsEnough() || isFull || turns.Any(log => log.IsFlushed || log.Callers > 0)))
                {
                    return true;
                }
            }

            // By the system clock: a host's fake clock would never store anything.
            await work.WaitAsync(wait, TimeProvider.System, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Takes the next batch.</summary>
    /// <returns>False when no line is due, or, unless <paramref name="evenIfFew"/>, fewer than a full batch.</returns>
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
            while (lines > 0 && batch.Logs.Count < MaxDeployments && turns.TryPeek(out var log)
                && !(log.IsAlone && batch.Logs.Count > 0))
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
                    // The other logs have their turn first.
                    Queue(log);
                    break;
                }

                lines = log.IsAlone ? 0 : lines;
            }

            batch.Copy();
        }

        batch.Fill();
        return true;
    }

    /// <summary>
    /// Removes a batch whose lines are stored or refused, except the last lines of deployments whose logs could not be stored now.
    /// </summary>
    /// <param name="batch">The batch.</param>
    /// <param name="left">The lines that are left.</param>
    public void Done(LogBatch batch, LogRest left)
    {
        lock (gate)
        {
            failure = null;
            var place = 0;
            foreach (var (log, lines) in batch.Logs)
            {
                var rest = left.Of(log.DeploymentId);
                var done = lines - rest.Lines;
                all = (all.Lines - done, all.Bytes - log.Finish(done));
                if (rest.Lines > 0)
                {
                    // Lines with ids cannot be sent by COPY.
                    HoldBack(log, left.MayBeStored ? [.. batch.Lines.Ids.Skip(place + done).Take(rest.Lines)] : [], rest.Timeout);
                }

                place += lines;
            }

            if (!left.IsEmpty)
            {
                SkipHeldBack();
            }

            Admit();
        }
    }

    /// <summary>Records taken lines that the database refused.</summary>
    public void Refuse(Guid deploymentId, long lines, Exception cause)
    {
        lock (gate)
        {
            logs.FindOrAdd(deploymentId).Refused.Add(deploymentId, lines, cause);
            refused.Add(deploymentId, lines, cause);
        }
    }

    /// <summary>Stops storing lines of a deployment: its log has reached its maximum size.</summary>
    public void End(Guid deploymentId)
    {
        lock (gate)
        {
            logs.FindOrAdd(deploymentId).IsFull = true;
        }
    }

    /// <summary>Ends all waiting calls with an exception; buffered lines stay.</summary>
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

    /// <summary>Refuses further lines.</summary>
    public void End()
    {
        lock (gate)
        {
            ending = true;
            work.Raise();
        }
    }

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
