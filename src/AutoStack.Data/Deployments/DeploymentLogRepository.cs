using AutoStack.Data.Internal;

namespace AutoStack.Data.Deployments;

internal sealed class DeploymentLogRepository(Db db, Context context) : IDeploymentLogRepository
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
        WHERE l.deployment_id = @deploymentId AND l.seq <= @seq AND {DeploymentRepository.Owned}
        ORDER BY l.seq DESC
        LIMIT @limit
        """, P.Of(deploymentId), P.Of(ownerId), P.Of(before.Seq), P.Of(limit));

    /// <summary>The lines behind a place.</summary>
    internal static Statement Next(Guid deploymentId, Guid ownerId, LogCursor after, int limit) => new($"""
        SELECT {Columns}
        FROM deployment_logs l
        WHERE l.deployment_id = @deploymentId AND l.seq > @seq AND {DeploymentRepository.Owned}
        ORDER BY l.seq
        LIMIT @limit
        """, P.Of(deploymentId), P.Of(ownerId), P.Of(after.Seq), P.Of(limit));

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
            FROM unnest({Chosen.Ids}) AS c (id)
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
            WHERE l.deployment_id = @deploymentId AND l.seq <= @seq AND {DeploymentRepository.Owned}
              AND lower(coalesce(l.log_level, 'info')) <> ALL (@below)
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

    public async Task<LogPage> SearchAsync(Guid deploymentId, Guid ownerId, string text, LogCursor after, int limit, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(text);
        if (text.Length > IDeploymentLogRepository.MaxSearchLength)
        {
            throw new ArgumentException($"{nameof(text)} is {text.Length} characters long; at most {IDeploymentLogRepository.MaxSearchLength}.", nameof(text));
        }

        var lines = await db.ListAsync(Read, $"""
            SELECT {Columns}
            FROM deployment_logs l
            WHERE l.deployment_id = @deploymentId AND l.seq > @seq AND {DeploymentRepository.Owned} AND l.message ILIKE @pattern
            ORDER BY l.seq
            LIMIT @limit
            """,
            [
                P.Of(deploymentId),
                P.Of(ownerId),
                P.Of(after.Seq),
                P.Text(Text.ContainedPattern(text), name: "pattern"),
                P.Of(Limit.Check(limit, IDeploymentLogRepository.MaxPageSize), nameof(limit)),
            ], cancellationToken).ConfigureAwait(false);
        return Page(lines, after);
    }

    public async Task AppendAsync(Guid deploymentId, IReadOnlyCollection<NewDeploymentLog> lines, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(lines);
        if (lines.Count > IDeploymentLogRepository.MaxBatchSize)
        {
            throw new ArgumentException($"{lines.Count} lines are too many at once; at most {IDeploymentLogRepository.MaxBatchSize}.", nameof(lines));
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
                context.LogSecrets.Mask(deploymentId, Text.Clean(message)));
        }

        await new DeploymentLogAppends(db).AppendAsync(deploymentId, sent, now, cancellationToken).ConfigureAwait(false);
        db.WhenCommitted(() => context.LogNotifier.Mark(deploymentId));
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
            """, before, Limit.Check(limit, IDeploymentLogRepository.MaxPageSize), place, cancellationToken);

    private static LogPage Page(IReadOnlyList<DeploymentLog> lines, LogCursor whenEmpty) =>
        lines.Count == 0 ? new LogPage(lines, whenEmpty, whenEmpty) : new LogPage(lines, new LogCursor(lines[0].Seq - 1), new LogCursor(lines[^1].Seq));
}
