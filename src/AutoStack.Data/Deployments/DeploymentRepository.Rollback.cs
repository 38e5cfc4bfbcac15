using AutoStack.Data.Postgres;
using AutoStack.Data.Secrets;
using AutoStack.Data.Status;
using AutoStack.Data.Values;

namespace AutoStack.Data.Deployments;

// A rollback of the live site: a new deployment of an earlier commit, with the environment of that time.
internal sealed partial class DeploymentRepository
{
    // The environment that the statement brings is that of the original. Needs the row o.
    private const string BringsOriginal = "o.env_vars IS NOT DISTINCT FROM @seen";

    // A failed deployment l went live last, and became unhealthy: it is the live one, or has an address and went live after it, as those
    // of the Python services, which are in no row of live_deployments. Needs @projectId.
    private const string BecameUnhealthy = """
        l.status::text = 'failed' AND (
            l.id = (SELECT v.deployment_id FROM live_deployments v WHERE v.project_id = @projectId AND v.is_production)
            OR l.deployed_url IS NOT NULL AND NOT EXISTS (
                SELECT FROM live_deployments v WHERE v.project_id = @projectId AND v.is_production AND v.live_at >= l.completed_at))
        """;

    // The original: the chosen deployment, or the last good one before the one that went live last. Needs @projectId, @ownerId and
    // @originalId.
    private const string Original = $"""
        original AS MATERIALIZED (
            SELECT
                d.id, d.project_id, d.user_id, d.branch, d.commit_hash, d.commit_hash_full, d.commit_message, d.author, d.commit_timestamp,
                d.env_vars, d.env_vars_version
            FROM deployments d
            JOIN projects p ON p.id = d.project_id
            WHERE d.project_id = @projectId AND d.user_id = @ownerId AND d.is_production AND NOT d.is_deleted
              AND d.status::text = 'success' AND {AccountState.OwnerIsOpen}
              AND (@originalId::uuid IS NULL AND (d.created_at, d.id) < (
                      SELECT l.created_at, l.id
                      FROM deployments l
                      WHERE l.project_id = @projectId AND l.is_production AND NOT l.is_deleted
                        AND (l.status::text = 'success' OR {BecameUnhealthy})
                      ORDER BY l.created_at DESC, l.id DESC
                      LIMIT 1)
                  OR d.id = @originalId)
            ORDER BY d.created_at DESC, d.id DESC
            LIMIT 1
            FOR KEY SHARE OF p
        )
        """;

    public async Task<Deployment?> RollbackAsync(
        Guid projectId, Guid ownerId, Rollback? rollback, CancellationToken cancellationToken)
    {
        if (rollback?.Id is { } given && given == rollback.DeploymentId)
        {
            throw InvalidArgument.Of("rollback.Id", "equals rollback.DeploymentId; the new deployment needs an id of its own");
        }

        var newId = Ids.Of(rollback?.Id, "rollback.Id");
        var stored = new Statement($"""
            SELECT {Columns}
            FROM deployments d
            WHERE d.id = @newId AND d.project_id = @projectId AND d.user_id = @ownerId AND d.is_production
              AND d.creator_type::text = 'manual' AND {AccountState.OwnerIsOpen}
            """, P.Of(newId), P.Of(projectId), P.Of(ownerId));
        var queued = await QueueAsync(newId, ownerId, older: null, Insert, stored, cancellationToken).ConfigureAwait(false);
        return queued is null && rollback?.Id is not null && await ExistsAsync(newId, cancellationToken).ConfigureAwait(false)
            ? throw DuplicateException.OfId("deployments_pkey")
            : queued;

        Statement Insert(StoredSecret seen, StoredSecret own) => new($"""
            WITH {Original},
            moved AS (
                INSERT INTO deployments AS d ({Queued})
                SELECT
                    @newId, o.project_id, o.user_id, 'queued', o.branch, o.commit_hash, o.commit_hash_full, o.commit_message, o.author,
                    o.commit_timestamp, 'manual', TRUE, @own, @version, {ServerTime.Present}, FALSE, NULL::bigint
                FROM original o
                WHERE {BringsOriginal}
                ON CONFLICT (id) DO NOTHING
                RETURNING d.id, d.status, d.failed_reason
            ),
            {DeploymentStageRepository.FollowMoved}
            SELECT m.id, NULL::uuid, NULL::text, NULL::uuid, NULL::uuid
            FROM moved m
            UNION ALL
            SELECT NULL, o.project_id, o.env_vars, o.env_vars_version, o.id
            FROM original o
            WHERE NOT {BringsOriginal}
            """,
            [
                P.Of(newId),
                P.Of(projectId),
                P.Of(ownerId),
                P.Of(rollback?.DeploymentId, "originalId"),
                P.TextOrNull(seen.Value, name: nameof(seen)),
                P.TextOrNull(own.Value, name: nameof(own)),
                P.Of(own.Version, "version"),
                .. DeploymentStageRepository.FollowMovedParameters(context.Clock),
            ]);
    }
}
