using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using AutoStack.Data.Internal;
using Npgsql;
using NpgsqlTypes;

namespace AutoStack.Data.Deployments;

/// <summary>
/// How lines get into the table. A lock is held to the commit, so that lines get their numbers in commit order. The trigger that numbers the
/// lines of other writers takes the same one, and likewise leaves the first numbers to lines that have none yet. It is a statement of its own: only
/// one that starts after the lock is taken sees the numbers given before.
/// </summary>
internal sealed class DeploymentLogAppends(Db db)
{
    /// <summary>From so many lines on, COPY is the faster way.</summary>
    internal const int CopyFrom = 5000;

    // The trigger finds the numbers given already.
    private static readonly Statement Copy = new(
        "COPY deployment_logs (id, deployment_id, timestamp, log_level, message, created_at, seq) FROM STDIN (FORMAT BINARY)");

    /// <summary>Appends lines of one deployment.</summary>
    public Task AppendAsync(Guid deploymentId, LogLines lines, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var @lock = new Statement("""
            SELECT 1
            FROM pg_advisory_xact_lock('deployment_logs'::regclass::oid::int, uuid_hash(@deploymentId) & 1023)
            """, P.Of(deploymentId));
        var insert = new Statement("""
            INSERT INTO deployment_logs (id, deployment_id, timestamp, log_level, message, created_at, seq)
            SELECT n.id, @deploymentId, n.timestamp, n.log_level, n.message, @now,
                coalesce(
                    (SELECT max(m.seq) FROM deployment_logs m WHERE m.deployment_id = @deploymentId),
                    (SELECT count(*) FROM deployment_logs m WHERE m.deployment_id = @deploymentId)) + row_number() OVER (ORDER BY n.ordinal)
            FROM unnest(@ids, @times, @levels, @messages) WITH ORDINALITY AS n (id, timestamp, log_level, message, ordinal)
            WHERE (SELECT t.deployment_id FROM deployment_logs t WHERE t.id = n.id) IS DISTINCT FROM @deploymentId
            """, P.Of(deploymentId), P.Of(now), P.Column(lines.Ids), P.Column(lines.Times), P.Column(lines.Levels), P.Column(lines.Messages));
        return lines.IsForCopy
            ? CopyAsync(lines, now, [@lock, Last([deploymentId])], [@lock, insert], StoredAsync, new() { [deploymentId] = 0 }, cancellationToken)
            : db.WriteBatchAsync(sets => sets.AnyAsync(), [@lock, insert], Repeat.WhenConnectionIsLost, cancellationToken);
    }

    /// <summary>Appends lines of many deployments; those of deployments that are not there are left out.</summary>
    /// <returns>The deployments that are not there.</returns>
    public async Task<IReadOnlyList<Guid>> AppendManyAsync(LogLines lines, DateTimeOffset now, CancellationToken cancellationToken)
    {
        Guid[] distinctIds = [.. lines.DeploymentIds.Distinct()];

        // In ascending order, so that two of these never wait for each other.
        var locks = new Statement("""
            SELECT pg_advisory_xact_lock('deployment_logs'::regclass::oid::int, b.bucket)
            FROM (
                SELECT DISTINCT uuid_hash(u.id) & 1023 AS bucket
                FROM unnest(@distinctIds) AS u (id)
                ORDER BY bucket
            ) b
            """, P.Of(distinctIds));

        // What is asked of a deployment, whether it is there and how far its numbers go, is asked at its first line only.
        var insert = new Statement("""
            WITH stored AS (
                INSERT INTO deployment_logs (id, deployment_id, timestamp, log_level, message, created_at, seq)
                SELECT w.id, w.deployment_id, w.timestamp, w.log_level, w.message, @now, w.last + w.place
                FROM (
                    SELECT f.id, f.deployment_id, f.timestamp, f.log_level, f.message, f.place,
                        first_value(f.last) OVER (PARTITION BY f.deployment_id ORDER BY f.ordinal) AS last
                    FROM (
                        SELECT n.id, n.deployment_id, n.timestamp, n.log_level, n.message, n.ordinal,
                            row_number() OVER (PARTITION BY n.deployment_id ORDER BY n.ordinal) AS place,
                            CASE WHEN row_number() OVER (PARTITION BY n.deployment_id ORDER BY n.ordinal) = 1 THEN (
                                SELECT coalesce(
                                    (SELECT max(m.seq) FROM deployment_logs m WHERE m.deployment_id = d.id),
                                    (SELECT count(*) FROM deployment_logs m WHERE m.deployment_id = d.id))
                                FROM deployments d
                                WHERE d.id = n.deployment_id
                            ) END AS last
                        FROM unnest(@deploymentIds, @ids, @times, @levels, @messages)
                            WITH ORDINALITY AS n (deployment_id, id, timestamp, log_level, message, ordinal)
                        WHERE (SELECT t.deployment_id FROM deployment_logs t WHERE t.id = n.id) IS DISTINCT FROM n.deployment_id
                    ) f
                ) w
                WHERE w.last IS NOT NULL
            )
            SELECT u.id
            FROM unnest(@distinctIds) AS u (id)
            WHERE NOT EXISTS (SELECT FROM deployments d WHERE d.id = u.id)
            """,
            P.Of(now),
            P.Of(distinctIds),
            P.Column(lines.DeploymentIds),
            P.Column(lines.Ids),
            P.Column(lines.Times),
            P.Column(lines.Levels),
            P.Column(lines.Messages));
        return lines.IsForCopy
            ? await CopyAsync(lines, now, [locks, Last(distinctIds)], [locks, insert], MissingAsync, [], cancellationToken).ConfigureAwait(false)
            : await db.WriteBatchAsync(MissingAsync, [locks, insert], Repeat.WhenConnectionIsLost, cancellationToken).ConfigureAwait(false);
    }

