using AutoStack.Data.Postgres;
using Npgsql;

namespace AutoStack.Data.Logs;

/// <summary>
/// Appends lines to the table. The transaction holds the lock of a deployment until its commit, so that lines are numbered in commit order.
/// The trigger that numbers the lines of other writers takes the same lock, and likewise leaves the first numbers to lines without one. The
/// lock is a separate statement: only a statement that starts after the lock was taken sees the numbers assigned before. The last line of
/// an append stores the size of the log.
/// </summary>
internal sealed partial class DeploymentLogAppends(Db db, LogContext context)
{
    /// <summary>The number of lines from which COPY is faster than INSERT.</summary>
    internal const int CopyFrom = 5000;

    /// <summary>The size of a line beyond its text, as counted in the size of a log. The statements write it as a number.</summary>
    internal const int LineBytes = 128;

    private const string LockKey = "'deployment_logs'::regclass::oid::bigint";

    // Joins nothing, and locks the table before the key is computed. A migration that replaces the table waits for the transaction, so that
    // no append holds the key of the old table while another one has that of the new table.
    private const string LockTable = "LEFT JOIN (SELECT 1 FROM deployment_logs LIMIT 0) t ON FALSE";

    // Where another node has the lines (the feature citus), a statement that reads no other table runs there. All locks are on one node.
    private const string OnThisNode = "LEFT JOIN (SELECT 1 FROM deployments LIMIT 0) h ON FALSE";

    // The CTE locked (id): the ids that the batch's first statement has locked. The planner removes the join; with it, the CTE runs on the
    // node that has the setting.
    private const string Locked = """
        locked AS MATERIALIZED (
            SELECT u.id
            FROM pg_catalog.unnest(
                pg_catalog.string_to_array(pg_catalog.current_setting('autostack.locked_logs'), ',')::uuid[]) AS u (id)
            LEFT JOIN deployments d ON d.id = u.id
        )
        """;

    // The columns seq and size: how far the log of each deployment c (id) goes. Needs LastLine. A log whose last lines were removed with
    // their period has an end. Lines without numbers are older than numbered lines.
    private const string End = """
        coalesce(
            e.seq,
            (SELECT k.seq FROM deployment_log_ends k WHERE k.deployment_id = c.id),
            (SELECT pg_catalog.count(*) FROM deployment_logs m WHERE m.deployment_id = c.id)) AS seq,
        coalesce(
            e.log_bytes,
            e.seq << 7,
            (SELECT coalesce(k.log_bytes, k.seq << 7) FROM deployment_log_ends k WHERE k.deployment_id = c.id),
            (SELECT pg_catalog.count(*) << 7 FROM deployment_logs m WHERE m.deployment_id = c.id)) AS size
        """;

    // Joins e, the last line of each deployment c (id).
    private const string LastLine = """
        LEFT JOIN LATERAL (
            SELECT m.seq, m.log_bytes
            FROM deployment_logs m
            WHERE m.deployment_id = c.id AND m.seq IS NOT NULL
            ORDER BY m.seq DESC
            LIMIT 1
        ) e ON TRUE
        """;

    // The columns of a line n (id, timestamp, log_level, message, ordinal) after the end of its log l (seq, size), and its place there.
    // Needs a window w over the lines of a log in their order.
    private const string Numbered = """
        n.timestamp, n.log_level, n.message, pg_catalog.octet_length(n.message) + 128 AS bytes,
            l.seq + pg_catalog.row_number() OVER w AS seq,
            l.size + pg_catalog.sum(pg_catalog.octet_length(n.message) + 128) OVER w AS size,
            pg_catalog.lead(n.ordinal) OVER w IS NULL AS is_last
        """;

    // The values of Stored, from s with the columns of Numbered: the line itself, or the ending in place of the first line beyond the
    // maximum size. Needs WithinBound, @now, @maxBytes, @ending and @endingLevel.
    private const string Values = """
        s.timestamp,
            CASE WHEN s.size <= @maxBytes THEN s.log_level ELSE @endingLevel END,
            CASE WHEN s.size <= @maxBytes THEN s.message ELSE @ending END,
            @now, s.seq, CASE WHEN s.is_last OR s.size > @maxBytes THEN s.size END
        """;

    private const string Stored = "id, deployment_id, timestamp, log_level, message, created_at, seq, log_bytes";

    private const string WithinBound = "s.size - s.bytes <= @maxBytes";

