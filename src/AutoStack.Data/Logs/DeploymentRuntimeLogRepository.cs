using AutoStack.Data.Postgres;
using AutoStack.Data.Status;
using AutoStack.Data.Values;
using Npgsql;

namespace AutoStack.Data.Logs;

internal sealed class DeploymentRuntimeLogRepository(Db db, LogContext context)
    : IDeploymentRuntimeLogRepository, IPlatformDeploymentRuntimeLogRepository
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

    /// <summary>Removes lines of the chosen deployments, whatever their age.</summary>
    internal static Statement PurgeChosen(int limit) =>
        new(
            $"{LogPurge.OfChosen} deployment_runtime_logs {LogPurge.UpToLimit} deployment_runtime_logs {LogPurge.Joined}", P.Of(limit));

    // The limit stands in a subquery as in DeploymentLogRepository. So does the deployment: beside long outputs, a plan for one with a
    // short output looks cheaper. Partitions of this table are chosen by other columns.
    public async Task<LogPage<DeploymentRuntimeLog>> ListAsync(
        Guid deploymentId, Guid ownerId, Cursor cursor, int limit, CancellationToken cancellationToken)
    {
        var seq = cursor.ToSeq() ?? 0;
        var lines = await db.ListAsync(Read, $"""
            SELECT {Columns}
            FROM deployment_runtime_logs r
            WHERE r.deployment_id = (SELECT @deploymentId::uuid) AND r.seq > @seq AND {DeploymentState.Owned}
            ORDER BY r.seq
            LIMIT (SELECT @limit::int)
            """, Parameters(deploymentId, ownerId, seq, limit), cancellationToken).ConfigureAwait(false);
        return LogPage<DeploymentRuntimeLog>.Of(lines, line => line.Seq, emptyAt: seq);
    }

    public async Task<LogPage<DeploymentRuntimeLog>> ListTailAsync(
        Guid deploymentId, Guid ownerId, Cursor cursor, int limit, CancellationToken cancellationToken)
    {
        var seq = cursor.ToSeq() ?? long.MaxValue;
        var lines = await db.ListAsync(Read, $"""
            SELECT {Columns}
            FROM deployment_runtime_logs r
            WHERE r.deployment_id = (SELECT @deploymentId::uuid) AND r.seq <= @seq AND {DeploymentState.Owned}
            ORDER BY r.seq DESC
            LIMIT (SELECT @limit::int)
            """, Parameters(deploymentId, ownerId, seq, limit), cancellationToken).ConfigureAwait(false);
        return LogPage<DeploymentRuntimeLog>.Of([.. lines.Reverse()], line => line.Seq, emptyAt: 0);
    }

    public async Task<int> AppendAsync(
        Guid deploymentId, RuntimeLogSource source, IReadOnlyCollection<NewDeploymentRuntimeLog> lines, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(lines);
        var checkedSource = P.Of(source);
        if (lines.Count > IPlatformDeploymentRuntimeLogRepository.MaxBatchSize)
        {
            throw new ArgumentException(
                $"{lines.Count} lines are too many at once; at most {IPlatformDeploymentRuntimeLogRepository.MaxBatchSize}.",
                nameof(lines));
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
            messages[i] = context.Secrets.MaskBeginning(deploymentId, message, DeploymentRuntimeLog.MaxMessageLength);
            i++;
        }

        // The transaction holds the lock until its commit, so that lines are numbered in commit order, and so that the second of two
        // concurrent appends of the same lines sees those of the first. The trigger that numbers the lines of other writers takes the same
        // lock. The lock is a separate statement: only a statement that starts after the lock was taken sees the lines stored before. The
        // join that joins nothing locks the table first, so that a migration that replaces the table waits for the transaction.
        var @lock = new Statement("""
            SELECT 1
            FROM pg_catalog.pg_advisory_xact_lock(
                pg_catalog.uuid_hash_extended(@deploymentId, 'deployment_runtime_logs'::regclass::oid::bigint))
            LEFT JOIN deployment_runtime_logs t ON FALSE
            """, P.Of(deploymentId));
        var insert = new Statement("""
            WITH sent AS MATERIALIZED (
                SELECT n.id, n.timestamp, n.message, n.ordinal,
                    pg_catalog.row_number() OVER (PARTITION BY n.timestamp, n.message ORDER BY n.ordinal) AS occurrence
                FROM ROWS FROM (
                    pg_catalog.unnest(@ids), pg_catalog.unnest(@times), pg_catalog.unnest(@messages)
                ) WITH ORDINALITY AS n (id, timestamp, message, ordinal)
            ),
            known AS MATERIALIZED (
                SELECT k.timestamp, k.message, pg_catalog.count(k.id) AS occurrences
                FROM deployment_runtime_logs k
                WHERE k.deployment_id = @deploymentId AND k.timestamp = ANY (@times) AND pg_catalog.lower(k.source::text) = @source
                GROUP BY k.timestamp, k.message
            ),
            stored AS (
                INSERT INTO deployment_runtime_logs (id, deployment_id, source, message, timestamp, seq)
                SELECT n.id, @deploymentId, @source, n.message, n.timestamp,
                    pg_catalog.row_number() OVER (ORDER BY n.ordinal) + coalesce(
                        (SELECT pg_catalog.max(m.seq) FROM deployment_runtime_logs m WHERE m.deployment_id = @deploymentId),
                        (SELECT k.runtime_seq FROM deployment_log_ends k WHERE k.deployment_id = @deploymentId),
                        (SELECT pg_catalog.count(*) FROM deployment_runtime_logs m WHERE m.deployment_id = @deploymentId))
                FROM sent n
                LEFT JOIN known k ON k.timestamp = n.timestamp AND k.message = n.message
                WHERE n.occurrence > coalesce(k.occurrences, 0)
                RETURNING id
            )
            SELECT pg_catalog.count(t.id)::int
            FROM stored t
            """, P.Of(deploymentId), checkedSource, P.Of(ids), P.Of(times), P.Of(messages));
        var (added, isRepeated) = await db.WriteBatchAsync(
            async sets =>
            {
                await sets.SkipAsync().ConfigureAwait(false);
                return ((await sets.ListAsync(row => row.Int()).ConfigureAwait(false))[0], sets.IsRepeated);
            },
            [@lock, insert], cancellationToken).ConfigureAwait(false);

        // The lines of the first attempt are new too.
        return !isRepeated ? added : await db.FindValueAsync(row => row.Int(), """
            SELECT pg_catalog.count(r.id)::int
            FROM deployment_runtime_logs r
            WHERE r.id = ANY (@ids)
            """, [P.Of(ids)], cancellationToken).ConfigureAwait(false) ?? 0;
    }

    public Task<int> PurgeAsync(DateTimeOffset before, int limit, CancellationToken cancellationToken) =>
        PurgeAsync(before, limit, new PurgeWindow.Place(), cancellationToken);

    internal Task<int> PurgeAsync(DateTimeOffset before, int limit, PurgeWindow.Place place, CancellationToken cancellationToken) =>
        PurgeWindow.PurgeAsync(
            db,
            DueLogs.OfContainers,
            $"{LogPurge.Log} deployment_runtime_logs {LogPurge.Gate} deployment_runtime_logs {LogPurge.Remove} "
                + $"deployment_runtime_logs {LogPurge.Result}",
            before,
            Limit.Check(limit, IPlatformDeploymentRuntimeLogRepository.MaxPurgeSize),
            place,
            cancellationToken);

    private static NpgsqlParameter[] Parameters(Guid deploymentId, Guid ownerId, long seq, int limit) =>
    [
        P.Of(deploymentId),
        P.Of(ownerId),
        P.Of(seq),
        P.Of(Limit.Check(limit, IDeploymentRuntimeLogRepository.MaxPageSize), nameof(limit)),
    ];
}
