using System.Diagnostics;
using AutoStack.Data.Postgres;

namespace AutoStack.Data.Logs;

/// <summary>The place of one reader that follows a log.</summary>
internal sealed class FollowedLog(Guid deploymentId, Guid ownerId)
{
    // Written by the follower, read by the poll and the metrics: Volatile.
    private long seq;
    private bool isWaiting;
    private long behindSince = Stopwatch.GetTimestamp();

    public Guid DeploymentId { get; } = deploymentId;

    public Guid OwnerId { get; } = ownerId;

    public Wakeup Wakeup { get; } = new();

    /// <summary>The number of the last line that was delivered.</summary>
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
}