    // The server counts its limit in milliseconds, as an int.
    private const int MaxSeconds = int.MaxValue / 1000;

    // The trigger leaves assigned numbers as they are.
    private static readonly Statement Copy = new($"COPY deployment_logs ({Stored}) FROM STDIN (FORMAT BINARY)");

    private readonly long maxBytes = context.Writer.MaxBytesPerDeployment ?? long.MaxValue;

    // The message in place of the first line beyond the maximum size.
    private string Ending => $"[The log is longer than {maxBytes} bytes: what follows is not stored.]";

    /// <summary>Appends lines of one deployment; blocks while another transaction appends to the same log.</summary>
    public Task AppendAsync(Guid deploymentId, LogLines lines, DateTimeOffset now, CancellationToken cancellationToken)
    {
        // The end of the log is read once, not once per line.
        var insert = new Statement($"""
            WITH log AS MATERIALIZED (
                SELECT {End}
                FROM (SELECT @deploymentId::uuid AS id) c
                {LastLine}
            ),
            line AS MATERIALIZED (
                SELECT n.id, {Numbered}
                FROM log l
                CROSS JOIN ROWS FROM (
                    pg_catalog.unnest(@ids), pg_catalog.unnest(@times), pg_catalog.unnest(@levels), pg_catalog.unnest(@messages)
                ) WITH ORDINALITY AS n (id, timestamp, log_level, message, ordinal)
                WHERE (
                    SELECT t.id
                    FROM deployment_logs t
                    WHERE t.id = n.id AND t.deployment_id = @deploymentId
                ) IS NULL
                WINDOW w AS (ORDER BY n.ordinal)
            )
            INSERT INTO deployment_logs ({Stored})
            SELECT s.id, @deploymentId, {Values}
            FROM line s
            WHERE {WithinBound}
            """,
            P.Of(deploymentId),
            P.Of(now),
            P.Of(maxBytes),
            P.Text(Ending),
            EndingLevel(),
            P.Column(lines.Ids),
            P.Column(lines.Times),
            P.Column(lines.Levels),
            P.Column(lines.Messages));
        if (!lines.IsForCopy)
        {
            return StoreAsync(deploymentId, insert, cancellationToken);
        }

        var @lock = Lock(deploymentId, keepsPlan: false);
        var keep = new Statement("SELECT pg_catalog.set_config('autostack.locked_logs', @deploymentId::text, TRUE)", P.Of(deploymentId));
        return CopyAsync(lines, now, [@lock, keep, Ends([deploymentId])], [@lock, insert], NothingAsync, cancellationToken);
    }

    /// <summary>
    /// Appends the lines of the deployments whose logs no other transaction holds; never blocks. A deployment counts as held while it is
    /// being removed, or while its row is locked against new lines.
    /// </summary>
    public async Task<LogAppend> AppendManyAsync(LogLines lines, DateTimeOffset now, CancellationToken cancellationToken)
    {
        Guid[] distinctIds = [.. lines.DeploymentIds.Distinct()];
        var locks = new Statement($"""
            SELECT pg_catalog.set_config('autostack.locked_logs', coalesce(pg_catalog.string_agg(u.id::text, ','), ''), TRUE)
            FROM pg_catalog.unnest(@distinctIds) AS u (id)
            CROSS JOIN LATERAL (SELECT d.id FROM deployments d WHERE d.id = u.id FOR KEY SHARE SKIP LOCKED) d
            {LockTable}
            WHERE pg_catalog.pg_try_advisory_xact_lock(pg_catalog.uuid_hash_extended(u.id, {LockKey}))
            """, P.Of(distinctIds));

        // The end of each log is read once per deployment, not once per line.
        var insert = new Statement($"""
            WITH {Locked},
            log AS MATERIALIZED (
                SELECT c.id, {End}
                FROM locked c
                {LastLine}
            ),
            line AS MATERIALIZED (
                SELECT n.id, n.deployment_id, {Numbered}
                FROM ROWS FROM (
                    pg_catalog.unnest(@deploymentIds), pg_catalog.unnest(@ids), pg_catalog.unnest(@times),
                    pg_catalog.unnest(@levels), pg_catalog.unnest(@messages)
                ) WITH ORDINALITY AS n (deployment_id, id, timestamp, log_level, message, ordinal)
                JOIN log l ON l.id = n.deployment_id
                WHERE (
                    SELECT t.id
                    FROM deployment_logs t
                    WHERE t.id = n.id AND t.deployment_id = n.deployment_id
                ) IS NULL
                WINDOW w AS (PARTITION BY n.deployment_id ORDER BY n.ordinal)
            ),
            stored AS (
                INSERT INTO deployment_logs ({Stored})
                SELECT s.id, s.deployment_id, {Values}
                FROM line s
                WHERE {WithinBound}
            )
            SELECT u.id, d.id IS NOT NULL, l.id IS NOT NULL, coalesce(o.lines, 0)::int
            FROM pg_catalog.unnest(@distinctIds) AS u (id)
            LEFT JOIN deployments d ON d.id = u.id
            LEFT JOIN log l ON l.id = u.id
            LEFT JOIN (
                SELECT s.deployment_id, pg_catalog.count(*) AS lines
                FROM line s
                WHERE s.size > @maxBytes
                GROUP BY s.deployment_id
            ) o ON o.deployment_id = u.id
            WHERE l.id IS NULL OR o.lines IS NOT NULL
            """,
            P.Of(now),
            P.Of(maxBytes),
            P.Text(Ending),
            EndingLevel(),
            P.Of(distinctIds),
            P.Column(lines.DeploymentIds),
            P.Column(lines.Ids),
            P.Column(lines.Times),
            P.Column(lines.Levels),
            P.Column(lines.Messages));
        return lines.IsForCopy
            ? await CopyAsync(
                lines, now, [locks, Ends(distinctIds)], [locks, insert], ResultsAsync, cancellationToken).ConfigureAwait(false)
            : await db.WriteBatchAsync(ResultsAsync, [locks, insert], cancellationToken).ConfigureAwait(false);
    }

