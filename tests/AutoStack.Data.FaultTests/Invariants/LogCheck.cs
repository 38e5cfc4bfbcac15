using AutoStack.Data.FaultTests.Ledgers;
using AutoStack.Data.FaultTests.Workload;
using Npgsql;

namespace AutoStack.Data.FaultTests.Invariants;

/// <summary>
/// Each log is numbered 1…n, has each line of each writer once and in the writer's order, and each follower saw exactly its lines.
/// </summary>
internal static class LogCheck
{
    public static async Task<IReadOnlyList<Finding>> RunAsync(
        Ledger ledger, NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var rows = await Rows.ReadAsync(
            connection,
            "SELECT deployment_id, seq, message, id FROM deployment_logs ORDER BY deployment_id, seq",
            row => (Deployment: row.GetGuid(0), Line: new Line(row.GetInt64(1), row.GetString(2), row.GetGuid(3))),
            cancellationToken);
        var logs = rows.ToLookup(row => row.Deployment, row => row.Line);
        var written = ledger.Lines.ToLookup(entry => entry.Key.Deployment, entry => (entry.Key.Writer, Count: entry.Value));
        return
        [
            .. logs.SelectMany(log => Numbers(log.Key, [.. log])),
            .. logs.Select(log => log.Key).Union(written.Select(log => log.Key)).SelectMany(id => Writers(id, [.. logs[id]], written[id])),
            .. ledger.Follows.SelectMany(follow => Seen(follow, [.. logs[follow.DeploymentId]])),
        ];
    }

    private static IEnumerable<Finding> Numbers(Guid log, IReadOnlyList<Line> lines)
    {
        for (var i = 0; i < lines.Count; i++)
        {
            if (lines[i].Seq != i + 1)
            {
                return [new Finding(FindingKind.Disordered, $"the log of {log} has number {lines[i].Seq} at place {i + 1}")];
            }
        }

        return [];
    }

    // Every accepted line is stored by now: the services were disposed in order, which stores what is buffered.
    private static IEnumerable<Finding> Writers(Guid log, Line[] lines, IEnumerable<(string Writer, LineCount Count)> writers)
    {
        var byWriter = lines.ToLookup(line => line.Message[..Math.Max(0, line.Message.LastIndexOf('#'))], line => line.Message);
        foreach (var (writer, count) in writers)
        {
            var stored = byWriter[writer].ToList();
            var expected = Enumerable.Range(1, count.Written).Select(number => Lines.Text(writer, number)).ToList();
            if (stored.SequenceEqual(expected))
            {
                continue;
            }

            var missing = expected.Except(stored).ToList();
            var doubled = stored.GroupBy(message => message).Where(group => group.Count() > 1).Select(group => group.Key).ToList();
            var unexpected = stored.Except(expected).ToList();
            if (missing.Count > 0)
            {
                yield return new Finding(
                    FindingKind.Lost,
                    $"{missing.Count} lines in the log of {log}, the first '{missing[0]}'; {count.Flushed} of {count.Written} flushed");
            }

            if (doubled.Count > 0)
            {
                yield return new Finding(FindingKind.Doubled, $"{doubled.Count} lines in the log of {log}, the first '{doubled[0]}'");
            }

            if (unexpected.Count > 0)
            {
                yield return new Finding(FindingKind.Unexpected, $"'{unexpected[0]}' in the log of {log} was written by nobody");
            }

            if (missing.Count + doubled.Count + unexpected.Count == 0)
            {
                yield return new Finding(
                    FindingKind.Disordered, $"the lines of {writer} in the log of {log} are not in the order of the calls");
            }
        }

        foreach (var writer in byWriter.Select(group => group.Key).Except(writers.Select(entry => entry.Writer)))
        {
            yield return new Finding(FindingKind.Unexpected, $"the log of {log} has lines of '{writer}', who wrote none");
        }
    }

    // A failover may set a log back. What counts is what a page shows, which removes the lines from the number of a new line on: a line
    // that was removed with a lost one comes again.
    private static IEnumerable<Finding> Seen(Follow follow, Line[] lines)
    {
        var seen = follow.Seen.Select(line => new Line(line.Seq, line.Message, line.Id)).ToList();
        var shown = new List<Line>();
        var doubled = new List<Line>();
        foreach (var line in seen)
        {
            var kept = shown.FindLastIndex(other => other.Seq < line.Seq) + 1;
            if (kept < shown.Count && shown[kept] == line)
            {
                doubled.Add(line);
            }

            shown.RemoveRange(kept, shown.Count - kept);
            shown.Add(line);
        }

        var missing = lines.Except(seen).ToList();
        var removed = lines.Except(shown).Except(missing).ToList();
        var left = shown.Except(lines).ToList();
        if (missing.Count > 0)
        {
            yield return new Finding(FindingKind.Lost, $"{follow.Follower} did not see {missing.Count} lines, the first {missing[0]}");
        }

        if (doubled.Count > 0)
        {
            yield return new Finding(
                FindingKind.Doubled, $"{follow.Follower} saw {doubled.Count} lines again, the first {doubled[0]}");
        }

        if (left.Count > 0)
        {
            yield return new Finding(
                FindingKind.Unexpected, $"{follow.Follower} saw {left.Count} lines that are not stored, the first {left[0]}");
        }

        if (removed.Count > 0)
        {
            yield return new Finding(
                FindingKind.Disordered, $"{follow.Follower} saw {removed.Count} lines too early, the first {removed[0]}");
        }
    }

    private sealed record Line(long Seq, string Message, Guid Id);
}
