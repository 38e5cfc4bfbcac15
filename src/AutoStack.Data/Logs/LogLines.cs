namespace AutoStack.Data.Logs;

/// <summary>Lines to send, column by column. The lists are reused.</summary>
/// <param name="capacity">The initial capacity of the lists.</param>
internal sealed class LogLines(int capacity = 0)
{
    public List<Guid> DeploymentIds { get; } = new(capacity);

    public List<Guid> Ids { get; } = new(capacity);

    public List<DateTime> Times { get; } = new(capacity);

    public List<string?> Levels { get; } = new(capacity);

    public List<string?> Messages { get; } = new(capacity);

    public int Count => Ids.Count;

    /// <summary>True when the lines are sent by COPY, which fails on lines that are already stored.</summary>
    public bool IsForCopy => Count >= DeploymentLogAppends.CopyFrom && !MayBeStored;

    /// <summary>True when a line may already be stored: the caller set its id, or it was sent before.</summary>
    public bool MayBeStored { get; set; }

    /// <summary>Adds a line.</summary>
    /// <param name="deploymentId">The deployment.</param>
    /// <param name="id">The caller's id; null to generate one.</param>
    /// <param name="time">The time as the column stores it.</param>
    /// <param name="level">The level in the library's spelling.</param>
    /// <param name="message">The clean message.</param>
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

    /// <summary>Removes the lines of other deployments; the order stays.</summary>
    public void Keep(Func<Guid, bool> isKept)
    {
        var kept = 0;
        for (var i = 0; i < Count; i++)
        {
            if (isKept(DeploymentIds[i]))
            {
                (DeploymentIds[kept], Ids[kept], Times[kept]) = (DeploymentIds[i], Ids[i], Times[i]);
                (Levels[kept], Messages[kept]) = (Levels[i], Messages[i]);
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

    /// <summary>True when all lines are of one deployment. The lines of a deployment follow each other.</summary>
    public bool IsOfOneDeployment => DeploymentIds[0] == DeploymentIds[^1];

    /// <summary>Copies the first and the second half.</summary>
    public (LogLines First, LogLines Second) Split() => Split(Count / 2);

    /// <summary>Copies two parts of about half the lines, with the lines of different deployments.</summary>
    public (LogLines First, LogLines Second) SplitBetweenDeployments()
    {
        var at = Count / 2;
        while (at < Count && DeploymentIds[at] == DeploymentIds[at - 1])
        {
            at++;
        }

        return Split(at < Count ? at : DeploymentIds.IndexOf(DeploymentIds[^1]));
    }

    private (LogLines First, LogLines Second) Split(int at)
    {
        return (Part(0, at), Part(at, Count));

        LogLines Part(int from, int to)
        {
            var part = new LogLines(to - from);
            for (var i = from; i < to; i++)
            {
                part.Add(DeploymentIds[i], Ids[i], Times[i], Levels[i], Messages[i]!);
            }

            part.MayBeStored = MayBeStored;
            return part;
        }
    }
}
