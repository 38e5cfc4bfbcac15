using AutoStack.Data.Postgres;
using AutoStack.Data.Status;
using AutoStack.Data.Values;

namespace AutoStack.Data.Deployments;

// The place of a new deployment, and the older ones that it cancels.
internal sealed partial class DeploymentRepository
{
    // What owners read of a deployment that a newer one has replaced.
    private const string SupersededReason = "Superseded by a newer deployment of the branch.";

    // As Chosen.Ids, and NULL without an earlier statement of the batch: the planner reads the setting also where the statement does not.
    private const string ChosenIfAny =
        "pg_catalog.string_to_array(pg_catalog.current_setting('autostack.chosen_ids', TRUE), ',')::uuid[]";

    // The place of a deployment: at the end for a scheduled one, that of the first superseded one, or NULL, which a trigger replaces by the
    // next turn of the user. Needs @now, @startAt and @supersedes; with @supersedes, an earlier statement of the batch has chosen the older
    // deployments.
    private const string PlaceOfNew = $"""
        CASE
            WHEN @startAt > {ServerTime.Present}
                THEN {ScheduledDeployments.FirstPlace} + pg_catalog.ceil(extract(epoch FROM @startAt::timestamp) / 0.001)::bigint
            WHEN (SELECT @supersedes::boolean)
                THEN (
                    SELECT pg_catalog.min(o.queue_place)
                    FROM deployments o
                    WHERE o.id = ANY ({ChosenIfAny}) AND o.started_at IS NULL)
        END
        """;

    // The statements around the insert of a deployment that supersedes others; null when it does not. The project is locked first, so that
    // of two calls at once the later one finds what the earlier one has queued. A call that is repeated, or that met an environment which
    // it does not bring, cancels nothing.
    private Superseded? Older(Guid id, NewDeployment deployment, string? branch)
    {
        if (deployment.Supersedes == Superseding.Nothing)
        {
            return null;
        }

        if (!Enum.IsDefined(deployment.Supersedes))
        {
            throw InvalidArgument.Of(
                "deployment.Supersedes", deployment.Supersedes, $"is one of {string.Join(", ", Enum.GetNames<Superseding>())}");
        }

        if (deployment.StartAt is not null)
        {
            throw InvalidArgument.Of(
                "deployment.Supersedes",
                "and deployment.StartAt exclude each other: what waits now would give way to what waits for later");
        }

        var @lock = new Statement($"""
            SELECT 1
            FROM projects p
            WHERE p.id = @projectId AND p.user_id = @ownerId AND {AccountState.OwnerIsOpen}
            FOR NO KEY UPDATE
            """, P.Of(deployment.ProjectId), P.Owner(deployment.UserId));
        var choose = new Statement($"""
            SELECT {Chosen.Keep}
            FROM (
                SELECT d.id
                FROM deployments d
                WHERE d.id = ANY (ARRAY(
                    SELECT q.id
                    FROM deployments q
                    WHERE {DeploymentQueue.Waiting} AND {DeploymentQueue.IsDue} AND q.user_id = @ownerId AND q.project_id = @projectId
                    UNION ALL
                    SELECT d.id
                    FROM deployments d
                    WHERE {DeploymentState.UnderWay} AND d.project_id = @projectId AND @running))
                  AND d.user_id = @ownerId AND d.is_production = @isProduction
                  AND d.branch::text = coalesce(@branch, (SELECT p.branch::text FROM projects p WHERE p.id = @projectId))
                  AND {DeploymentState.Open} AND (@running OR d.started_at IS NULL)
                  AND NOT EXISTS (SELECT FROM deployments n WHERE n.id = @id) AND {AccountState.OwnerIsOpen}
                ORDER BY d.id
                FOR NO KEY UPDATE
            ) c
            """,
            P.Of(id),
            P.Of(deployment.ProjectId),
            P.Owner(deployment.UserId),
            P.Of(deployment.IsProduction),
            P.TextOrNull(branch, name: nameof(branch)),
            P.Of(deployment.Supersedes == Superseding.WaitingAndRunning, "running"));
        var cancel = new Statement($"""
            WITH moved AS (
                UPDATE deployments d
                SET status = 'cancelled', failed_reason = @reason, completed_at = {DeploymentLifecycle.Completed},
                    build_duration_seconds = {DeploymentLifecycle.Duration}
                WHERE d.id = ANY ({Chosen.Ids}) AND {DeploymentState.Open} AND EXISTS (SELECT FROM deployments n WHERE n.id = @id)
                RETURNING d.id, d.status, d.failed_reason
            ),
            {DeploymentLeases.FollowEnded}
            SELECT m.id
            FROM moved m
            """,
            [
                P.Of(id),
                P.Text(SupersededReason, name: "reason"),
                .. DeploymentStageRepository.FollowMovedParameters(context.Clock),
            ]);
        return new Superseded([@lock, choose], [cancel]);
    }

    private sealed record Superseded(Statement[] Before, Statement[] After);
}
