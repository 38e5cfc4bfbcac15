using System.Runtime.CompilerServices;
using AutoStack.Data.Postgres;
using AutoStack.Data.Status;
using AutoStack.Data.Values;
using Npgsql;

namespace AutoStack.Data.Deployments;

internal sealed class DeploymentStageRepository(Db db, DeploymentContext context) : IDeploymentStageRepository, IPlatformDeploymentStageRepository
{
    internal const string Columns = "s.id, s.deployment_id, s.stage_name, s.status, s.started_at, s.completed_at, s.error_message, s.created_at";

    /// <summary>
    /// Makes the stages agree with the deployment in <c>moved</c> (id, status, failed_reason): what was in progress ends as the deployment
    /// did, what was pending is cancelled unless it did well, and the stage of its status is entered. Needs <c>@now</c> and
    /// <c>@stageId</c>.
    /// </summary>
    internal const string FollowMoved = $"""
        closed AS (
            UPDATE deployment_stages s
            SET status = CASE
                    WHEN s.status::text = 'pending' THEN 'cancelled'
                    WHEN pg_catalog.lower(m.status::text) IN ('failed', 'cancelled') THEN pg_catalog.lower(m.status::text)
                    ELSE 'completed'
                END,
                completed_at = greatest({ServerTime.Present}, s.started_at),
                error_message = CASE
                    WHEN pg_catalog.lower(m.status::text) = 'failed' AND s.status::text = 'in_progress' THEN m.failed_reason
                    ELSE s.error_message
                END
            FROM moved m
            WHERE s.deployment_id = m.id AND pg_catalog.lower(s.stage_name::text) <> pg_catalog.lower(m.status::text)
              AND (s.status::text = 'in_progress' OR (s.status::text = 'pending' AND pg_catalog.lower(m.status::text) IN ('failed', 'cancelled')))
        ),
        entered AS (
            INSERT INTO deployment_stages AS s (id, deployment_id, stage_name, status, started_at, created_at)
            SELECT @stageId, m.id, m.status, 'in_progress', {ServerTime.Present}, {ServerTime.Present}
            FROM moved m
            WHERE pg_catalog.lower(m.status::text) NOT IN {DeploymentState.Finished}
            ON CONFLICT (deployment_id, pg_catalog.lower(stage_name::text)) DO UPDATE
            SET status = 'in_progress', started_at = coalesce(s.started_at, excluded.started_at)
            WHERE s.status::text = 'pending'
        )
        """;

    /// <summary>
    /// Whether another program builds the deployment in <c>moved</c>: it stood in a step whose stage is not written as this library writes
    /// it. That of the queue does not count, which the Python services write for what they queue.
    /// </summary>
    internal const string IsDrivenElsewhere = """
        EXISTS (
            SELECT FROM deployment_stages s
            WHERE s.deployment_id = m.id AND s.status::text = 'in_progress'
              AND s.stage_name::text <> pg_catalog.lower(s.stage_name::text) AND pg_catalog.lower(s.stage_name::text) <> 'queued')
        """;

    /// <summary>
    /// The order of stages, wherever they are listed. Clocks of two machines do not decide the order of steps; names that are not known
    /// come last, by their start.
    /// </summary>
    internal const string InOrder =
        "coalesce(pg_catalog.array_position(ARRAY['queued', 'cloning', 'checkout', 'installing', 'building', 'copying', 'deploying']::text[], "
        + "pg_catalog.lower(s.stage_name::text)), 99), s.started_at, s.created_at, s.id";

    // Of many deployments at once: the whole error comes with each one's own list.
    private const string ListColumns =
        "s.id, s.deployment_id, s.stage_name, s.status, s.started_at, s.completed_at, pg_catalog.left(s.error_message, 500), s.created_at";

    internal static DeploymentStage Read(RowReader row) => new()
    {
        Id = row.Guid(),
        DeploymentId = row.Guid(),
        Name = row.Value<StageName>(),
        Status = row.Value<StageStatus>(),
        StartedAt = row.TimeOrNull(),
        CompletedAt = row.TimeOrNull(),
        ErrorMessage = row.TextOrNull(),
        CreatedAt = row.Time(),
    };

