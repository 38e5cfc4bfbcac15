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

    // A failover may set a log back: a line that is not stored is replaced when a line with its number or a lower one comes after it.
    private static IEnumerable<Finding> Seen(Follow follow, Line[] lines)
    {
        var seen = follow.Seen.Select(line => new Line(line.Seq, line.Message, line.Id)).ToList();
        var stored = seen.Intersect(lines).ToList();
        var left = seen.Where((line, i) => !stored.Contains(line)
            && !(seen.Skip(i).FirstOrDefault(stored.Contains) is { } next && next.Seq <= line.Seq)).ToList();
        var missing = lines.Except(seen).ToList();
        var doubled = seen.GroupBy(line => line).Where(group => group.Count() > 1).ToList();
        if (missing.Count > 0)
        {
            yield return new Finding(FindingKind.Lost, $"{follow.Follower} did not see {missing.Count} lines, the first {missing[0]}");
        }

        if (doubled.Count > 0)
        {
            yield return new Finding(FindingKind.Doubled, $"{follow.Follower} saw {doubled[0].Key} {doubled[0].Count()} times");
        }

        if (left.Count > 0)
        {
            yield return new Finding(
                FindingKind.Unexpected, $"{follow.Follower} saw {left.Count} lines that are not stored, the first {left[0]}");
        }

        if (missing.Count + doubled.Count == 0 && !stored.SequenceEqual(lines))
        {
            yield return new Finding(FindingKind.Disordered, $"{follow.Follower} saw lines in another order");
        }
    }

    private sealed record Line(long Seq, string Message, Guid Id);
}
