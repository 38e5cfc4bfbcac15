using System.Runtime.InteropServices;

namespace AutoStack.Data.Logs;

/// <summary>Lines that are stored together, deployment by deployment.</summary>
internal sealed class LogBatch
{
    private readonly List<HeldLine> held = [];

    /// <summary>Whose lines they are, and how many of each, in the order of the index.</summary>
    public List<(HeldLog Log, int Lines)> Logs { get; } = [];

    /// <summary>The lines as they are sent.</summary>
    public LogLines Lines { get; } = new();

    /// <summary>
    /// Copies what was taken, deployment by deployment. Lines that go into the table together then go to the same pages of the indexes and
    /// refer to the same row, and new ids ascend: of a thousand deployments, that is a third of a COPY's time.
    /// </summary>
    public void Copy()
    {
        Logs.Sort(static (one, other) => one.Log.DeploymentId.CompareTo(other.Log.DeploymentId));
        foreach (var (log, lines) in Logs)
        {
            log.CopyTaken(lines, held);
        }
    }

    /// <summary>Makes ready what was copied.</summary>
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

    /// <summary>Leaves out the lines of logs that are held back: those before them are not stored yet.</summary>
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
