using System.Diagnostics;

namespace AutoStack.Data.Deployments;

/// <summary>What a writer knows of the deployments that it writes lines of.</summary>
internal sealed class HeldLogs
{
    private const int MaxIdle = 1024;
    private static readonly TimeSpan Forgotten = TimeSpan.FromHours(1);

    private readonly Dictionary<Guid, HeldLog> logs = [];
    private long swept = Stopwatch.GetTimestamp();

    public HeldLog? Find(Guid deploymentId) => logs.GetValueOrDefault(deploymentId);

    public HeldLog Get(Guid deploymentId)
    {
        if (!logs.TryGetValue(deploymentId, out var log))
        {
            logs.Add(deploymentId, log = new HeldLog(deploymentId));
        }

        log.Used = Stopwatch.GetTimestamp();
        return log;
    }

    /// <summary>Builds end; what is kept of them must not grow for ever.</summary>
    /// <param name="firstPlace">The place of the first line that is still to be stored.</param>
    public void Forget(long firstPlace)
    {
        if (logs.Count <= MaxIdle || Stopwatch.GetElapsedTime(swept) < TimeSpan.FromMinutes(1))
        {
            return;
        }

        swept = Stopwatch.GetTimestamp();
        foreach (var log in logs.Values.Where(log => log.LastPlace < firstPlace && Stopwatch.GetElapsedTime(log.Used) > Forgotten).ToList())
        {
            logs.Remove(log.DeploymentId);
        }
    }
}

/// <summary>What a writer knows of one deployment.</summary>
internal sealed class HeldLog(Guid deploymentId)
{
    public Guid DeploymentId { get; } = deploymentId;

    public long Bytes { get; set; }

    public bool IsTruncated { get; set; }

    /// <summary>The place of its last line.</summary>
    public long LastPlace { get; set; }

    public long Used { get; set; }

    public LogRefusal Refused { get; } = new();
}

/// <summary>A line that was taken.</summary>
internal readonly record struct HeldLine(HeldLog Log, Guid? Id, DateTime Time, string? Level, string Message, int Bytes, long Place, bool Truncates);

/// <summary>A call that has found no room.</summary>
internal sealed class WaitingCaller(HeldLine line)
{
    private CancellationTokenRegistration cancelling;

    public HeldLine Line { get; } = line;

    public TaskCompletionSource Held { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Held, or not waiting any more.</summary>
    public bool IsGone { get; private set; }

    /// <summary>Waits until it is held. No state machine beside the caller's own: under load every line goes this way.</summary>
    public Task WaitAsync(Lock gate, Action<WaitingCaller, CancellationToken> cancel, CancellationToken cancellationToken)
    {
        if (cancellationToken.CanBeCanceled)
        {
            var registration = cancellationToken.UnsafeRegister((_, token) => cancel(this, token), null);
            lock (gate)
            {
                cancelling = registration;
                if (IsGone)
                {
                    Leave();
                }
            }
        }

        return Held.Task;
    }

    /// <summary>The line will not be held.</summary>
    public void Drop()
    {
        Leave();
        Line.Log.Bytes -= Line.Bytes;
        Line.Log.IsTruncated &= !Line.Truncates;
    }

    public void Leave()
    {
        IsGone = true;
        cancelling.Unregister();
    }
}
