using System.Diagnostics;

namespace AutoStack.Data.Logs;

/// <summary>What a writer knows of the deployments that it writes lines of.</summary>
internal sealed class HeldLogs
{
    private const int MaxIdle = 1024;
    private static readonly TimeSpan Forgotten = TimeSpan.FromHours(1);

    private readonly Dictionary<Guid, HeldLog> logs = [];
    private long swept = Stopwatch.GetTimestamp();

    /// <summary>The logs of which lines are still to be stored.</summary>
    public IEnumerable<HeldLog> Unfinished => logs.Values.Where(log => log.IsUnfinished);

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