    internal static Statement ByDeployment(Guid deploymentId, Guid ownerId, int limit) => new($"""
        SELECT {Columns}
        FROM deployment_stages s
        WHERE s.deployment_id = @deploymentId AND {DeploymentState.Owned}
        ORDER BY {InOrder}
        LIMIT @limit
        """, P.Of(deploymentId), P.Of(ownerId), P.Of(limit));

    public Task<IReadOnlyList<DeploymentStage>> ListByDeploymentAsync(Guid deploymentId, Guid ownerId, CancellationToken cancellationToken) =>
        db.ListAsync(Read, ByDeployment(deploymentId, ownerId, IDeploymentStageRepository.MaxListSize), cancellationToken);

    public async Task<ILookup<Guid, DeploymentStage>> ListByDeploymentsAsync(
        IReadOnlyCollection<Guid> deploymentIds, Guid ownerId, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(deploymentIds);
        if (deploymentIds.Count > IDeploymentStageRepository.MaxDeployments)
        {
            throw new ArgumentException(
                $"{deploymentIds.Count} deployments are too many at once; at most {IDeploymentStageRepository.MaxDeployments}.", nameof(deploymentIds));
        }

        var stages = deploymentIds.Count == 0 ? [] : await db.ListAsync(Read, $"""
            SELECT {ListColumns}
            FROM deployments d
            CROSS JOIN LATERAL (
                SELECT {Columns}
                FROM deployment_stages s
                WHERE s.deployment_id = d.id
                ORDER BY {InOrder}
                LIMIT @limit
            ) s
            WHERE d.id = ANY (@deploymentIds) AND d.user_id = @ownerId AND NOT d.is_deleted
            ORDER BY s.deployment_id, {InOrder}
            """,
            [P.Of([.. deploymentIds], nameof(deploymentIds)), P.Of(ownerId), P.Of(IDeploymentStageRepository.MaxListSize, "limit")],
            cancellationToken).ConfigureAwait(false);
        return stages.ToLookup(stage => stage.DeploymentId);
    }

    // Waits for a cancel that is on its way, as a start does: what nobody would cancel is not planned.
    public async Task<bool> PlanAsync(Guid deploymentId, IReadOnlyList<StageName> names, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(names);
        if (names.Count > IDeploymentStageRepository.MaxListSize)
        {
            throw new ArgumentException($"{names.Count} stages are too many; at most {IDeploymentStageRepository.MaxListSize}.", nameof(names));
        }

        string[] stages = [.. names.Select(name => P.Written(name, nameof(names)))];
        Guid[] ids = [.. stages.Select(_ => Ids.New())];
        return await db.WriteAsync(row => row.Text(), $"""
            WITH held AS (
                SELECT d.id, d.status
                FROM deployments d
                WHERE d.id = @deploymentId AND NOT d.is_deleted AND pg_catalog.lower(d.status::text) NOT IN {DeploymentState.Finished}
                FOR NO KEY UPDATE
            ),
            planned AS (
                INSERT INTO deployment_stages AS s (id, deployment_id, stage_name, status, created_at)
                SELECT n.id, h.id, n.stage_name, 'pending', {ServerTime.Present}
                FROM held h
                CROSS JOIN unnest(@ids, @stages) AS n (id, stage_name)
                ON CONFLICT (deployment_id, pg_catalog.lower(stage_name::text)) DO NOTHING
            )
            SELECT h.status
            FROM held h
            """, [P.Of(deploymentId), P.Of(ids), P.Of(stages), ServerTime.Now(context.Clock)], Repeat.WhenConnectionIsLost, cancellationToken).ConfigureAwait(false) is not null;
    }

