using System.Runtime.InteropServices;

namespace AutoStack.Data.Logs;

/// <summary>Lines that one transaction stores, deployment by deployment.</summary>
internal sealed class LogBatch
{
    private readonly List<HeldLine> held = [];

    /// <summary>The logs and the number of lines of each, in the order of the index.</summary>
    public List<(HeldLog Log, int Lines)> Logs { get; } = [];

    /// <summary>The lines as sent to the server.</summary>
    public LogLines Lines { get; } = new();

    /// <summary>
    /// Copies the taken lines, deployment by deployment. The lines of a deployment are then inserted into the same index pages, refer to
    /// the same row, and have ascending ids: with a thousand deployments this saves a third of a COPY's time.
    /// </summary>
    public void Copy()
    {
        Logs.Sort(static (one, other) => one.Log.DeploymentId.CompareTo(other.Log.DeploymentId));
        foreach (var (log, lines) in Logs)
        {
            log.CopyTaken(lines, held);
        }
    }

    /// <summary>Prepares the copied lines for sending.</summary>
    public void Fill()
    {
        var place = 0;
        foreach (var (log, count) in Logs)
        {
            foreach (ref readonly var line in CollectionsMarshal.AsSpan(held).Slice(place, count))
            {
                Lines.Add(log.DeploymentId, line.Id, line.Time, line.Level, line.Message);
            }

            place += count;
        }

        held.Clear();
    }

    /// <summary>Removes the lines of logs that are held back: their earlier lines are not stored yet.</summary>
    public void LeaveOutHeldBack()
    {
        if (Logs.RemoveAll(part => part.Log.IsHeldBack) > 0)
        {
            var left = Logs.Select(part => part.Log.DeploymentId).ToHashSet();
            Lines.Keep(left.Contains);
        }
    }

    public void Clear()
    {
        Logs.Clear();
        Lines.Clear();
    }
}
