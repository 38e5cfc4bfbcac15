using AutoStack.Data.Postgres;

namespace AutoStack.Data.Deployments;

/// <summary>
/// The table <c>live_deployments</c>: which deployment is live, a production one of each project and a preview of each branch. The success
/// of a deployment makes it live, unless a newer one, by the time at which they were queued, is live already.
/// </summary>
internal static class LiveDeployments
{
    /// <summary>
    /// The time at which a deployment was queued. <c>created_at</c> may come from another program's clock; when that clock was fast, the
    /// start by the database's clock takes its place, or else newer deployments would count as older ones. A claim takes its time before it
    /// sees the queue, hence the minute. Needs the row <c>d</c>.
    /// </summary>
    internal const string QueuedAt = """
        CASE WHEN pg_catalog.isfinite(d.started_at) AND d.created_at > d.started_at + interval '1 minute'
            THEN d.started_at ELSE d.created_at END
        """;

    /// <summary>
    /// The CTEs that make the deployment in <c>ready</c> (id, project_id, is_production, branch, queued_at) live: <c>live</c> has a row
    /// when it is. Needs <c>@now</c>.
    /// </summary>
    /// <remarks>
    /// A row whose deployment was deleted or became unhealthy gives way to any. Such a row is found by the snapshot of the statement, and
    /// compared by its id with the row that the insert meets: a success that was committed in between has another id.
    /// </remarks>
    internal const string MakeLive = $"""
        gone AS MATERIALIZED (
            SELECT l.deployment_id
            FROM ready r
            JOIN live_deployments l ON l.project_id = r.project_id AND l.is_production = r.is_production AND l.branch::text = r.branch
            LEFT JOIN deployments d ON d.id = l.deployment_id
            WHERE d.id IS NULL OR d.is_deleted OR d.status::text <> 'success'
        ),
        live AS (
            INSERT INTO live_deployments AS l (project_id, is_production, branch, deployment_id, queued_at, live_at)
            SELECT r.project_id, r.is_production, r.branch, r.id, r.queued_at, {ServerTime.Present}
            FROM ready r
            ON CONFLICT (project_id, is_production, branch) DO UPDATE
            SET deployment_id = excluded.deployment_id, queued_at = excluded.queued_at, live_at = excluded.live_at
            WHERE (l.queued_at, l.deployment_id) <= (excluded.queued_at, excluded.deployment_id)
               OR l.deployment_id = (SELECT g.deployment_id FROM gone g)
            RETURNING l.deployment_id
        )
        """;
}
