using AutoStack.Data.Postgres;
using AutoStack.Data.Status;
using AutoStack.Data.Values;

namespace AutoStack.Data.Logs;

internal sealed class DeploymentRuntimeLogRepository(Db db, LogContext context) : IDeploymentRuntimeLogRepository, IPlatformDeploymentRuntimeLogRepository
{
    internal const string Columns = "r.id, r.deployment_id, r.source, r.log_level, r.message, r.timestamp, r.seq";

    internal static DeploymentRuntimeLog Read(RowReader row) => new()
    {
        Id = row.Guid(),
        DeploymentId = row.Guid(),
        Source = row.Value<RuntimeLogSource>(),
        Level = row.ValueOrNull<DeploymentLogLevel>(),
        Message = row.Text(),
        Timestamp = row.Time(),
        Seq = row.Long(),
    };

    /// <summary>Removes rows of the chosen deployments, whatever their age.</summary>
    internal static Statement PurgeChosen(int limit) => new($"""
        DELETE FROM deployment_runtime_logs r
        WHERE r.id = ANY (ARRAY(
            SELECT o.id
            FROM pg_catalog.unnest({Chosen.Ids}) AS c (id)
            CROSS JOIN LATERAL (
                SELECT k.id
                FROM deployment_runtime_logs k
                WHERE k.deployment_id = c.id
                LIMIT @limit
            ) o
            LIMIT @limit
        ))
        """, P.Of(limit));

    public async Task<RuntimeLogPage> ListAsync(Guid deploymentId, Guid ownerId, LogCursor after, int limit, CancellationToken cancellationToken)
    {
        var lines = await db.ListAsync(Read, $"""
            SELECT {Columns}
            FROM deployment_runtime_logs r
            WHERE r.deployment_id = @deploymentId AND r.seq > @seq AND {DeploymentState.Owned}
            ORDER BY r.seq
            LIMIT @limit
            """,
            [P.Of(deploymentId), P.Of(ownerId), P.Of(after.Seq), P.Of(Limit.Check(limit, IDeploymentRuntimeLogRepository.MaxPageSize), nameof(limit))],
            cancellationToken).ConfigureAwait(false);
        return Page(lines, after);
    }

    public async Task<RuntimeLogPage> ListTailAsync(Guid deploymentId, Guid ownerId, LogCursor before, int limit, CancellationToken cancellationToken)
    {
        var lines = await db.ListAsync(Read, $"""
            SELECT {Columns}
            FROM deployment_runtime_logs r
            WHERE r.deployment_id = @deploymentId AND r.seq <= @seq AND {DeploymentState.Owned}
            ORDER BY r.seq DESC
            LIMIT @limit
            """,
            [P.Of(deploymentId), P.Of(ownerId), P.Of(before.Seq), P.Of(Limit.Check(limit, IDeploymentRuntimeLogRepository.MaxPageSize), nameof(limit))],
            cancellationToken).ConfigureAwait(false);
        return Page([.. lines.Reverse()], LogCursor.Start);
    }

