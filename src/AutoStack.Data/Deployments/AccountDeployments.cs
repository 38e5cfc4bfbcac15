using AutoStack.Data.HealthChecks;
using AutoStack.Data.Postgres;
using AutoStack.Data.Status;

namespace AutoStack.Data.Deployments;

/// <summary>The deployments of an account that is being removed.</summary>
internal static class AccountDeployments
{
    // A deployment may have a hundred stages and containers, which are removed with it.
    private const int MaxDeployments = 250;

    /// <summary>
    /// The statements that cancel and delete the running deployments of the user in <see cref="Chosen.Ids"/>: their workers lose the
    /// leases. The number of running deployments is that of workers.
    /// </summary>
    internal static Statement[] EndRunningOfChosen(TimeProvider clock) =>
    [
        new($"""
            SELECT 1
            FROM deployments d
            WHERE d.user_id = ANY ({Chosen.Ids}) AND {DeploymentState.UnderWay}
            ORDER BY d.id
            FOR NO KEY UPDATE
            """),
        new($"""
            WITH moved AS (
                UPDATE deployments d
                SET {DeploymentLifecycle.Deleted}
                WHERE d.user_id = ANY ({Chosen.Ids}) AND {DeploymentState.UnderWay}
                RETURNING d.id, d.status, d.failed_reason
            ),
            {DeploymentLeases.FollowEnded}
            SELECT m.id
            FROM moved m
            """, DeploymentStageRepository.FollowMovedParameters(clock)),
    ];

    /// <summary>
    /// Removes a batch: some deployments, those that wait first, since claims have to skip these, and at most <paramref name="limit"/> rows
    /// of each table of their logs and checks.
    /// </summary>
    /// <returns>The number of removed rows, 0 when other transactions hold them all; null when no deployment is left.</returns>
    internal static async Task<int?> RemoveAsync(
        Db db, HealthCheckHours hours, Guid userId, int limit, string operation, CancellationToken cancellationToken)
    {
        // The last part: deployments that another program has added to a project of the account for another user. The foreign keys remove
        // them with the project.
        var chosen = (await db.ListAsync(row => row.Guid(), $"""
            (SELECT q.id
            FROM deployments q
            WHERE q.user_id = @userId AND {DeploymentQueue.Waiting}
            ORDER BY q.queue_place, q.id
            LIMIT @limit)
            UNION ALL
            (SELECT d.id
            FROM deployments d
            WHERE d.user_id = @userId
            ORDER BY d.created_at DESC, d.id DESC
            LIMIT @limit)
            UNION ALL
            (SELECT o.id
            FROM projects p
            CROSS JOIN LATERAL (
                SELECT d.id
                FROM deployments d
                WHERE d.project_id = p.id AND d.user_id <> @userId
                ORDER BY d.created_at DESC, d.id DESC
                LIMIT @limit
            ) o
            WHERE p.user_id = @userId)
            LIMIT @limit
            """,
            [P.Of(userId), P.Of(Math.Min(limit, MaxDeployments), "limit")], cancellationToken, operation).ConfigureAwait(false)).ToArray();
        if (chosen.Length == 0)
        {
            return null;
        }

        var removal = ChosenDeployments.Remove(limit, await hours.AreThereAsync(db, cancellationToken).ConfigureAwait(false));
        return await db.WriteBatchAsync<int?>(
            async sets =>
            {
                await sets.SkipAsync().ConfigureAwait(false);
                return await sets.CountAsync(removal.Length).ConfigureAwait(false);
            },
            [ChosenDeployments.Lock(chosen), .. removal], cancellationToken, operation).ConfigureAwait(false);
    }
}
