using System.Diagnostics;
using AutoStack.Data.Postgres;
using AutoStack.Data.Status;
using AutoStack.Data.Values;

namespace AutoStack.Data.Logs;

internal sealed class DeploymentLogRepository(Db db, LogContext context) : IDeploymentLogRepository, IPlatformDeploymentLogRepository
{
    internal const string Columns = "l.id, l.deployment_id, l.timestamp, l.log_level, l.message, l.created_at, l.seq";

    internal static DeploymentLog Read(RowReader row) => new()
    {
        Id = row.Guid(),
        DeploymentId = row.Guid(),
        Timestamp = row.Time(),
        Level = row.ValueOrNull<DeploymentLogLevel>(),
        Message = row.Text(),
        CreatedAt = row.Time(),
        Seq = row.Long(),
    };

    // The limit of a page stands in a subquery, so that the planner expects the same of a plan for its value as of one for any value: the
    // server keeps one plan. Of a log with more than ten pages it would plan each page anew.

    /// <summary>The last lines before a place, newest first; the place is a line's number.</summary>
    internal static Statement Tail(Guid deploymentId, Guid ownerId, long seq, int limit) => new($"""
        SELECT {Columns}
        FROM deployment_logs l
        WHERE l.deployment_id = @deploymentId AND l.seq <= @seq AND {DeploymentState.Owned}
        ORDER BY l.seq DESC
        LIMIT (SELECT @limit::int)
        """, P.Of(deploymentId), P.Of(ownerId), P.Of(seq), P.Of(limit));

    /// <summary>The lines after a line's number.</summary>
    internal static Statement Next(Guid deploymentId, Guid ownerId, long seq, int limit) => new($"""
        SELECT {Columns}
        FROM deployment_logs l
        WHERE l.deployment_id = @deploymentId AND l.seq > @seq AND {DeploymentState.Owned}
        ORDER BY l.seq
        LIMIT (SELECT @limit::int)
        """, P.Of(deploymentId), P.Of(ownerId), P.Of(seq), P.Of(limit));

    // The lines that one statement of a search reads: at most 2,000 lines and 4 MiB, but at least one line.
    private static Statement Stretch(Guid deploymentId, Guid ownerId, long seq) => new($"""
        SELECT s.message, s.seq, s.id, s.timestamp, s.log_level, s.created_at
        FROM (
            SELECT k.message, k.seq, k.id, k.timestamp, k.log_level, k.created_at,
                pg_catalog.sum(pg_catalog.octet_length(k.message)) OVER (ORDER BY k.seq)
                    - pg_catalog.octet_length(k.message) AS bytes
            FROM (
                SELECT {Columns}
                FROM deployment_logs l
                WHERE l.deployment_id = @deploymentId AND l.seq > @seq AND {DeploymentState.Owned}
                ORDER BY l.seq
                LIMIT 2000
            ) k
        ) s
        WHERE s.bytes < {Limit.AnswerBytes}
        ORDER BY s.seq
        """, P.Of(deploymentId), P.Of(ownerId), P.Of(seq));

    internal static IReadOnlyList<DeploymentLog> OldestFirst(IReadOnlyList<DeploymentLog> newestFirst) => [.. newestFirst.Reverse()];

    /// <summary>Removes lines of the chosen deployments, whatever their age.</summary>
    internal static Statement PurgeChosen(int limit) =>
        new($"{LogPurge.OfChosen} deployment_logs {LogPurge.UpToLimit} deployment_logs {LogPurge.Joined}", P.Of(limit));

    public async Task<LogPage<DeploymentLog>> ListAsync(
        Guid deploymentId, Guid ownerId, Cursor cursor, int limit, CancellationToken cancellationToken)
    {
        var seq = cursor.ToSeq() ?? 0;
        var statement = Next(deploymentId, ownerId, seq, Limit.Check(limit, IDeploymentLogRepository.MaxPageSize));
        return PageOf(await db.ListAsync(Read, statement, cancellationToken).ConfigureAwait(false), emptyAt: seq);
    }

    public async Task<LogPage<DeploymentLog>> ListTailAsync(
        Guid deploymentId, Guid ownerId, Cursor cursor, int limit, CancellationToken cancellationToken)
    {
        var statement = Tail(
            deploymentId, ownerId, cursor.ToSeq() ?? long.MaxValue, Limit.Check(limit, IDeploymentLogRepository.MaxPageSize));
        return PageOf(OldestFirst(await db.ListAsync(Read, statement, cancellationToken).ConfigureAwait(false)), emptyAt: 0);
    }

