using AutoStack.Data.HealthChecks;
using AutoStack.Data.Logs;
using AutoStack.Data.Postgres;

namespace AutoStack.Data.Deployments;

/// <summary>The statements of a batch that end or remove deployments which an earlier query has found.</summary>
internal static class ChosenDeployments
{
    /// <summary>Locks those of the deployments that no other transaction holds, for the statements after it.</summary>
    internal static Statement Lock(Guid[] chosen) => new($"""
        WITH locked AS MATERIALIZED (
            SELECT d.id
            FROM deployments d
            WHERE d.id = ANY (@chosen)
            ORDER BY d.id
            FOR UPDATE SKIP LOCKED
        )
        SELECT {Chosen.Keep}
        FROM locked c
        """, P.Of(chosen));

    /// <summary>
    /// Removes the deployments in <see cref="Chosen.Ids"/>, those without lines and checks: at most <paramref name="limit"/> rows of each
    /// table of lines and checks go before, and only the small child tables are left to the cascade. Each statement returns the ids.
    /// </summary>
    /// <param name="limit">The maximum number of rows of one table.</param>
    /// <param name="hasChunks">Whether the checks are in chunks of TimescaleDB, which <paramref name="limit"/> does not apply to.</param>
    internal static Statement[] Remove(int limit, bool hasChunks) =>
    [
        DeploymentLogRepository.PurgeChosen(limit),
        DeploymentRuntimeLogRepository.PurgeChosen(limit),
        hasChunks ? DeploymentHealthCheckRepository.PurgeAllOfChosen() : DeploymentHealthCheckRepository.PurgeChosen(limit),
        new($"""
            WITH ids AS MATERIALIZED (
                SELECT d.id
                FROM deployments d
                WHERE d.id = ANY ({Chosen.Ids})
            ),
            with_lines AS MATERIALIZED (
                SELECT c.id
                FROM ids c
                WHERE EXISTS (SELECT 1 FROM deployment_logs l WHERE l.deployment_id = c.id)
            ),
            with_output AS MATERIALIZED (
                SELECT c.id
                FROM ids c
                WHERE EXISTS (SELECT 1 FROM deployment_runtime_logs r WHERE r.deployment_id = c.id)
            ),
            with_checks AS MATERIALIZED (
                SELECT c.id
                FROM ids c
                WHERE EXISTS (SELECT 1 FROM deployment_health_checks h WHERE h.deployment_id = c.id)
            )
            DELETE FROM deployments d
            WHERE d.id = ANY (ARRAY(
                SELECT c.id FROM ids c
                EXCEPT ALL SELECT l.id FROM with_lines l
                EXCEPT ALL SELECT o.id FROM with_output o
                EXCEPT ALL SELECT h.id FROM with_checks h))
            RETURNING d.id
            """),
    ];
}
