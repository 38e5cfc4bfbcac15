using System.Diagnostics;
using System.Runtime.InteropServices;
using AutoStack.Data.Postgres;

namespace AutoStack.Data.Logs;

/// <summary>
/// The lines of one deployment that a writer holds, in the order of the calls. A batch takes lines without removing them; they are removed
/// once they are stored or refused, so that a batch that could not be stored changes nothing.
/// </summary>
internal sealed class HeldLog(Guid deploymentId)
{
    private const int MaxIdleCapacity = 256;

    private readonly List<(long Number, TaskCompletionSource Ended)> flushes = [];
    private List<HeldLine> lines = [];
    private int head;
    private int taken;
    private long takenBytes;
    private long written;
    private long finished;
    private int attempts;
    private long heldBackSince;
    private long heldBackUntil;

    public Guid DeploymentId { get; } = deploymentId;

    public int Lines => lines.Count - head;

    public long Bytes { get; private set; }

    /// <summary>The lines that no batch has taken.</summary>
    public (int Lines, long Bytes) Untaken => (Lines - taken, Bytes - takenBytes);

    /// <summary>Calls that wait for room.</summary>
    public int Callers { get; set; }

    /// <summary>True while the log waits for its turn in a batch.</summary>
    public bool IsQueued { get; set; }

    /// <summary>True during the pause after another transaction was seen to hold the log.</summary>
    public bool IsHeldBack { get; private set; }

    /// <summary>True when the log has reached its bound: nothing more is stored of the deployment.</summary>
    public bool IsFull { get; set; }

    /// <summary>Why the calls that wait for this log are told to give up; null while they need not.</summary>
    public Exception? Failure { get; private set; }

    public long Used { get; set; }

    public LogRefusal Refused { get; } = new();

    public bool IsUnfinished => finished < written;

    public bool IsFlushed => flushes.Count > 0;

    /// <summary>How long it is until a log that was held back is tried again.</summary>
    public TimeSpan Pause => Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), heldBackUntil);

    /// <summary>The last round in which a call of the log found no room: those behind it wait too.</summary>
    public long PassedOver { get; set; }

    /// <summary>Counts a line that is held, or whose caller waits until it is.</summary>
    /// <returns>Its number.</returns>
    public long Count() => ++written;

    public void Add(in HeldLine line)
    {
        lines.Add(line);
        Bytes += line.Bytes;
    }

    /// <summary>
    /// Takes lines for a batch, at most as many and as large as given, but at least one where <paramref name="evenIfLarge"/> says so.
    /// </summary>
    public (int Lines, long Bytes) Take(int most, long mostBytes, bool evenIfLarge)
    {
        var count = 0;
        var bytes = 0L;
        foreach (ref readonly var line in CollectionsMarshal.AsSpan(lines)[(head + taken)..])
        {
            if (count == most || (bytes + line.Bytes > mostBytes && !(evenIfLarge && count == 0)))
            {
                break;
            }

            count++;
            bytes += line.Bytes;
        }

        (taken, takenBytes) = (taken + count, takenBytes + bytes);
        return (count, bytes);
    }

    /// <summary>Copies the last lines that were taken.</summary>
    public void CopyTaken(int count, List<HeldLine> target) => target.AddRange(CollectionsMarshal.AsSpan(lines).Slice(head + taken - count, count));

    /// <summary>The first lines that were taken are stored or refused.</summary>
    /// <returns>Their size.</returns>
    public long Finish(int count)
    {
        if (count == 0)
        {
            return 0;
        }

        var done = CollectionsMarshal.AsSpan(lines).Slice(head, count);
        var bytes = 0L;
        foreach (ref readonly var line in done)
        {
            bytes += line.Bytes;
        }

        done.Clear();
        (head, taken, takenBytes, Bytes) = (head + count, taken - count, takenBytes - bytes, Bytes - bytes);
        if (head == lines.Count && lines.Capacity > MaxIdleCapacity)
        {
            (lines, head) = ([], 0);
        }
        else if (head * 2 >= lines.Count)
        {
            lines.RemoveRange(0, head);
            head = 0;
        }

        (Failure, attempts) = (null, 0);
        finished += count;
        EndFlushes();
        return bytes;
    }

    /// <summary>Another transaction holds the log: what was taken is to be taken again, after a pause.</summary>
    /// <returns>For how long the log has been held back.</returns>
    public TimeSpan HoldBack()
    {
        if (attempts == 0)
        {
            heldBackSince = Stopwatch.GetTimestamp();
        }

        (IsHeldBack, taken, takenBytes) = (true, 0, 0);
        heldBackUntil = Stopwatch.GetTimestamp() + (long)(Backoff.Lock.Delay(attempts++).TotalSeconds * Stopwatch.Frequency);
        return Stopwatch.GetElapsedTime(heldBackSince);
    }

    /// <summary>The pause is over.</summary>
    public void Resume() => IsHeldBack = false;

    /// <summary>Gives the first lines the ids under which they may have been stored.</summary>
    public void Identify(ReadOnlySpan<Guid> ids)
    {
        for (var i = 0; i < ids.Length; i++)
        {
            lines[head + i] = lines[head + i] with { Id = ids[i] };
        }
    }

    /// <summary>A task that ends when nothing is left that was written before.</summary>
    public Task FlushAsync()
    {
        if (!IsUnfinished)
        {
            return Task.CompletedTask;
        }

        var flush = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        flushes.Add((written, flush));
        return flush.Task;
    }

    /// <summary>The line of a caller will not be held: the numbers of later ones close up.</summary>
    public void Uncount(long number)
    {
        written--;
        foreach (ref var flush in CollectionsMarshal.AsSpan(flushes))
        {
            flush.Number -= flush.Number >= number ? 1 : 0;
        }

        EndFlushes();
    }

    /// <summary>Those who flush are told; what is held stays.</summary>
    /// <param name="exception">Why.</param>
    /// <param name="stays">True when later calls get it too, until lines of the log are stored.</param>
    public void Fail(Exception exception, bool stays)
    {
        Failure = stays ? exception : Failure;
        flushes.ForEach(flush => flush.Ended.TrySetException(exception));
        flushes.Clear();
    }

    private void EndFlushes() => flushes.RemoveAll(flush => flush.Number <= finished && flush.Ended.TrySetResult());
}

/// <summary>A line that was taken.</summary>
internal readonly record struct HeldLine(Guid? Id, DateTime Time, string? Level, string Message, int Bytes);
