namespace AutoStack.Data.Deployments;

/// <summary>Lines on their way into the table, column by column, as they are sent. The room is used again.</summary>
/// <param name="capacity">How many lines there is room for from the start.</param>
internal sealed class LogLines(int capacity = 0)
{
    private Guid[] keys = [];
    private int[] places = [];

    public List<Guid> DeploymentIds { get; } = new(capacity);

    public List<Guid> Ids { get; } = new(capacity);

    public List<DateTime> Times { get; } = new(capacity);

    public List<string?> Levels { get; } = new(capacity);

    public List<string?> Messages { get; } = new(capacity);

    public int Count => Ids.Count;

    /// <summary>Whether COPY, which would meet what is stored already, is the way for them.</summary>
    public bool IsForCopy => Count >= DeploymentLogAppends.CopyFrom && !MayBeStored;

    /// <summary>Whether a line may be stored already: its id is the caller's, or it was sent before.</summary>
    public bool MayBeStored { get; set; }

    /// <summary>
    /// Takes held lines, deployment by deployment in the order of the index, and within one in the order of the calls. Lines that go into the table together
    /// then go to the same pages of the indexes and refer to the same row, and new ids ascend: of a thousand deployments, that is a third of a COPY's time.
    /// </summary>
    public void Fill(List<HeldLine> held)
    {
        if (keys.Length < held.Count)
        {
            (keys, places) = (new Guid[held.Capacity], new int[held.Capacity]);
        }

        for (var i = 0; i < held.Count; i++)
        {
            (keys[i], places[i]) = (held[i].Log.DeploymentId, i);
        }

        Array.Sort(keys, places, 0, held.Count);
        for (int first = 0, end; first < held.Count; first = end)
        {
            for (end = first + 1; end < held.Count && keys[end] == keys[first]; end++)
            {
            }

            // Of equal keys the sort has mixed up the order.
            var log = places.AsSpan(first, end - first);
            log.Sort();
            foreach (var place in log)
            {
                var line = held[place];
                Add(keys[first], line.Id, line.Time, line.Level, line.Message);
            }
        }
    }

    /// <param name="deploymentId">The deployment.</param>
    /// <param name="id">The caller's id; null for a new one.</param>
    /// <param name="time">The time as the column holds it.</param>
    /// <param name="level">The level as the library spells it.</param>
    /// <param name="message">The message, clean.</param>
    public void Add(Guid deploymentId, Guid? id, DateTime time, string? level, string message)
    {
        MayBeStored |= id is not null;
        DeploymentIds.Add(deploymentId);
        Ids.Add(id ?? Internal.Ids.New());
        Times.Add(time);
        Levels.Add(level);
        Messages.Add(message);
    }

    public void Clear()
    {
        MayBeStored = false;
        DeploymentIds.Clear();
        Ids.Clear();
        Times.Clear();
        Levels.Clear();
        Messages.Clear();
    }

    /// <summary>The first half and the second.</summary>
    public (LogLines First, LogLines Second) Split()
    {
        return (Part(0, Count / 2), Part(Count / 2, Count));

        LogLines Part(int from, int to)
        {
            var part = new LogLines(to - from);
            for (var i = from; i < to; i++)
            {
                part.Add(DeploymentIds[i], Ids[i], Times[i], Levels[i], Messages[i]!);
            }

            return part;
        }
    }
}
