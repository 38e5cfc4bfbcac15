using AutoStack.Data.Values;

namespace AutoStack.Data.HealthChecks;

/// <summary>
/// Finds the deployments that have old health checks. The index of the checks leads from one deployment that has checks to the next, and to
/// the oldest check of each.
/// </summary>
internal static class DueHealthChecks
{
    /// <summary>The next window, for a purge: 2,000 deployments that have checks, in the order of their ids.</summary>
    internal const string Next = $"""
        {Held},
        visited AS MATERIALIZED (
            SELECT v.id, v.checked_at
            FROM held v
            LIMIT 2000
        )
        SELECT ARRAY(SELECT v.id FROM visited v WHERE v.checked_at < @before), '-infinity'::timestamp, e.id
        FROM visited e
        ORDER BY e.id DESC
        LIMIT 1
        """;

    /// <summary>Counts the old checks. Needs <c>@before</c> and <c>@afterId</c>, the least id.</summary>
    internal const string Count = $"""
        {Held}
        SELECT coalesce(pg_catalog.sum(c.checks), 0)::bigint
        FROM held v
        CROSS JOIN LATERAL (
            SELECT pg_catalog.count(k.id) AS checks
            FROM deployment_health_checks k
            WHERE k.deployment_id = v.id AND k.checked_at < @before
        ) c
        WHERE v.checked_at < @before
        """;

    // The CTE held (id, checked_at): the deployments after @afterId that have checks, in the order of their ids, with the oldest time.
    private const string Held = $"""
        WITH RECURSIVE held AS (
            (
                SELECT h.deployment_id AS id, h.checked_at
                FROM deployment_health_checks h
                WHERE h.deployment_id >= coalesce(@afterId, {Ids.Least}) AND h.deployment_id IS DISTINCT FROM @afterId
                ORDER BY h.deployment_id, h.checked_at, h.id
                LIMIT 1
            )
            UNION ALL
            SELECT n.id, n.checked_at
            FROM held v
            CROSS JOIN LATERAL (
                SELECT h.deployment_id AS id, h.checked_at
                FROM deployment_health_checks h
                WHERE h.deployment_id > v.id
                ORDER BY h.deployment_id, h.checked_at, h.id
                LIMIT 1
            ) n
        )
        """;
}
