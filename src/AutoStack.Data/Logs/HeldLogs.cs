using System.Diagnostics;

namespace AutoStack.Data.Logs;

/// <summary>The logs of a writer, by deployment. Guarded by the gate of its <see cref="LogBuffer"/>.</summary>
internal sealed class HeldLogs
{
    private const int MaxIdle = 1024;
    private static readonly TimeSpan Forgotten = TimeSpan.FromHours(1);

    private readonly Dictionary<Guid, HeldLog> logs = [];
    private long swept = Stopwatch.GetTimestamp();

    /// <summary>The logs with lines that are neither stored nor refused.</summary>
    public IEnumerable<HeldLog> Unfinished => logs.Values.Where(log => log.IsUnfinished);

    public HeldLog? Find(Guid deploymentId) => logs.GetValueOrDefault(deploymentId);

    public HeldLog FindOrAdd(Guid deploymentId)
    {
        if (!logs.TryGetValue(deploymentId, out var log))
        {
            logs.Add(deploymentId, log = new HeldLog(deploymentId));
        }

        log.Used = Stopwatch.GetTimestamp();
        return log;
    }

    /// <summary>Removes logs that are no longer written, so that the number of logs does not grow forever.</summary>
    public void Forget()
    {
        if (logs.Count <= MaxIdle || Stopwatch.GetElapsedTime(swept) < TimeSpan.FromMinutes(1))
        {
            return;
        }

        swept = Stopwatch.GetTimestamp();
        foreach (var log in logs.Values.Where(log => !log.IsUnfinished && Stopwatch.GetElapsedTime(log.Used) > Forgotten).ToList())
        {
            logs.Remove(log.DeploymentId);
        }
    }
}
