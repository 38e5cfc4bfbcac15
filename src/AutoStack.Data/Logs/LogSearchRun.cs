using AutoStack.Data.Values;

namespace AutoStack.Data.Logs;

/// <summary>How far a search in the logs of many deployments has come.</summary>
internal sealed class LogSearchRun(LogSearchRun.Position? start, int limit)
{
    private readonly List<LogMatch> found = [];
    private readonly Queue<Log> left = new();
    private Position? position = start;
    private int linesSearched;
    private int deploymentsSearched;
    private long? backTo;

    /// <summary>The last line searched; null before the first deployment.</summary>
    public Position? Place => position;

    public bool IsFull => found.Count == limit;

    /// <summary>True while deployments of the last list are left.</summary>
    public bool HasLeft => left.Count > 0;

    /// <summary>Continues with the deployments of a list.</summary>
    public void Begin(IReadOnlyList<Log> logs)
    {
        foreach (var log in logs)
        {
            left.Enqueue(log);
        }
    }

    /// <summary>The first deployments that are left, with about as many lines as one statement reads; at least one.</summary>
    public IReadOnlyList<Log> Choose(int lines)
    {
        while (left.TryPeek(out var log) && log.After >= log.Last)
        {
            // It has no lines.
            End();
        }

        var chosen = new List<Log>();
        foreach (var log in left)
        {
            chosen.Add(log);
            lines -= (int)Math.Min(log.Last - log.After, lines);
            if (lines == 0)
            {
                break;
            }
        }

        return chosen;
    }

    /// <summary>
    /// The ranges of lines that the next statement looks at, in the first deployments that are left: at most a number of lines, in logs of
    /// at most <see cref="LogIndex.MaxBytes"/> together. Empty when no line is left.
    /// </summary>
    public IReadOnlyList<LogIndex.Range> ChooseRanges(int lines)
    {
        var ranges = new List<LogIndex.Range>();
        var bytes = LogIndex.MaxBytes;
        foreach (var log in Choose(lines))
        {
            // Whole logs count: the statement may look at lines before and after their ranges, too.
            var isLarge = log.Bytes is null or > LogIndex.MaxBytes;
            bytes -= log.Bytes ?? 0;
            if (ranges.Count > 0 && (isLarge || bytes < 0))
            {
                break;
            }

            var until = log.After + Math.Min(log.Last - log.After, lines);
            ranges.Add(new LogIndex.Range(log.Id, log.After, until, isLarge));
            lines -= (int)(until - log.After);
            if (isLarge)
            {
                break;
            }
        }

        return ranges;
    }

    /// <summary>Searches the next line; not a line that was written after the deployments were listed.</summary>
    public void Take(DeploymentLog line, LogSearch search)
    {
        if (IsFull || left.All(log => log.Id != line.DeploymentId))
        {
            return;
        }

        while (left.Peek().Id != line.DeploymentId)
        {
            End();
        }

        Search(line, search);
    }

    /// <summary>Searches the next line that may contain the text: the lines from the last one searched do not contain it.</summary>
    public void TakeCandidate(DeploymentLog line, LogSearch search)
    {
        if (!IsFull)
        {
            PassTo(line.DeploymentId, line.Seq - 1);
            Search(line, search);
        }
    }

    /// <summary>Moves after the last line of a range, in which no further line contains the text.</summary>
    public void Pass(LogIndex.Range range)
    {
        if (!IsFull && left.Any(log => log.Id == range.LogId))
        {
            PassTo(range.LogId, range.Until);
        }
    }

    // Numbers have no gap.
    private void PassTo(Guid logId, long seq)
    {
        while (left.Peek().Id != logId)
        {
            Pass(left.Peek().Last);
        }

        Pass(seq);

        void Pass(long until)
        {
            var log = left.Peek();
            if (until > log.After)
            {
                linesSearched += (int)(until - log.After);
                log.After = until;
                (position, backTo) = (new Position(log.QueuedAt, log.Id, until), log.QueuedAt);
            }

            if (log.After >= log.Last)
            {
                End();
            }
        }
    }

    private void Search(DeploymentLog line, LogSearch search)
    {
        var log = left.Peek();
        log.After = line.Seq;
        (position, backTo) = (new Position(log.QueuedAt, log.Id, line.Seq), log.QueuedAt);
        linesSearched++;
        if (search.Snippet(line.Message) is { } snippet)
        {
            found.Add(new LogMatch(line, snippet));
        }

        if (line.Seq >= log.Last)
        {
            End();
        }
    }

    /// <summary>Ends the first deployments that are left: they have no more lines.</summary>
    public void Drop(int count)
    {
        for (; count > 0 && left.Count > 0; count--)
        {
            End();
        }
    }

    public LogSearchPage ToPage(bool isComplete) => new(
        found,
        isComplete || position is not { } at ? null : Cursor.AfterLine(at.QueuedAt, at.Id, at.Seq),
        linesSearched,
        deploymentsSearched,
        backTo is { } moment ? Time.FromColumn(moment) : null);

    // The place is after the number that was the last one in the list: lines written since are younger than the search.
    private void End()
    {
        var log = left.Dequeue();
        deploymentsSearched++;
        (position, backTo) = (new Position(log.QueuedAt, log.Id, Math.Max(log.After, log.Last)), log.QueuedAt);
    }

    /// <summary>A line of a deployment, by the time at which the deployment was queued, its id, and the number of the line.</summary>
    internal readonly record struct Position(long QueuedAt, Guid Id, long Seq);

    /// <summary>The log of a deployment: the number after which the search continues, and the last number.</summary>
    internal sealed record Log(long QueuedAt, Guid Id, long Last)
    {
        public long After { get; set; }

        /// <summary>The size of the text of the whole log; null when it is not known.</summary>
        public required long? Bytes { get; init; }
    }
}
