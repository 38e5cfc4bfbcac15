using System.Diagnostics;
using AutoStack.Data.Postgres;
using AutoStack.Data.Status;

namespace AutoStack.Data.Logs;

/// <summary>Searches one log by the trigram index of the feature <c>log-search</c>.</summary>
internal sealed class IndexedLogSearch(Db db, LogContext context)
{
    /// <summary>Searches the lines after a place.</summary>
    /// <param name="log">The deployment, and the number of the line before the first one.</param>
    /// <param name="ownerId">The user.</param>
    /// <param name="search">The search.</param>
    /// <param name="pattern">From <see cref="LogSearch.Pattern"/>.</param>
    /// <param name="limit">The maximum number of lines found.</param>
    /// <param name="cancellationToken">Stops the search.</param>
    public async Task<LogSearchResult> SearchAsync(
        LogIndex.Range log, Guid ownerId, LogSearch search, string pattern, int limit, CancellationToken cancellationToken)
    {
        var found = new List<DeploymentLog>();
        var (searched, at, started, lines) = (0L, log.After, Stopwatch.GetTimestamp(), LogIndex.FirstLines);
        while (await FindLinesAsync(log.LogId, ownerId, at, cancellationToken).ConfigureAwait(false) is var (first, last, bytes))
        {
            at = first - 1;
            while (at < last)
            {
                var range = new LogIndex.Range(log.LogId, at, at + Math.Min(last - at, lines));
                if (bytes is null or > LogIndex.MaxBytes)
                {
                    range = await LogIndex.CutAsync(db, range, ownerId, cancellationToken).ConfigureAwait(false);
                }

                var (candidates, hasMore) = await LogIndex.ListCandidatesAsync(
                    db, [range], ownerId, pattern, cancellationToken).ConfigureAwait(false);
                foreach (var line in candidates.TakeWhile(_ => found.Count < limit))
                {
                    MoveTo(line.Seq);
                    if (search.IsIn(line.Message))
                    {
                        found.Add(line);
                    }
                }

                if (found.Count < limit && !hasMore)
                {
                    MoveTo(range.Until);
                }

                lines = LogIndex.LinesAfter(lines);
                if (found.Count == limit || Stopwatch.GetElapsedTime(started) >= context.SearchTime)
                {
                    return Result(isComplete: false);
                }
            }
        }

        return Result(isComplete: true);

        // Numbers have no gap.
        void MoveTo(long seq)
        {
            searched += seq - at;
            at = seq;
        }

        LogSearchResult Result(bool isComplete) => new(found, Cursor.After(at), isComplete, (int)searched);
    }

    // The numbers of the first and the last line after a place, and the size of the log; null when there is no line.
    private Task<(long First, long Last, long? Bytes)?> FindLinesAsync(
        Guid deploymentId, Guid ownerId, long seq, CancellationToken cancellationToken) =>
        db.FindValueAsync(row => (row.Long(), row.Long(), row.LongOrNull()), $"""
            SELECT f.seq, e.seq, {LogIndex.Bytes}
            FROM (
                SELECT l.seq
                FROM deployment_logs l
                WHERE l.deployment_id = @deploymentId AND l.seq > @seq AND {DeploymentState.Owned}
                ORDER BY l.seq
                LIMIT 1
            ) f
            CROSS JOIN (
                SELECT l.seq, l.log_bytes
                FROM deployment_logs l
                WHERE l.deployment_id = @deploymentId
                ORDER BY l.seq DESC
                LIMIT 1
            ) e
            """, [P.Of(deploymentId), P.Of(ownerId), P.Of(seq)], cancellationToken);
}