    public async Task<bool> SetAsync(
        Guid deploymentId, StageName name, StageStatus status, string? errorMessage, CancellationToken cancellationToken)
    {
        if (errorMessage is not null && status != StageStatus.Failed)
        {
            throw new ArgumentException($"Only a failed stage has an error, not one that is '{status}'.", nameof(errorMessage));
        }

        return await db.WriteAsync($"""
            INSERT INTO deployment_stages AS s (id, deployment_id, stage_name, status, started_at, completed_at, error_message, created_at)
            SELECT
                @id, d.id, @name, @status,
                CASE WHEN @status IN ('in_progress', 'completed', 'failed') THEN {ServerTime.Present} END,
                CASE WHEN @status IN ('completed', 'failed', 'cancelled') THEN {ServerTime.Present} END,
                @errorMessage, {ServerTime.Present}
            FROM deployments d
            WHERE d.id = @deploymentId AND NOT d.is_deleted AND pg_catalog.lower(d.status::text) NOT IN {DeploymentState.Finished}
            FOR NO KEY UPDATE OF d
            ON CONFLICT (deployment_id, pg_catalog.lower(stage_name::text)) DO UPDATE
            SET status = excluded.status,
                started_at = coalesce(s.started_at, excluded.started_at),
                completed_at = greatest(excluded.completed_at, CASE WHEN excluded.completed_at IS NOT NULL THEN s.started_at END),
                error_message = excluded.error_message
            WHERE (s.status::text = 'pending' AND excluded.status::text <> 'pending')
               OR (s.status::text = 'in_progress' AND excluded.status::text IN ('completed', 'failed', 'cancelled'))
            """,
            [P.Of(Ids.New(), "id"), P.Of(deploymentId), P.Of(name), P.Of(status), Error(deploymentId, errorMessage), ServerTime.Now(context.Clock)],
            cancellationToken).ConfigureAwait(false) == 1;
    }

    // Waits for a cancel that is on its way, and then sees it: a stage that nobody would end is not entered.
    public async Task<bool> StartAsync(Guid deploymentId, StageName name, CancellationToken cancellationToken) =>
        await db.WriteAsync($"""
            INSERT INTO deployment_stages AS s (id, deployment_id, stage_name, status, started_at, created_at)
            SELECT @id, d.id, @name, 'in_progress', {ServerTime.Present}, {ServerTime.Present}
            FROM deployments d
            WHERE d.id = @deploymentId AND NOT d.is_deleted AND pg_catalog.lower(d.status::text) NOT IN {DeploymentState.Finished}
            FOR NO KEY UPDATE OF d
            ON CONFLICT (deployment_id, pg_catalog.lower(stage_name::text)) DO UPDATE
            SET status = 'in_progress', started_at = coalesce(s.started_at, excluded.started_at)
            WHERE s.status::text = 'pending'
            """, [P.Of(Ids.New(), "id"), P.Of(deploymentId), P.Of(name), ServerTime.Now(context.Clock)], cancellationToken).ConfigureAwait(false) == 1;

    public Task<bool> CompleteAsync(Guid deploymentId, StageName name, CancellationToken cancellationToken) =>
        EndAsync(deploymentId, name, StageStatus.Completed, errorMessage: null, cancellationToken);

    public Task<bool> FailAsync(Guid deploymentId, StageName name, string errorMessage, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(errorMessage);
        return EndAsync(deploymentId, name, StageStatus.Failed, errorMessage, cancellationToken);
    }

    // Holds the deployment before the stage, as every transition does: none of them waits for the other in a circle.
    private Task<bool> EndAsync(
        Guid deploymentId,
        StageName name,
        StageStatus status,
        string? errorMessage,
        CancellationToken cancellationToken,
        [CallerMemberName] string operation = "")
    {
        var end = new Statement($"""
            UPDATE deployment_stages s
            SET status = @status, completed_at = greatest({ServerTime.Present}, s.started_at), error_message = @errorMessage
            WHERE s.deployment_id = @deploymentId AND pg_catalog.lower(s.stage_name::text) = @name AND s.status::text = 'in_progress'
            RETURNING s.id
            """, P.Of(deploymentId), P.Of(name), P.Of(status), Error(deploymentId, errorMessage), ServerTime.Now(context.Clock));
        return db.WriteBatchAsync(
            async sets =>
            {
                await sets.SkipAsync().ConfigureAwait(false);
                return await sets.AnyAsync().ConfigureAwait(false);
            },
            [DeploymentState.Lock(deploymentId), end], Repeat.Never, cancellationToken, operation);
    }

    private NpgsqlParameter Error(Guid deploymentId, string? errorMessage) =>
        P.TextOrNull(BuildText.Of(context.Secrets, deploymentId, errorMessage, IDeploymentStageRepository.MaxErrorLength), name: nameof(errorMessage));
}