    public async Task<int> AppendAsync(
        Guid deploymentId, RuntimeLogSource source, IReadOnlyCollection<NewDeploymentRuntimeLog> lines, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(lines);
        var checkedSource = P.Of(source);
        if (lines.Count > IPlatformDeploymentRuntimeLogRepository.MaxBatchSize)
        {
            throw new ArgumentException($"{lines.Count} lines are too many at once; at most {IPlatformDeploymentRuntimeLogRepository.MaxBatchSize}.", nameof(lines));
        }

        if (lines.Count == 0)
        {
            return 0;
        }

        var ids = new Guid[lines.Count];
        var times = new DateTime[lines.Count];
        var messages = new string[lines.Count];
        var i = 0;
        foreach (var line in lines)
        {
            var message = line?.Message ?? throw new ArgumentException($"Line {i} is null or has no message.", nameof(lines));
            ids[i] = Ids.New();
            times[i] = Time.ToColumn(line.Timestamp);
            messages[i] = context.Secrets.MaskBeginning(deploymentId, message, IPlatformDeploymentRuntimeLogRepository.MaxMessageLength);
            i++;
        }

        // Held to the commit, so that lines get their numbers in commit order, and of two that send the same lines at once the second sees
        // those of the first. The trigger that numbers the lines of other writers takes the same lock. A statement of its own: only one
        // that starts after the lock is taken sees what was stored before.
        var @lock = new Statement("""
            SELECT 1
            FROM pg_catalog.pg_advisory_xact_lock(
                pg_catalog.uuid_hash_extended(@deploymentId, 'deployment_runtime_logs'::regclass::oid::bigint))
            """, P.Of(deploymentId));
        var insert = new Statement("""
            WITH sent AS (
                SELECT n.id, n.timestamp, n.message, n.ordinal,
                    pg_catalog.row_number() OVER (PARTITION BY n.timestamp, n.message ORDER BY n.ordinal) AS occurrence
                FROM ROWS FROM (
                    pg_catalog.unnest(@ids), pg_catalog.unnest(@times), pg_catalog.unnest(@messages)
                ) WITH ORDINALITY AS n (id, timestamp, message, ordinal)
            ),
            known AS (
                SELECT k.timestamp, k.message, pg_catalog.count(k.id) AS occurrences
                FROM deployment_runtime_logs k
                WHERE k.deployment_id = @deploymentId AND k.timestamp = ANY (@times) AND pg_catalog.lower(k.source::text) = @source
                GROUP BY k.timestamp, k.message
            ),
            stored AS (
                INSERT INTO deployment_runtime_logs (id, deployment_id, source, message, timestamp, seq)
                SELECT n.id, @deploymentId, @source, n.message, n.timestamp,
                    coalesce(
                        (SELECT pg_catalog.max(m.seq) FROM deployment_runtime_logs m WHERE m.deployment_id = @deploymentId),
                        (SELECT pg_catalog.count(*) FROM deployment_runtime_logs m WHERE m.deployment_id = @deploymentId)) + pg_catalog.row_number() OVER (ORDER BY n.ordinal)
                FROM sent n
                LEFT JOIN known k ON k.timestamp = n.timestamp AND k.message = n.message
                WHERE n.occurrence > coalesce(k.occurrences, 0)
                RETURNING id
            )
            SELECT pg_catalog.count(t.id)::int
            FROM stored t
            """, P.Of(deploymentId), checkedSource, P.Of(ids), P.Of(times), P.Of(messages));
        return await db.WriteBatchAsync(
            async sets =>
            {
                await sets.SkipAsync().ConfigureAwait(false);
                return (await sets.ListAsync(row => row.Int()).ConfigureAwait(false))[0];
            },
            [@lock, insert], Repeat.WhenConnectionIsLost, cancellationToken).ConfigureAwait(false);
    }

    public Task<int> PurgeAsync(DateTimeOffset before, int limit, CancellationToken cancellationToken) =>
        PurgeAsync(before, limit, new PurgeWindow.Place(), cancellationToken);

    // The row of the first line is the gate: whoever has it purges this log, others pass over it. So is a deployment that is being removed
    // with its log.
    internal Task<int> PurgeAsync(DateTimeOffset before, int limit, PurgeWindow.Place place, CancellationToken cancellationToken) =>
        PurgeWindow.PurgeAsync(db, $"""
            WITH {PurgeWindow.Visited},
            log AS NOT MATERIALIZED (
                SELECT r.id, r.deployment_id, r.seq, r.timestamp
                FROM deployment_runtime_logs r
            ),
            {PurgeWindow.Begun},
            gate AS (
                SELECT b.id
                FROM begun b
                CROSS JOIN LATERAL (SELECT d.id FROM deployments d WHERE d.id = b.id FOR KEY SHARE SKIP LOCKED) d
                CROSS JOIN LATERAL (SELECT f.id FROM deployment_runtime_logs f WHERE f.id = b.first_id FOR UPDATE SKIP LOCKED) f
            ),
            {PurgeWindow.Beginnings},
            gone AS (
                DELETE FROM deployment_runtime_logs r
                WHERE r.id = ANY (ARRAY(SELECT e.id FROM line e))
                RETURNING r.id
            )
            {PurgeWindow.Result}
            """, before, Limit.Check(limit, IPlatformDeploymentRuntimeLogRepository.MaxPurgeSize), place, cancellationToken);

    private static RuntimeLogPage Page(IReadOnlyList<DeploymentRuntimeLog> lines, LogCursor whenEmpty) =>
        lines.Count == 0 ? new RuntimeLogPage(lines, whenEmpty, whenEmpty) : new RuntimeLogPage(lines, new LogCursor(lines[0].Seq - 1), new LogCursor(lines[^1].Seq));
}
