using System.Diagnostics;
using System.Runtime.InteropServices;
using AutoStack.Data.Postgres;

namespace AutoStack.Data.Logs;

/// <summary>
/// The buffered lines of one deployment, in the order of the calls. A batch takes lines without removing them; they are removed once they
/// are stored or refused, so that a batch that could not be stored changes nothing. Guarded by the gate of its <see cref="LogBuffer"/>.
/// </summary>
internal sealed class HeldLog(Guid deploymentId)
{
    private const int MaxIdleCapacity = 256;

    // A log whose batches have grown to this number of lines again is no longer slow.
    private const int Fast = 20_000;

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
    private int maxTaken = int.MaxValue;

    public Guid DeploymentId { get; } = deploymentId;

    public int Lines => lines.Count - head;

    public long Bytes { get; private set; }

    /// <summary>The lines that are not part of a batch.</summary>
    public (int Lines, long Bytes) Untaken => (Lines - taken, Bytes - takenBytes);

    /// <summary>The time since the first line was buffered; zero for a log without lines.</summary>
    public TimeSpan Age => Lines == 0 ? TimeSpan.Zero : Stopwatch.GetElapsedTime(lines[head].Since);

    /// <summary>The number of calls that wait for room.</summary>
    public int Callers { get; set; }

    /// <summary>True while the log waits for its turn in a batch.</summary>
    public bool IsQueued { get; set; }

    /// <summary>True during the pause after another transaction was seen to hold the log.</summary>
    public bool IsHeldBack { get; private set; }

    /// <summary>True for a log whose lines reached the command timeout: other logs do not wait for it in one batch.</summary>
    public bool IsAlone => maxTaken < int.MaxValue;

    /// <summary>True when the log has reached its maximum size: further lines of the deployment are not stored.</summary>
    public bool IsFull { get; set; }

    /// <summary>The exception of the calls that wait for this log; null while they keep waiting.</summary>
    public Exception? Failure { get; private set; }

    /// <summary>When a line was last written, in ticks of the stopwatch.</summary>
    public long Used { get; set; }

    /// <summary>The refused lines that no flush has reported.</summary>
    public LogRefusal Refused { get; } = new();

    /// <summary>True while a written line is neither stored nor refused.</summary>
    public bool IsUnfinished => finished < written;

    /// <summary>True while a flush waits for the log.</summary>
    public bool IsFlushed => flushes.Count > 0;

    /// <summary>The time until a log that was held back is tried again.</summary>
    public TimeSpan Pause => Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), heldBackUntil);

    /// <summary>The last round in which a call of the log found no room: later calls of the log wait too.</summary>
    public long PassedOver { get; set; }

    /// <summary>Counts a line that is buffered, or whose caller waits for room.</summary>
    /// <returns>The number of the line.</returns>
    public long Count() => ++written;

    public void Add(in HeldLine line)
    {
        lines.Add(line);
        Bytes += line.Bytes;
    }

    /// <summary>
    /// Takes lines for a batch: at most <paramref name="most"/> lines and <paramref name="mostBytes"/> bytes, but at least one line if
    /// <paramref name="evenIfLarge"/>.
    /// </summary>
    public (int Lines, long Bytes) Take(int most, long mostBytes, bool evenIfLarge)
    {
        var count = 0;
        var bytes = 0L;
        most = Math.Min(most, maxTaken);
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

    /// <summary>Copies the lines taken last.</summary>
    public void CopyTaken(int count, List<HeldLine> target) =>
        target.AddRange(CollectionsMarshal.AsSpan(lines).Slice(head + taken - count, count));

    /// <summary>Removes the first lines taken: they are stored or refused.</summary>
    /// <returns>The size of these lines.</returns>
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
        maxTaken = maxTaken < Fast ? maxTaken * 2 : int.MaxValue;
        finished += count;
        EndFlushes();
        return bytes;
    }

    /// <summary>Holds the log back: after a pause, a batch takes the same lines again.</summary>
    /// <param name="timeout">
    /// The timeout of the statement: the log then takes half the lines, and leaves the others as much time as it took. Null when another
    /// transaction holds the log.
    /// </param>
    /// <returns>The time since the log was first held back.</returns>
    public TimeSpan HoldBack(LogTimeout? timeout)
    {
        var now = Stopwatch.GetTimestamp();
        var pause = Backoff.Lock.Delay(attempts);
        var ran = TimeSpan.Zero;
        if (timeout is not null)
        {
            maxTaken = Math.Max(1, timeout.Lines / 2);
            ran = timeout.Duration;
            pause = ran > pause ? ran : pause;
        }

        if (attempts++ == 0)
        {
            heldBackSince = now - Ticks(ran);
        }

        (IsHeldBack, taken, takenBytes) = (true, 0, 0);
        heldBackUntil = now + Ticks(pause);
        return Stopwatch.GetElapsedTime(heldBackSince);
    }

    /// <summary>Ends the pause.</summary>
    public void Resume() => IsHeldBack = false;

    /// <summary>Sets the ids of the first lines, under which they may have been stored.</summary>
    public void Identify(ReadOnlySpan<Guid> ids)
    {
        for (var i = 0; i < ids.Length; i++)
        {
            lines[head + i] = lines[head + i] with { Id = ids[i] };
        }
    }

    /// <summary>Returns a task that completes when every line written before is stored or refused.</summary>
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

    /// <summary>Removes a line that will not be buffered from the count: the numbers of later lines decrease.</summary>
    public void Uncount(long number)
    {
        written--;
        foreach (ref var flush in CollectionsMarshal.AsSpan(flushes))
        {
            flush.Number -= flush.Number >= number ? 1 : 0;
        }

        EndFlushes();
    }

    /// <summary>Ends the waiting flushes with an exception; buffered lines stay.</summary>
    /// <param name="exception">The exception.</param>
    /// <param name="stays">True when later calls get the exception too, until lines of the log are stored.</param>
    public void Fail(Exception exception, bool stays)
    {
        Failure = stays ? exception : Failure;
        flushes.ForEach(flush => flush.Ended.TrySetException(exception));
        flushes.Clear();
    }

    private static long Ticks(TimeSpan time) => (long)(time.TotalSeconds * Stopwatch.Frequency);

    private void EndFlushes() => flushes.RemoveAll(flush => flush.Number <= finished && flush.Ended.TrySetResult());
}

/// <summary>A buffered line.</summary>
internal readonly record struct HeldLine(Guid? Id, DateTime Time, string? Level, string Message, int Bytes)
{
    /// <summary>When the line was buffered, in ticks of the stopwatch.</summary>
    public long Since { get; } = Stopwatch.GetTimestamp();
}