    // How far the numbers of each deployment go, of those that are there.
    private static Statement Last(Guid[] distinctIds) => new("""
        SELECT d.id,
            coalesce(
                (SELECT max(m.seq) FROM deployment_logs m WHERE m.deployment_id = d.id),
                (SELECT count(*) FROM deployment_logs m WHERE m.deployment_id = d.id))
        FROM deployments d
        WHERE d.id = ANY (@distinctIds)
        """, P.Of(distinctIds));

    private static async Task<IReadOnlyList<Guid>> StoredAsync(ResultSets sets)
    {
        await sets.AnyAsync().ConfigureAwait(false);
        return [];
    }

    private static async Task<IReadOnlyList<Guid>> MissingAsync(ResultSets sets)
    {
        await sets.AnyAsync().ConfigureAwait(false);
        return await sets.ListAsync(row => row.Guid()).ConfigureAwait(false);
    }

    // A deployment that is given beforehand and is not there is refused by its foreign key; of others the lines are left out.
    private Task<IReadOnlyList<Guid>> CopyAsync(
        LogLines lines,
        DateTimeOffset now,
        Statement[] before,
        Statement[] again,
        Func<ResultSets, Task<IReadOnlyList<Guid>>> readAgain,
        Dictionary<Guid, long> last,
        CancellationToken cancellationToken)
    {
        return db.CopyAsync(ReadAsync, before, Copy, WriteAsync, again, readAgain, cancellationToken, nameof(AppendAsync));

        async Task<IReadOnlyList<Guid>> ReadAsync(ResultSets sets)
        {
            await sets.AnyAsync().ConfigureAwait(false);
            foreach (var (id, seq) in await sets.ListAsync(row => (row.Guid(), row.Long())).ConfigureAwait(false))
            {
                last[id] = seq;
            }

            return [.. lines.DeploymentIds.Where(id => !last.ContainsKey(id)).Distinct()];
        }

        async Task WriteAsync(NpgsqlBinaryImporter importer, CancellationToken token)
        {
            var createdAt = Time.ToColumn(now);
            for (var i = 0; i < lines.Count; i++)
            {
                ref var seq = ref CollectionsMarshal.GetValueRefOrNullRef(last, lines.DeploymentIds[i]);
                if (!Unsafe.IsNullRef(in seq))
                {
                    await WriteLineAsync(importer, i, ++seq, createdAt, token).ConfigureAwait(false);
                }
            }
        }

        async Task WriteLineAsync(NpgsqlBinaryImporter importer, int i, long seq, DateTime createdAt, CancellationToken token)
        {
            await importer.StartRowAsync(token).ConfigureAwait(false);
            await importer.WriteAsync(lines.Ids[i], NpgsqlDbType.Uuid, token).ConfigureAwait(false);
            await importer.WriteAsync(lines.DeploymentIds[i], NpgsqlDbType.Uuid, token).ConfigureAwait(false);
            await importer.WriteAsync(lines.Times[i], NpgsqlDbType.Timestamp, token).ConfigureAwait(false);
            await importer.WriteAsync(lines.Levels[i], NpgsqlDbType.Text, token).ConfigureAwait(false);
            await importer.WriteAsync(lines.Messages[i], NpgsqlDbType.Text, token).ConfigureAwait(false);
            await importer.WriteAsync(createdAt, NpgsqlDbType.Timestamp, token).ConfigureAwait(false);
            await importer.WriteAsync(seq, NpgsqlDbType.Bigint, token).ConfigureAwait(false);
        }
    }
}
