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

    /// <summary>The lines just before a place, the newest first.</summary>
    internal static Statement Tail(Guid deploymentId, Guid ownerId, LogCursor before, int limit) => new($"""
        SELECT {Columns}
        FROM deployment_logs l
        WHERE l.deployment_id = @deploymentId AND l.seq <= @seq AND {DeploymentState.Owned}
        ORDER BY l.seq DESC
        LIMIT @limit
        """, P.Of(deploymentId), P.Of(ownerId), P.Of(before.Seq), P.Of(limit));

    /// <summary>The lines behind a place.</summary>
    internal static Statement Next(Guid deploymentId, Guid ownerId, LogCursor after, int limit) => new($"""
        SELECT {Columns}
        FROM deployment_logs l
        WHERE l.deployment_id = @deploymentId AND l.seq > @seq AND {DeploymentState.Owned}
        ORDER BY l.seq
        LIMIT @limit
        """, P.Of(deploymentId), P.Of(ownerId), P.Of(after.Seq), P.Of(limit));

    // So much as one statement reads in a search: that many lines and 4 MiB, but at least one line.
    private static Statement Stretch(Guid deploymentId, Guid ownerId, LogCursor after) => new($"""
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
        WHERE s.bytes < 4194304
        ORDER BY s.seq
        """, P.Of(deploymentId), P.Of(ownerId), P.Of(after.Seq));

    internal static IReadOnlyList<DeploymentLog> OldestFirst(IReadOnlyList<DeploymentLog> newestFirst)
    {
        var lines = newestFirst.ToArray();
        Array.Reverse(lines);
        return lines;
    }

    /// <summary>Removes rows of the chosen deployments, whatever their age.</summary>
    internal static Statement PurgeChosen(int limit) => new($"""
        DELETE FROM deployment_logs l
        WHERE l.id = ANY (ARRAY(
            SELECT o.id
            FROM pg_catalog.unnest({Chosen.Ids}) AS c (id)
            CROSS JOIN LATERAL (
                SELECT k.id
                FROM deployment_logs k
                WHERE k.deployment_id = c.id
                LIMIT @limit
            ) o
            LIMIT @limit
        ))
        """, P.Of(limit));

    public async Task<LogPage> ListAsync(Guid deploymentId, Guid ownerId, LogCursor after, int limit, CancellationToken cancellationToken)
    {
        var statement = Next(deploymentId, ownerId, after, Limit.Check(limit, IDeploymentLogRepository.MaxPageSize));
        var lines = await db.ListAsync(Read, statement, cancellationToken).ConfigureAwait(false);
        return Page(lines, after);
    }

    public async Task<LogPage> ListTailAsync(Guid deploymentId, Guid ownerId, LogCursor before, int limit, CancellationToken cancellationToken)
    {
        var statement = Tail(deploymentId, ownerId, before, Limit.Check(limit, IDeploymentLogRepository.MaxPageSize));
        return Page(OldestFirst(await db.ListAsync(Read, statement, cancellationToken).ConfigureAwait(false)), LogCursor.Start);
    }

    public async Task<LogPage> ListTailAsync(
        Guid deploymentId, Guid ownerId, LogCursor before, int limit, DeploymentLogLevel leastLevel, CancellationToken cancellationToken)
    {
        // What is below, and not what is above: a level that is not known is shown rather than hidden.
        var below = DeploymentLogLevel.Known.TakeWhile(level => level.Value != P.Written(leastLevel, nameof(leastLevel))).Select(level => level.Value).ToArray();
        var lines = await db.ListAsync(Read, $"""
            SELECT {Columns}
            FROM deployment_logs l
            WHERE l.deployment_id = @deploymentId AND l.seq <= @seq AND {DeploymentState.Owned}
              AND pg_catalog.lower(coalesce(l.log_level::text, 'info')) <> ALL (@below)
            ORDER BY l.seq DESC
            LIMIT @limit
            """,
            [
                P.Of(deploymentId),
                P.Of(ownerId),
                P.Of(before.Seq),
                P.Of(below),
                P.Of(Limit.Check(limit, IDeploymentLogRepository.MaxPageSize), nameof(limit)),
            ], cancellationToken).ConfigureAwait(false);
        return Page(OldestFirst(lines), LogCursor.Start);
    }

    public async Task<LogSearchResult> SearchAsync(
        Guid deploymentId, Guid ownerId, string text, LogCursor after, int limit, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(text);
        if (text.Length > IDeploymentLogRepository.MaxSearchLength)
        {
            throw new ArgumentException($"{nameof(text)} is {text.Length} characters long; at most {IDeploymentLogRepository.MaxSearchLength}.", nameof(text));
        }

        Limit.Check(limit, IDeploymentLogRepository.MaxPageSize);
        var search = new LogSearch(Text.Clean(text));
        var found = new List<DeploymentLog>();
        var (searched, started) = (0, Stopwatch.GetTimestamp());
        while (true)
        {
            // Found here, since the server's own search takes the length of the line times that of the text, and folds by its locale. What
            // a filter of it would save in transfer it would cost in time.
            var before = searched;
            await db.ListAsync(
                row =>
                {
                    // A statement that is sent again begins anew.
                    var (message, seq) = (row.Text(), row.Long());
                    if (found.Count == limit || seq <= after.Seq)
                    {
                        return false;
                    }

                    after = new LogCursor(seq);
                    searched++;
                    if (search.IsIn(message))
                    {
                        found.Add(new DeploymentLog
                        {
                            Message = message,
                            Seq = seq,
                            DeploymentId = deploymentId,
                            Id = row.Guid(),
                            Timestamp = row.Time(),
                            Level = row.ValueOrNull<DeploymentLogLevel>(),
                            CreatedAt = row.Time(),
                        });
                    }

                    return true;
                },
                Stretch(deploymentId, ownerId, after), cancellationToken).ConfigureAwait(false);
            var isComplete = searched == before;
            if (isComplete || found.Count == limit || Stopwatch.GetElapsedTime(started) >= context.SearchTime)
            {
                return new LogSearchResult(found, after, isComplete, searched);
            }
        }
    }

    public async Task AppendAsync(Guid deploymentId, IReadOnlyCollection<NewDeploymentLog> lines, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(lines);
        if (lines.Count > IPlatformDeploymentLogRepository.MaxBatchSize)
        {
            throw new ArgumentException($"{lines.Count} lines are too many at once; at most {IPlatformDeploymentLogRepository.MaxBatchSize}.", nameof(lines));
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
            sent.Add(
                deploymentId,
                line.Id,
                Time.ToColumn(line.Timestamp ?? now),
                line.Level is { } level ? P.Written(level, nameof(lines)) : null,
                context.Secrets.MaskLine(deploymentId, message, context.Writer.MaxLineBytes, out _));
        }

        await new DeploymentLogAppends(db, context.Writer).AppendAsync(deploymentId, sent, now, cancellationToken).ConfigureAwait(false);
        db.WhenCommitted(() => context.Notifier.Mark(deploymentId));
    }

    public Task<int> PurgeAsync(DateTimeOffset before, int limit, CancellationToken cancellationToken) =>
        PurgeAsync(before, limit, new PurgeWindow.Place(), cancellationToken);

    // The row of the first line is the gate: whoever has it purges this log, others pass over it. So is a deployment that is being removed
    // with its log.
    internal Task<int> PurgeAsync(DateTimeOffset before, int limit, PurgeWindow.Place place, CancellationToken cancellationToken) =>
        PurgeWindow.PurgeAsync(db, $"""
            WITH {PurgeWindow.Visited},
            log AS NOT MATERIALIZED (
                SELECT l.id, l.deployment_id, l.seq, l.timestamp
                FROM deployment_logs l
            ),
            {PurgeWindow.Begun},
            gate AS (
                SELECT b.id
                FROM begun b
                CROSS JOIN LATERAL (SELECT d.id FROM deployments d WHERE d.id = b.id FOR KEY SHARE SKIP LOCKED) d
                CROSS JOIN LATERAL (SELECT f.id FROM deployment_logs f WHERE f.id = b.first_id FOR UPDATE SKIP LOCKED) f
            ),
            {PurgeWindow.Beginnings},
            gone AS (
                DELETE FROM deployment_logs l
                WHERE l.id = ANY (ARRAY(SELECT e.id FROM line e))
                RETURNING l.id
            )
            {PurgeWindow.Result}
            """, before, Limit.Check(limit, IPlatformDeploymentLogRepository.MaxPurgeSize), place, cancellationToken);

    private static LogPage Page(IReadOnlyList<DeploymentLog> lines, LogCursor whenEmpty) =>
        lines.Count == 0 ? new LogPage(lines, whenEmpty, whenEmpty) : new LogPage(lines, new LogCursor(lines[0].Seq - 1), new LogCursor(lines[^1].Seq));
}
