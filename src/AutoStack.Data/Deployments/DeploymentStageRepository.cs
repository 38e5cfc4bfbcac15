using System.Runtime.CompilerServices;
using AutoStack.Data.Postgres;
using AutoStack.Data.Status;
using AutoStack.Data.Values;
using Npgsql;

namespace AutoStack.Data.Deployments;

internal sealed class DeploymentStageRepository(Db db, DeploymentContext context)
    : IDeploymentStageRepository, IPlatformDeploymentStageRepository
{
    internal const string Columns =
        "s.id, s.deployment_id, s.stage_name, s.status, s.started_at, s.completed_at, s.error_message, s.created_at";

    /// <summary>
    /// CTEs that make the stages agree with the deployments in <c>moved</c>: stages in progress end as their deployment did, pending stages
    /// are cancelled unless the deployment succeeded, and the stage of the new status is entered. Needs the CTE <c>moved</c> (id, status,
    /// failed_reason) and the parameters of <see cref="FollowMovedParameters"/>.
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
              AND (s.status::text = 'in_progress'
                  OR (s.status::text = 'pending' AND pg_catalog.lower(m.status::text) IN ('failed', 'cancelled')))
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
    /// The CTE that sets the stages of the deployments in <c>moved</c> (id), which are queued again, to those of a deployment that waits:
    /// the queue is in progress, all others are pending.
    /// </summary>
    internal const string ResetMoved = """
        reset AS (
            UPDATE deployment_stages s
            SET status = CASE WHEN pg_catalog.lower(s.stage_name::text) = 'queued' THEN 'in_progress' ELSE 'pending' END,
                started_at = CASE WHEN pg_catalog.lower(s.stage_name::text) = 'queued' THEN s.started_at END,
                completed_at = NULL, error_message = NULL
            FROM moved m
            WHERE s.deployment_id = m.id
        )
        """;

    /// <summary>
    /// True when another program builds the deployment: it was in a step whose stage is not spelled as this library spells it. The stage of
    /// the queue does not count, since the Python services write it for deployments that they queue. Needs the row <c>m</c> (id) of a
    /// deployment.
    /// </summary>
    internal const string IsDrivenElsewhere = """
        EXISTS (
            SELECT FROM deployment_stages s
            WHERE s.deployment_id = m.id AND s.status::text = 'in_progress'
              AND s.stage_name::text <> pg_catalog.lower(s.stage_name::text) AND pg_catalog.lower(s.stage_name::text) <> 'queued')
        """;

    /// <summary>
    /// The order of stages in every list: by name, since the clocks of two machines must not decide it; unknown names come last, by their
    /// start. Needs the row <c>s</c>.
    /// </summary>
    internal const string InOrder =
        "coalesce(pg_catalog.array_position("
        + "ARRAY['queued', 'cloning', 'checkout', 'installing', 'building', 'copying', 'deploying']::text[], "
        + "pg_catalog.lower(s.stage_name::text)), 99), s.started_at, s.created_at, s.id";

    // For many deployments at once: the list of one deployment has the whole error.
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

    /// <summary><c>@now</c> and <c>@stageId</c> of <see cref="FollowMoved"/>.</summary>
    internal static NpgsqlParameter[] FollowMovedParameters(TimeProvider clock) => [ServerTime.Now(clock), P.Of(Ids.New(), "stageId")];

    internal static Statement ByDeployment(Guid deploymentId, Guid ownerId, int limit) => new($"""
        SELECT {Columns}
        FROM deployment_stages s
        WHERE s.deployment_id = @deploymentId AND {DeploymentState.Owned}
        ORDER BY {InOrder}
        LIMIT @limit
        """, P.Of(deploymentId), P.Of(ownerId), P.Of(limit));

    public Task<IReadOnlyList<DeploymentStage>> ListByDeploymentAsync(
        Guid deploymentId, Guid ownerId, CancellationToken cancellationToken) =>
        db.ListAsync(Read, ByDeployment(deploymentId, ownerId, IDeploymentStageRepository.MaxListSize), cancellationToken);

    public async Task<ILookup<Guid, DeploymentStage>> ListByDeploymentsAsync(
        IReadOnlyCollection<Guid> deploymentIds, Guid ownerId, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(deploymentIds);
        if (deploymentIds.Count > IDeploymentStageRepository.MaxDeployments)
        {
            throw new ArgumentException(
                $"{deploymentIds.Count} deployments are too many at once; at most {IDeploymentStageRepository.MaxDeployments}.",
                nameof(deploymentIds));
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
            WHERE d.id = ANY (@deploymentIds) AND d.user_id = @ownerId AND NOT d.is_deleted AND {AccountState.OwnerIsOpen}
            ORDER BY s.deployment_id, {InOrder}
            """,
            [P.Of([.. deploymentIds], nameof(deploymentIds)), P.Of(ownerId), P.Of(IDeploymentStageRepository.MaxListSize, "limit")],
            cancellationToken).ConfigureAwait(false);
        return stages.ToLookup(stage => stage.DeploymentId);
    }

    public Task<TransitionOutcome> PlanAsync(DeploymentClaim claim, IReadOnlyList<StageName> names, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(names);
        if (names.Count > IPlatformDeploymentStageRepository.MaxPlannedStages)
        {
            throw new ArgumentException(
                $"{names.Count} stages are too many; at most {IPlatformDeploymentStageRepository.MaxPlannedStages}.", nameof(names));
        }

        string[] stages = [.. names.Select(name => P.Written(name, nameof(names)))];
        Guid[] ids = [.. stages.Select(_ => Ids.New())];
        var plan = new Statement($"""
            INSERT INTO deployment_stages AS s (id, deployment_id, stage_name, status, created_at)
            SELECT n.id, d.id, n.stage_name, 'pending', {ServerTime.Present}
            FROM deployments d
            CROSS JOIN unnest(@ids, @stages) AS n (id, stage_name)
            WHERE d.id = @deploymentId AND {DeploymentState.Open} AND {DeploymentLeases.HoldsDeployment}
            ON CONFLICT (deployment_id, pg_catalog.lower(stage_name::text)) DO NOTHING
            RETURNING s.id
            """, P.Of(claim.DeploymentId), P.Of(claim.Key), P.Of(ids), P.Of(stages), ServerTime.Now(context.Clock));
        return db.WriteBatchAsync(
            async sets =>
            {
                var met = await sets.FindAsync(DeploymentState.Read).ConfigureAwait(false);
                var isHeld = await DeploymentLeases.IsHeldAsync(claim, sets).ConfigureAwait(false);
                return await sets.AnyAsync().ConfigureAwait(false)
                    ? TransitionOutcome.Applied
                    : DeploymentState.ReasonToStop(met)
                        ?? (isHeld ? TransitionOutcome.AlreadyThere : TransitionOutcome.LostLease);
            },
            DeploymentLeases.Step(claim, context.Clock, plan), cancellationToken);
    }

    public Task<TransitionOutcome> SetAsync(DeploymentClaim claim, StageChange change, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(change);
        if (change.ErrorMessage is not null && change.Status != StageStatus.Failed)
        {
            throw InvalidArgument.Of("change.ErrorMessage", "belongs to a failed stage, not to one of another status");
        }

        return StoreAsync(claim, change, "change.Name", cancellationToken);
    }

    public Task<TransitionOutcome> StartAsync(DeploymentClaim claim, StageName name, CancellationToken cancellationToken) =>
        StoreAsync(claim, new StageChange { Name = name, Status = StageStatus.InProgress }, nameof(name), cancellationToken);

    public Task<TransitionOutcome> CompleteAsync(DeploymentClaim claim, StageName name, CancellationToken cancellationToken) =>
        EndAsync(claim, name, StageStatus.Completed, errorMessage: null, cancellationToken);

    public Task<TransitionOutcome> FailAsync(
        DeploymentClaim claim, StageName name, string errorMessage, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(errorMessage);
        return EndAsync(claim, name, StageStatus.Failed, errorMessage, cancellationToken);
    }

    private Task<TransitionOutcome> StoreAsync(
        DeploymentClaim claim,
        StageChange change,
        string name,
        CancellationToken cancellationToken,
        [CallerMemberName] string operation = "")
    {
        var set = new Statement($"""
            INSERT INTO deployment_stages AS s (id, deployment_id, stage_name, status, started_at, completed_at, error_message, created_at)
            SELECT
                @id, d.id, @name, @status,
                CASE WHEN @status IN ('in_progress', 'completed', 'failed') THEN {ServerTime.Present} END,
                CASE WHEN @status IN ('completed', 'failed', 'cancelled') THEN {ServerTime.Present} END,
                @errorMessage, {ServerTime.Present}
            FROM deployments d
            WHERE d.id = @deploymentId AND {DeploymentState.Open} AND {DeploymentLeases.HoldsDeployment}
            ON CONFLICT (deployment_id, pg_catalog.lower(stage_name::text)) DO UPDATE
            SET status = excluded.status,
                started_at = coalesce(s.started_at, excluded.started_at),
                completed_at = greatest(excluded.completed_at, CASE WHEN excluded.completed_at IS NOT NULL THEN s.started_at END),
                error_message = excluded.error_message
            WHERE (s.status::text = 'pending' AND excluded.status::text <> 'pending')
               OR (s.status::text = 'in_progress' AND excluded.status::text IN ('completed', 'failed', 'cancelled'))
            RETURNING s.id
            """,
            P.Of(Ids.New(), "id"),
            P.Of(claim.DeploymentId),
            P.Of(claim.Key),
            P.Of(change.Name, name),
            P.Of(change.Status),
            Error(claim.DeploymentId, change.ErrorMessage),
            ServerTime.Now(context.Clock));
        return ChangeAsync(claim, change.Name, change.Status, set, operation, cancellationToken);
    }

    private Task<TransitionOutcome> EndAsync(
        DeploymentClaim claim,
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
              AND {DeploymentLeases.HoldsDeploymentOfStage}
            RETURNING s.id
            """,
            P.Of(claim.DeploymentId),
            P.Of(claim.Key),
            P.Of(name),
            P.Of(status),
            Error(claim.DeploymentId, errorMessage),
            ServerTime.Now(context.Clock));
        return ChangeAsync(claim, name, status, end, operation, cancellationToken);
    }

    // Locks the deployment before the stage, as every transition does: transitions cannot deadlock, and a change waits for an open cancel
    // and then sees it.
    private Task<TransitionOutcome> ChangeAsync(
        DeploymentClaim claim,
        StageName name,
        StageStatus target,
        Statement change,
        string operation,
        CancellationToken cancellationToken)
    {
        var current = new Statement("""
            SELECT s.status
            FROM deployment_stages s
            WHERE s.deployment_id = @deploymentId AND pg_catalog.lower(s.stage_name::text) = @name
            """, P.Of(claim.DeploymentId), P.Of(name));
        return db.WriteBatchAsync(
            async sets =>
            {
                var met = await sets.FindAsync(DeploymentState.Read).ConfigureAwait(false);
                var isHeld = await DeploymentLeases.IsHeldAsync(claim, sets).ConfigureAwait(false);
                var isApplied = await sets.AnyAsync().ConfigureAwait(false);
                var statuses = await sets.ListAsync(row => row.Value<StageStatus>()).ConfigureAwait(false);
                return isApplied ? TransitionOutcome.Applied
                    : DeploymentState.ReasonToStop(met) is { } reason ? reason
                    : !isHeld ? TransitionOutcome.LostLease
                    : statuses.Contains(target) ? TransitionOutcome.AlreadyThere
                    : TransitionOutcome.OutOfOrder;
            },
            DeploymentLeases.Step(claim, context.Clock, change, current), cancellationToken, operation);
    }

    private NpgsqlParameter Error(Guid deploymentId, string? errorMessage) =>
        P.TextOrNull(BuildText.Of(context.Secrets, deploymentId, errorMessage, DeploymentStage.MaxErrorLength), name: nameof(errorMessage));
}
