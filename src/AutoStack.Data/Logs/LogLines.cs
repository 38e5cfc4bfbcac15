namespace AutoStack.Data.Logs;

/// <summary>Lines on their way into the table, column by column, as they are sent. The room is used again.</summary>
/// <param name="capacity">How many lines there is room for from the start.</param>
internal sealed class LogLines(int capacity = 0)
{
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

    /// <param name="deploymentId">The deployment.</param>
    /// <param name="id">The caller's id; null for a new one.</param>
    /// <param name="time">The time as the column holds it.</param>
    /// <param name="level">The level as the library spells it.</param>
    /// <param name="message">The message, clean.</param>
    public void Add(Guid deploymentId, Guid? id, DateTime time, string? level, string message)
    {
        MayBeStored |= id is not null;
        DeploymentIds.Add(deploymentId);
        Ids.Add(id ?? Values.Ids.New());
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

    /// <summary>Keeps the lines of some deployments only, in their order.</summary>
    public void Keep(Func<Guid, bool> isKept)
    {
        var kept = 0;
        for (var i = 0; i < Count; i++)
        {
            if (isKept(DeploymentIds[i]))
            {
                (DeploymentIds[kept], Ids[kept], Times[kept], Levels[kept], Messages[kept]) = (DeploymentIds[i], Ids[i], Times[i], Levels[i], Messages[i]);
                kept++;
            }
        }

        var gone = Count - kept;
        DeploymentIds.RemoveRange(kept, gone);
        Ids.RemoveRange(kept, gone);
        Times.RemoveRange(kept, gone);
        Levels.RemoveRange(kept, gone);
        Messages.RemoveRange(kept, gone);
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
