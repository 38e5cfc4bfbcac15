using System.Diagnostics;
using AutoStack.Data.Internal;

namespace AutoStack.Data.Deployments;

/// <summary>
/// The lines that are held until they are stored: a queue with a bound, in the order of the calls. A call that finds it full stands in a second
/// queue, so that the order is kept. Every call has a place; a flush waits until no line that is still to be stored has one before it.
/// </summary>
internal sealed class LogBuffer(LogWriterOptions options)
{
    private readonly Lock gate = new();
    private readonly HeldLogs logs = new();
    private readonly Queue<HeldLine> held = new();
    private readonly Queue<WaitingCaller> callers = new();
    private readonly List<(long Place, TaskCompletionSource Ended)> flushes = [];
    private readonly Queue<(long FirstPlace, int Lines, long Bytes)> taken = new();
    private readonly LogRefusal refused = new();
    private readonly Wakeup work = new();
    private long lastPlace;
    private long takenBytes;
    private (int Lines, long Bytes) all;
    private long oldest;
    private Exception? failure;
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
    /// <returns>A task that ends when it is held, or at once when it is behind the most that is stored of its deployment.</returns>
    public Task AddAsync(Guid deploymentId, Guid? id, DateTime time, string? level, string message, int bytes, CancellationToken cancellationToken)
    {
        WaitingCaller caller;
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(ending, typeof(IDeploymentLogWriter));
            var full = callers.Count > 0 || !HasRoomFor(bytes);
            if (full && failure is not null)
            {
                return Task.FromException(failure);
            }

            if (full && cancellationToken.IsCancellationRequested)
            {
                return Task.FromCanceled(cancellationToken);
            }

            var log = logs.Get(deploymentId);
            var truncates = !log.IsTruncated && log.Bytes + bytes > options.MaxBytesPerDeployment;
            if (log.IsTruncated || truncates)
            {
                LogWriterMetrics.Truncated();
                if (!truncates)
                {
                    return Task.CompletedTask;
                }

                log.IsTruncated = true;
                message = $"[The log is longer than {options.MaxBytesPerDeployment} bytes: what follows is not stored.]";
                (id, level, bytes) = (null, DeploymentLogLevel.Warning.Value, message.Length);
            }

            log.Bytes += bytes;
            log.LastPlace = ++lastPlace;
            var line = new HeldLine(log, id, time, level, message, bytes, lastPlace, truncates);
            if (!full)
            {
                Hold(line);
                return Task.CompletedTask;
            }

            caller = new WaitingCaller(line);
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
            var log = deploymentId is { } id ? logs.Find(id) : null;
            var place = deploymentId is null ? lastPlace : log?.LastPlace ?? 0;
            if (place < FirstPlace())
            {
                ended = Task.CompletedTask;
            }
            else if (failure is not null)
            {
                ended = Task.FromException(failure);
            }
            else
            {
                var flush = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                flushes.Add((place, flush));
                work.Raise();
                ended = flush.Task;
            }
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
                if (held.Count == 0)
                {
                    if (ending && callers.Count == 0)
                    {
                        return false;
                    }

                    wait = Timeout.InfiniteTimeSpan;
                }
                else
                {
                    wait = options.FlushInterval - Stopwatch.GetElapsedTime(oldest);
                    if (ending || flushes.Count > 0 || callers.Count > 0 || IsEnough() || wait <= TimeSpan.Zero)
                    {
                        return true;
                    }
                }
            }

            // By the machine's own clock: a host's fake one would never store anything.
            await work.WaitAsync(wait, TimeProvider.System, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Takes what is stored next.</summary>
    /// <returns>False when there is nothing, or not enough to be taken without waiting for more.</returns>
    public bool Take(List<HeldLine> lines, bool evenIfFew)
    {
        lock (gate)
        {
            if (held.Count == 0 || !(evenIfFew || IsEnough()))
            {
                return false;
            }

            logs.Forget(FirstPlace());
            var (firstPlace, bytes) = (held.Peek().Place, 0L);
            while (held.TryPeek(out var line) && lines.Count < options.FlushLines && (lines.Count == 0 || bytes + line.Bytes <= options.FlushBytes))
            {
                held.Dequeue();
                bytes += line.Bytes;
                lines.Add(line);
            }

            taken.Enqueue((firstPlace, lines.Count, bytes));
            takenBytes += bytes;
            return true;
        }
    }

    /// <summary>What was taken first is stored or refused.</summary>
    public void Done()
    {
        lock (gate)
        {
            var (_, lines, bytes) = taken.Dequeue();
            all = (all.Lines - lines, all.Bytes - bytes);
            takenBytes -= bytes;
            failure = null;
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

    /// <summary>Everybody who waits is told; what is held stays.</summary>
    public void Fail(Exception exception)
    {
        lock (gate)
        {
            failure = exception;
            foreach (var caller in callers.Where(caller => !caller.IsGone))
            {
                caller.Drop();
                caller.Held.TrySetException(exception);
            }

            callers.Clear();
            flushes.ForEach(flush => flush.Ended.TrySetException(exception));
            flushes.Clear();
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

    private void Cancel(WaitingCaller caller, CancellationToken cancellationToken)
    {
        lock (gate)
        {
            if (!caller.IsGone && caller.Held.TrySetCanceled(cancellationToken))
            {
                caller.Drop();
                Admit();
            }
        }
    }

    private bool HasRoomFor(int bytes) => all.Lines < options.MaxBufferedLines && (all.Lines == 0 || all.Bytes + bytes <= options.MaxBufferedBytes);

    private bool IsEnough() => held.Count >= options.FlushLines || all.Bytes - takenBytes >= options.FlushBytes;

    private void Hold(HeldLine line)
    {
        held.Enqueue(line);
        all = (all.Lines + 1, all.Bytes + line.Bytes);
        if (held.Count == 1)
        {
            oldest = Stopwatch.GetTimestamp();
            work.Raise();
        }
        else if (IsEnough())
        {
            work.Raise();
        }
    }

    // Whoever waits first has room first.
    private void Admit()
    {
        while (callers.TryPeek(out var caller) && (caller.IsGone || HasRoomFor(caller.Line.Bytes)))
        {
            callers.Dequeue();
            if (!caller.IsGone)
            {
                Hold(caller.Line);
                caller.Leave();
                caller.Held.TrySetResult();
            }
        }

        var first = FirstPlace();
        flushes.RemoveAll(flush => flush.Place < first && flush.Ended.TrySetResult());
    }

    // Of what is still to be stored.
    private long FirstPlace() =>
        taken.TryPeek(out var batch) ? batch.FirstPlace
        : held.TryPeek(out var line) ? line.Place
        : callers.TryPeek(out var caller) ? caller.Line.Place
        : lastPlace + 1;
}
