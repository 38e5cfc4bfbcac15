namespace AutoStack.Data.Logs;

/// <summary>Refused lines that were not reported yet. Guarded by the gate of the <see cref="LogBuffer"/>.</summary>
internal sealed class LogRefusal
{
    private const int MaxReportedDeployments = 100;

    private readonly HashSet<Guid> deploymentIds = [];
    private Exception? first;
    private long count;

    public void Add(Guid deploymentId, long lines, Exception cause)
    {
        first ??= cause;
        count += lines;
        if (deploymentIds.Count < MaxReportedDeployments)
        {
            deploymentIds.Add(deploymentId);
        }
    }

    /// <summary>Returns the report once, and forgets it; null when there is nothing to report.</summary>
    public LogLinesRefusedException? Report()
    {
        if (first is null)
        {
            return null;
        }

        var report = new LogLinesRefusedException([.. deploymentIds], count, first);
        deploymentIds.Clear();
        (first, count) = (null, 0);
        return report;
    }
}
