using System.Diagnostics;
using AutoStack.Data.Postgres;

namespace AutoStack.Data.Logs;

/// <summary>The place of one reader that follows a log.</summary>
internal sealed class FollowedLog(Guid deploymentId, Guid ownerId)
{
    /// <summary>The maximum number of delivered lines that are remembered. A failover seldom loses more of one log.</summary>
    public const int MaxRemembered = 512;

    // The lines that were delivered last, in the order of their numbers.
    private readonly List<LogPlace> delivered = [];

    // Written by the follower, read by the poll and the metrics: Volatile.
    private long seq;
    private bool isWaiting;
    private long behindSince = Stopwatch.GetTimestamp();

    public Guid DeploymentId { get; } = deploymentId;

    public Guid OwnerId { get; } = ownerId;

    public Wakeup Wakeup { get; } = new();

    /// <summary>The number of the line after which the reader reads on.</summary>
    public long Seq
    {
        get => Volatile.Read(ref seq);
        set => Volatile.Write(ref seq, value);
    }

    public bool IsWaiting
    {
        get => Volatile.Read(ref isWaiting);
        set
        {
            Volatile.Write(ref behindSince, Stopwatch.GetTimestamp());
            Volatile.Write(ref isWaiting, value);
        }
    }

    /// <summary>The time since the reader last waited for lines; zero while it waits.</summary>
    public TimeSpan Behind => IsWaiting ? TimeSpan.Zero : Stopwatch.GetElapsedTime(Volatile.Read(ref behindSince));

    /// <summary>The first of the remembered lines; null when no line was delivered.</summary>
    public LogPlace? Oldest => delivered.Count == 0 ? null : delivered[0];

    /// <summary>Whether the log still ends, up to the reader's place, with the line that was delivered there.</summary>
    /// <param name="last">The last stored line up to the place; null for none.</param>
    public bool IsAt(LogPlace? last)
    {
        var place = delivered.FindLastIndex(line => line.Seq <= Seq);
        return place < 0 ? (last?.Seq ?? 0) == Seq : last == delivered[place];
    }

    /// <summary>Remembers a line; false when it was delivered before.</summary>
    public bool Deliver(LogPlace line)
    {
        Seq = line.Seq;
        var from = delivered.Count;
        while (from > 0 && delivered[from - 1].Seq >= line.Seq)
        {
            from--;
        }

        if (from < delivered.Count && delivered[from] == line)
        {
            return false;
        }

        delivered.RemoveRange(from, delivered.Count - from);
        if (delivered.Count == MaxRemembered)
        {
            delivered.RemoveRange(0, MaxRemembered / 2);
        }

        delivered.Add(line);
        return true;
    }

    /// <summary>Goes back to the last delivered line that is still stored.</summary>
    /// <param name="last">The last stored line up to the place; null for none.</param>
    /// <param name="stored">The stored lines from <see cref="Oldest"/> to it, the last one first.</param>
    public void GoBack(LogPlace? last, IReadOnlyList<LogPlace> stored)
    {
        var known = stored.FirstOrDefault(delivered.Contains);
        Seq = known != default ? known.Seq
            : last is null ? 0
            : Oldest is { } oldest && oldest.Seq <= Seq ? Math.Min(last.Value.Seq, oldest.Seq - 1)
            : last.Value.Seq;
    }
}

/// <summary>A line of a log.</summary>
/// <param name="Seq">Its number.</param>
/// <param name="Id">Its id.</param>
internal readonly record struct LogPlace(long Seq, Guid Id);
