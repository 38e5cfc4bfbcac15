using System.Diagnostics;
using AutoStack.Data.Postgres;
using AutoStack.Data.Status;
using AutoStack.Data.Values;
using Npgsql;

namespace AutoStack.Data.Logs;

internal sealed class DeploymentLogSearch(Db db, LogContext context) : IDeploymentLogSearch
{
    // As the statements have them.
    private const int LogsPerStatement = 200;
    private const int LinesPerStatement = 2000;

    public async Task<LogSearchPage> SearchAsync(
        Guid ownerId, string text, LogSearchScope scope, Cursor cursor, int limit, CancellationToken cancellationToken)
    {
        var search = LogSearch.For(text);
        ArgumentNullException.ThrowIfNull(scope);
        Limit.Check(limit, IDeploymentLogSearch.MaxPageSize);
        var place = cursor.ToLine() is var (moment, id, seq) ? new LogSearchRun.Position(moment, id, seq) : (LogSearchRun.Position?)null;
        var run = new LogSearchRun(place, limit);
        _ = RangeOf(scope);
        var started = Stopwatch.GetTimestamp();
        var pattern = search.Pattern;
        if (pattern is not null && !await LogIndex.IsThereAsync(db, ownerId, cancellationToken).ConfigureAwait(false))
        {
            pattern = null;
        }

        var lines = LogIndex.FirstLines;
        while (true)
        {
            var logs = await ListLogsAsync(ownerId, scope, run.Place, cancellationToken).ConfigureAwait(false);
            run.Begin(logs);
            while (run.HasLeft)
            {
                await (pattern is null ? ReadAsync(run, search, ownerId, cancellationToken)
                    : ReadCandidatesAsync(run, search, pattern, lines, ownerId, cancellationToken)).ConfigureAwait(false);
                lines = LogIndex.LinesAfter(lines);
                if (run.IsFull || Stopwatch.GetElapsedTime(started) >= context.SearchTime)
                {
                    return run.ToPage(isComplete: false);
                }
            }

            if (logs.Count < LogsPerStatement)
            {
                return run.ToPage(isComplete: true);
            }
        }
    }

    // The next deployments after a place, each with the last number in its log; the deployment of the place first, if it has more lines.
    private async Task<IReadOnlyList<LogSearchRun.Log>> ListLogsAsync(
        Guid ownerId, LogSearchScope scope, LogSearchRun.Position? place, CancellationToken cancellationToken)
    {
        var (moment, id, seq) = place ?? new LogSearchRun.Position(Time.Infinity, Guid.AllBitsSet, long.MaxValue);
        return await db.ListAsync(
            row => new LogSearchRun.Log(row.Long(), row.Guid(), row.Long()) { After = row.Long(), Bytes = row.LongOrNull() }, $"""
            WITH listed AS MATERIALIZED (
                SELECT d.created_at, d.id
                FROM deployments d
                WHERE d.user_id = @ownerId AND NOT d.is_deleted AND (@projectId IS NULL OR d.project_id = @projectId)
                  AND d.created_at >= @since AND (d.created_at < @until OR @until = 'infinity'::timestamp)
                  AND (d.created_at, d.id) <= (@moment, @id) AND {AccountState.OwnerIsOpen}
                ORDER BY d.created_at DESC, d.id DESC
                LIMIT 201
            )
            SELECT d.created_at, d.id, coalesce(e.seq, 0), n.after, CASE WHEN e.seq IS NULL THEN 0 ELSE {LogIndex.Bytes} END
            FROM listed d
            CROSS JOIN LATERAL (
                SELECT
                    coalesce((
                        SELECT l.seq - 1
                        FROM deployment_logs l
                        WHERE l.deployment_id = d.id AND l.seq > CASE WHEN d.id = @id THEN @seq ELSE 0 END
                        ORDER BY l.seq
                        LIMIT 1
                    ), 0) AS after
            ) n
            LEFT JOIN LATERAL (
                SELECT l.seq, l.log_bytes
                FROM deployment_logs l
                WHERE l.deployment_id = d.id
                ORDER BY l.seq DESC
                LIMIT 1
            ) e ON TRUE
            WHERE d.id <> @id OR e.seq > @seq
            ORDER BY d.created_at DESC, d.id DESC
            LIMIT 200
            """,
            [P.Of(ownerId), P.Of(scope.ProjectId, "projectId"), .. RangeOf(scope), P.Moment(moment), P.Of(id), P.Of(seq)],
            cancellationToken).ConfigureAwait(false);
    }

