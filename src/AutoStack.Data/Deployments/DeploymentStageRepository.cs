using AutoStack.Data.Internal;

namespace AutoStack.Data.Deployments;

internal sealed class DeploymentStageRepository(Db db, TimeProvider clock) : IDeploymentStageRepository
{
    internal const string Columns = "s.id, s.deployment_id, s.stage_name, s.status, s.started_at, s.completed_at, s.error_message, s.created_at";

    /// <summary>
    /// Makes the stages agree with the deployment in <c>moved</c> (id, status, failed_reason): what was in progress ends as the deployment
    /// did, and the stage of its status is entered. Needs <c>@now</c> and <c>@stageId</c>.
    /// </summary>
    internal const string FollowMoved = """
        closed AS (
            UPDATE deployment_stages s
            SET status = CASE WHEN m.status IN ('failed', 'cancelled') THEN m.status ELSE 'completed' END,
                completed_at = @now,
                error_message = CASE WHEN m.status = 'failed' THEN m.failed_reason ELSE s.error_message END
            FROM moved m
            WHERE s.deployment_id = m.id AND s.status = 'in_progress' AND lower(s.stage_name) <> m.status
        ),
        entered AS (
            INSERT INTO deployment_stages AS s (id, deployment_id, stage_name, status, started_at, created_at)
            SELECT @stageId, m.id, m.status, 'in_progress', @now, @now
            FROM moved m
            WHERE m.status NOT IN ('success', 'failed', 'cancelled')
            ON CONFLICT (deployment_id, lower(stage_name)) DO UPDATE
            SET status = 'in_progress', started_at = coalesce(s.started_at, excluded.started_at)
            WHERE s.status = 'pending'
        )
        """;

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

    /// <summary>
    /// To be sent behind a statement that changes a deployment, in the same batch: the stages follow if it changed anything, and the answer
    /// is the deployment's status and owner. A statement of its own, because only one that starts after the deployment's row is locked sees
    /// the stages that a step just before it has made.
    /// </summary>
    internal static Statement Follow(Guid deploymentId, DateTimeOffset now) => new($"""
        WITH moved AS (
            SELECT d.id, d.status, d.failed_reason
            FROM deployments d
            WHERE d.id = @deploymentId AND d.xmin = pg_current_xact_id_if_assigned()::xid
        ),
        {FollowMoved}
        SELECT d.status, d.user_id
        FROM deployments d
        WHERE d.id = @deploymentId
        """, P.Of(deploymentId), P.Of(now), P.Of(Ids.New(), "stageId"));

    internal static Statement ByDeployment(Guid deploymentId, Guid ownerId, int limit) => new($"""
        SELECT {Columns}
        FROM deployment_stages s
        WHERE s.deployment_id = @deploymentId AND {DeploymentRepository.Owned}
        ORDER BY s.created_at, s.id
        LIMIT @limit
        """, P.Of(deploymentId), P.Of(ownerId), P.Of(limit));

    public Task<IReadOnlyList<DeploymentStage>> ListByDeploymentAsync(Guid deploymentId, Guid ownerId, CancellationToken cancellationToken) =>
        db.ListAsync(Read, ByDeployment(deploymentId, ownerId, IDeploymentStageRepository.MaxListSize), cancellationToken);

    public async Task<bool> StartAsync(Guid deploymentId, StageName name, CancellationToken cancellationToken) =>
        await db.WriteAsync("""
            INSERT INTO deployment_stages AS s (id, deployment_id, stage_name, status, started_at, created_at)
            VALUES (@id, @deploymentId, @name, 'in_progress', @now, @now)
            ON CONFLICT (deployment_id, lower(stage_name)) DO UPDATE
            SET status = 'in_progress', started_at = coalesce(s.started_at, excluded.started_at)
            WHERE s.status = 'pending'
            """, [P.Of(Ids.New(), "id"), P.Of(deploymentId), P.Of(name), P.Of(clock.Now(), "now")], cancellationToken).ConfigureAwait(false) == 1;

    public Task<bool> CompleteAsync(Guid deploymentId, StageName name, CancellationToken cancellationToken) =>
        EndAsync(deploymentId, name, StageStatus.Completed, errorMessage: null, cancellationToken);

    public Task<bool> FailAsync(Guid deploymentId, StageName name, string errorMessage, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(errorMessage);
        return EndAsync(deploymentId, name, StageStatus.Failed, errorMessage, cancellationToken);
    }

    private async Task<bool> EndAsync(
        Guid deploymentId, StageName name, StageStatus status, string? errorMessage, CancellationToken cancellationToken) =>
        await db.WriteAsync("""
            UPDATE deployment_stages s
            SET status = @status, completed_at = @now, error_message = @errorMessage
            WHERE s.deployment_id = @deploymentId AND lower(s.stage_name) = @name AND s.status = 'in_progress'
            """,
            [P.Of(deploymentId), P.Of(name), P.Of(status), P.TextOrNull(errorMessage), P.Of(clock.Now(), "now")],
            cancellationToken).ConfigureAwait(false) == 1;
}