    public async Task<LogPage<DeploymentLog>> ListTailAsync(
        Guid deploymentId, Guid ownerId, DeploymentLogLevel leastLevel, Cursor cursor, int limit, CancellationToken cancellationToken)
    {
        // The lower levels are excluded, not the higher ones selected: a line of an unknown level is shown rather than hidden.
        var least = P.Written(leastLevel, nameof(leastLevel));
        var below = DeploymentLogLevel.Known.TakeWhile(level => level.Value != least).Select(level => level.Value).ToArray();
        var seq = cursor.ToSeq() ?? long.MaxValue;
        var lines = await db.ListAsync(Read, $"""
            SELECT {Columns}
            FROM deployment_logs l
            WHERE l.deployment_id = @deploymentId AND l.seq <= @seq AND {DeploymentState.Owned}
              AND pg_catalog.lower(coalesce(l.log_level::text, 'info') COLLATE "C") <> ALL (@below)
            ORDER BY l.seq DESC
            LIMIT (SELECT @limit::int)
            """,
            [
                P.Of(deploymentId),
                P.Of(ownerId),
                P.Of(seq),
                P.Of(below),
                P.Of(Limit.Check(limit, IDeploymentLogRepository.MaxPageSize), nameof(limit)),
            ], cancellationToken).ConfigureAwait(false);
        return PageOf(OldestFirst(lines), emptyAt: 0);
    }

    public async Task<LogSearchResult> SearchAsync(
        Guid deploymentId, Guid ownerId, string text, Cursor cursor, int limit, CancellationToken cancellationToken)
    {
        var search = LogSearch.For(text);
        var searchedTo = cursor.ToSeq() ?? 0;
        Limit.Check(limit, IDeploymentLogRepository.MaxPageSize);
        if (search.Pattern is { } pattern && await LogIndex.IsThereAsync(db, ownerId, cancellationToken).ConfigureAwait(false))
        {
            return await new IndexedLogSearch(db, context).SearchAsync(
                new LogIndex.Range(deploymentId, searchedTo, long.MaxValue), ownerId, search, pattern, limit, cancellationToken)
                .ConfigureAwait(false);
        }

        var found = new List<DeploymentLog>();
        var (searched, started) = (0, Stopwatch.GetTimestamp());
        while (true)
        {
            // The client searches: the server's search takes time proportional to the length of the line times that of the text, and
            // folds case by the database's locale. A filter on the server would cost more time than the transfer it saves.
            var lines = await db.ListAsync(
                row =>
                {
                    var (message, seq) = (row.Text(), row.Long());
                    return (Seq: seq, Match: search.IsIn(message)
                        ? new DeploymentLog
                        {
                            Message = message,
                            Seq = seq,
                            DeploymentId = deploymentId,
                            Id = row.Guid(),
                            Timestamp = row.Time(),
                            Level = row.ValueOrNull<DeploymentLogLevel>(),
                            CreatedAt = row.Time(),
                        }
                        : null);
                },
                Stretch(deploymentId, ownerId, searchedTo), cancellationToken).ConfigureAwait(false);
            foreach (var line in lines.TakeWhile(_ => found.Count < limit))
            {
                searchedTo = line.Seq;
                searched++;
                if (line.Match is { } match)
                {
                    found.Add(match);
                }
            }

            var isComplete = lines.Count == 0;
            if (isComplete || found.Count == limit || Stopwatch.GetElapsedTime(started) >= context.SearchTime)
            {
                return new LogSearchResult(found, Cursor.After(searchedTo), isComplete, searched);
            }
        }
    }

    public async Task AppendAsync(Guid deploymentId, IReadOnlyCollection<NewDeploymentLog> lines, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(lines);
        if (lines.Count > IPlatformDeploymentLogRepository.MaxBatchSize)
        {
            throw new ArgumentException(
                $"{lines.Count} lines are too many at once; at most {IPlatformDeploymentLogRepository.MaxBatchSize}.", nameof(lines));
        }

        if (lines.Count == 0)
        {
            return;
        }

        var now = context.Clock.Now();
        var sent = new LogLines(lines.Count);
        foreach (var line in lines)
        {
            var message = line?.Message ?? throw new ArgumentException($"Line {sent.Count} is null or has no message.", nameof(lines));
            if (line.Id == Guid.Empty)
            {
                throw new ArgumentException($"Line {sent.Count} has the empty id.", nameof(lines));
            }

            sent.Add(
                deploymentId,
                line.Id,
                Time.ToColumn(line.Timestamp ?? now),
                line.Level is { } level ? P.Written(level, nameof(lines)) : null,
                context.Secrets.MaskLine(deploymentId, message, context.Writer.MaxLineBytes, out _));
        }

        await new DeploymentLogAppends(db, context).AppendAsync(deploymentId, sent, now, cancellationToken).ConfigureAwait(false);
        db.WhenCommitted(() => context.Notifier.Record(deploymentId.ToString()));
    }

    public Task<int> PurgeAsync(DateTimeOffset before, int limit, CancellationToken cancellationToken) =>
        PurgeAsync(before, limit, new PurgeWindow.Place(), cancellationToken);

    internal Task<int> PurgeAsync(DateTimeOffset before, int limit, PurgeWindow.Place place, CancellationToken cancellationToken) =>
        PurgeWindow.PurgeAsync(
            db,
            DueLogs.OfBuilds,
            $"{LogPurge.Log} deployment_logs {LogPurge.Gate} deployment_logs {LogPurge.Remove} deployment_logs {LogPurge.Result}",
            before,
            Limit.Check(limit, IPlatformDeploymentLogRepository.MaxPurgeSize),
            place,
            cancellationToken);

    private static LogPage<DeploymentLog> PageOf(IReadOnlyList<DeploymentLog> lines, long emptyAt) =>
        LogPage<DeploymentLog>.Of(lines, line => line.Seq, emptyAt);
}