    // Reads the next lines of the first logs that are left: at most 2,000 lines and 4 MiB, but at least one line.
    private async Task ReadAsync(LogSearchRun run, LogSearch search, Guid ownerId, CancellationToken cancellationToken)
    {
        var chosen = run.Choose(LinesPerStatement);
        if (chosen.Count == 0)
        {
            return;
        }

        var lines = await db.ListAsync(
            DeploymentLogRepository.Read, $"""
            WITH owned AS MATERIALIZED (
                SELECT c.id, c.seq, c.ordinal
                FROM unnest(@ids::uuid[], @places::bigint[]) WITH ORDINALITY c (id, seq, ordinal)
                JOIN deployments d ON d.id = c.id AND d.user_id = @ownerId AND NOT d.is_deleted AND {AccountState.OwnerIsOpen}
            )
            SELECT s.id, s.deployment_id, s.timestamp, s.log_level, s.message, s.created_at, s.seq
            FROM (
                SELECT k.id, k.deployment_id, k.timestamp, k.log_level, k.message, k.created_at, k.seq, k.ordinal,
                    pg_catalog.sum(pg_catalog.octet_length(k.message)) OVER (ORDER BY k.ordinal, k.seq)
                        - pg_catalog.octet_length(k.message) AS bytes
                FROM (
                    SELECT {DeploymentLogRepository.Columns}, c.ordinal
                    FROM owned c
                    CROSS JOIN LATERAL (
                        SELECT {DeploymentLogRepository.Columns}
                        FROM deployment_logs l
                        WHERE l.deployment_id = c.id AND l.seq > c.seq
                        ORDER BY l.seq
                        LIMIT 2000
                    ) l
                    ORDER BY c.ordinal, l.seq
                    LIMIT 2000
                ) k
            ) s
            WHERE s.bytes < {Limit.AnswerBytes}
            ORDER BY s.ordinal, s.seq
            """,
            [
                P.Of(chosen.Select(log => log.Id).ToArray(), "ids"),
                P.Of(chosen.Select(log => log.After).ToArray(), "places"),
                P.Of(ownerId),
            ], cancellationToken).ConfigureAwait(false);
        foreach (var line in lines)
        {
            run.Take(line, search);
        }

        if (lines.Count == 0)
        {
            // Their lines, or the deployments, were removed meanwhile.
            run.Drop(chosen.Count);
        }
    }

    // Reads the next lines that may contain the text.
    private async Task ReadCandidatesAsync(
        LogSearchRun run, LogSearch search, string pattern, int most, Guid ownerId, CancellationToken cancellationToken)
    {
        var ranges = run.ChooseRanges(most);
        if (ranges.Count == 0)
        {
            return;
        }

        if (ranges is [{ IsLarge: true } large])
        {
            ranges = [await LogIndex.CutAsync(db, large, ownerId, cancellationToken).ConfigureAwait(false)];
        }

        var (lines, hasMore) = await LogIndex.ListCandidatesAsync(db, ranges, ownerId, pattern, cancellationToken).ConfigureAwait(false);
        foreach (var line in lines)
        {
            run.TakeCandidate(line, search);
        }

        foreach (var range in hasMore ? [] : ranges)
        {
            run.Pass(range);
        }
    }

    private static NpgsqlParameter[] RangeOf(LogSearchScope scope)
    {
        if (scope.Queued is not { } queued)
        {
            return [P.Moment(Time.NegativeInfinity, "since"), P.Moment(Time.Infinity, "until")];
        }

        var range = TimeRange.Check(queued, "scope.Queued");
        return [P.Of(range.From, "since"), P.Of(range.To, "until")];
    }
}