    private static NpgsqlParameter EndingLevel() => P.Of(DeploymentLogLevel.Warning, "endingLevel");

    // The ends of the locked logs; -1 for logs that are not locked.
    private static Statement Ends(Guid[] distinctIds) => new($"""
        WITH {Locked},
        log AS MATERIALIZED (
            SELECT c.id, {End}
            FROM locked c
            {LastLine}
        )
        SELECT u.id, d.id IS NOT NULL, coalesce(k.seq, -1), coalesce(k.size, -1)
        FROM pg_catalog.unnest(@distinctIds) AS u (id)
        LEFT JOIN deployments d ON d.id = u.id
        LEFT JOIN log k ON k.id = u.id
        """, P.Of(distinctIds));

    private static async Task<LogAppend> NothingAsync(ResultSets sets)
    {
        await sets.SkipAsync().ConfigureAwait(false);
        return new([], sets.IsRepeated);
    }

    private static async Task<LogAppend> ResultsAsync(ResultSets sets)
    {
        await sets.SkipAsync().ConfigureAwait(false);
        var results = await sets.ListAsync(
            row => LogAppendResult.Of(row.Guid(), exists: row.Flag(), isLocked: row.Flag(), dropped: row.Int())).ConfigureAwait(false);
        return new(results, sets.IsRepeated);
    }

    // Sets the driver's limit in this transaction, unless the server's is lower.
    private Statement TimeLimit() => new("""
        SELECT pg_catalog.set_config('statement_timeout', @commandSeconds::int::text || 's'::text, TRUE)
        WHERE @commandSeconds::int > 0
          AND pg_catalog.current_setting('statement_timeout')::interval
            NOT BETWEEN interval '1 millisecond' AND pg_catalog.make_interval(secs => @commandSeconds::float8)
        """, P.Of(Math.Min(db.CommandSeconds, MaxSeconds), "commandSeconds"));

    private Task<LogAppend> CopyAsync(
        LogLines lines,
        DateTimeOffset now,
        Statement[] before,
        Statement[] again,
        Func<ResultSets, Task<LogAppend>> readAgain,
        CancellationToken cancellationToken)
    {
        var copy = new LogCopy(lines, now, maxBytes, Ending);
        before = [TimeLimit(), .. before];
        return db.CopyAsync(ReadAsync, before, Copy, copy.WriteAsync, again, readAgain, cancellationToken, nameof(AppendAsync));

        async Task<LogAppend> ReadAsync(ResultSets sets)
        {
            for (var i = 1; i < before.Length; i++)
            {
                await sets.SkipAsync().ConfigureAwait(false);
            }

            var ends = await sets.ListAsync(row => new LogEnd(row.Guid(), row.Flag(), row.Long(), row.Long())).ConfigureAwait(false);
            return new(copy.Begin(ends), sets.IsRepeated);
        }
    }
}
