using System.Runtime.CompilerServices;
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
                completed_at = greatest(@now, s.started_at),
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

    // Clocks of two machines do not decide the order of steps; names that are not known come last.
    private const string Rank =
        "coalesce(array_position(ARRAY['queued', 'cloning', 'checkout', 'installing', 'building', 'copying', 'deploying'], lower(s.stage_name)), 99)";

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
        WHERE s.deployment_id = @deploymentId AND {DeploymentRepository.Owned}
        ORDER BY {Rank}, s.created_at, s.id
        LIMIT @limit
        """, P.Of(deploymentId), P.Of(ownerId), P.Of(limit));

    public Task<IReadOnlyList<DeploymentStage>> ListByDeploymentAsync(Guid deploymentId, Guid ownerId, CancellationToken cancellationToken) =>
        db.ListAsync(Read, ByDeployment(deploymentId, ownerId, IDeploymentStageRepository.MaxListSize), cancellationToken);

    // Waits for a cancel that is on its way, and then sees it: a stage that nobody would end is not entered.
    public async Task<bool> StartAsync(Guid deploymentId, StageName name, CancellationToken cancellationToken) =>
        await db.WriteAsync("""
            INSERT INTO deployment_stages AS s (id, deployment_id, stage_name, status, started_at, created_at)
            SELECT @id, d.id, @name, 'in_progress', @now, @now
            FROM deployments d
            WHERE d.id = @deploymentId AND NOT d.is_deleted AND d.status NOT IN ('success', 'failed', 'cancelled')
            FOR SHARE OF d
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
        Guid deploymentId,
        StageName name,
        StageStatus status,
        string? errorMessage,
        CancellationToken cancellationToken,
        [CallerMemberName] string operation = "") =>
        await db.WriteAsync("""
            UPDATE deployment_stages s
            SET status = @status, completed_at = greatest(@now, s.started_at), error_message = @errorMessage
            WHERE s.deployment_id = @deploymentId AND lower(s.stage_name) = @name AND s.status = 'in_progress'
            """,
            [P.Of(deploymentId), P.Of(name), P.Of(status), P.TextOrNull(errorMessage), P.Of(clock.Now(), "now")],
            cancellationToken,
            operation).ConfigureAwait(false) == 1;
}
