using AutoStack.Data.Monitoring;
using AutoStack.Data.Postgres;
using AutoStack.Data.Status;

namespace AutoStack.Data.Integrity;

/// <summary>
/// Deployments with their stages, leases and containers. What the Python services may write is not wrong: they spell their stages with
/// capitals, write a stage named after the end of a deployment, know no lease, and change a deployment and its stages in several
/// transactions. A deleted deployment keeps whatever it had.
/// </summary>
internal static class DeploymentParts
{
    // The Python services have written to the deployment s.deployment_id: they record its end as a stage.
    private const string EndedElsewhere = $"""
        EXISTS (
            SELECT
            FROM deployment_stages e
            WHERE e.deployment_id = s.deployment_id AND pg_catalog.lower(e.stage_name::text) IN {DeploymentState.Finished})
        """;

    /// <summary>A stage of the library ends with its deployment.</summary>
    public static RowPart Stages { get; } = new(Severity.Error, "deployment_stages", (_, range) => new Statement($"""
        {RangeSql.Open}
            SELECT t.id, t.deployment_id, t.stage_name::text AS stage_name, t.status::text AS status
            FROM deployment_stages t
            WHERE {RangeSql.InRange}
        {RangeSql.Judge}
            SELECT
                s.id::text AS id,
                CASE s.status
                    WHEN 'pending' THEN 'a stage is pending and its deployment is cancelled'
                    ELSE 'a stage is in progress and its deployment has ended'
                END AS problem
            FROM seen s
            JOIN deployments d ON d.id = s.deployment_id AND NOT d.is_deleted
            WHERE s.stage_name = pg_catalog.lower(s.stage_name) AND pg_catalog.lower(d.status::text) IN {DeploymentState.Finished}
              AND (s.status = 'in_progress' OR s.status = 'pending' AND pg_catalog.lower(d.status::text) = 'cancelled')
              AND NOT {EndedElsewhere}
        {RangeSql.Close}
        """, range.Start, range.Stop),
        "Set the status of the stage to that of its deployment.");

    /// <summary>A deployment with a lease has the stage that its status names.</summary>
    public static RowPart Steps { get; } = new(Severity.Error, "deployments", (_, range) => new Statement($"""
        {RangeSql.Open}
            SELECT t.id, t.status::text AS status
            FROM deployments t
            WHERE {RangeSql.InRange} AND NOT t.is_deleted
        {RangeSql.Judge}
            SELECT s.id::text AS id, 'the stage that the status names is missing' AS problem
            FROM seen s
            JOIN deployment_leases l ON l.deployment_id = s.id AND l.released_at IS NULL
            WHERE s.status IN ('cloning', 'checkout', 'installing', 'building', 'copying')
              AND NOT EXISTS (
                  SELECT
                  FROM deployment_stages g
                  WHERE g.deployment_id = s.id AND pg_catalog.lower(g.stage_name::text) = s.status)
        {RangeSql.Close}
        """, range.Start, range.Stop),
        "Nothing has to be mended for the build: pages show the deployment without its step until the next one.");

    /// <summary>The lease ends with its deployment, and its numbers and times are in order.</summary>
    public static RowPart Leases { get; } = new(Severity.Error, "deployment_leases", (_, range) => new Statement($"""
        {RangeSql.Open}
            SELECT t.deployment_id, t.attempt, t.claimed_at, t.renewed_at, t.expires_at
            FROM deployment_leases t
            WHERE {RangeSql.InRange}
        {RangeSql.Judge}
            SELECT
                s.deployment_id::text AS id,
                CASE
                    WHEN s.attempt < 0 THEN 'a lease counts fewer than no attempts'
                    WHEN s.renewed_at < s.claimed_at THEN 'a lease was renewed before it was claimed'
                    WHEN s.expires_at < s.renewed_at THEN 'a lease expires before it was renewed'
                    ELSE 'the lease of a deployment that has ended is there'
                END AS problem
            FROM seen s
            LEFT JOIN deployments d ON d.id = s.deployment_id AND NOT d.is_deleted
            WHERE s.attempt < 0 OR s.renewed_at < s.claimed_at OR s.expires_at < s.renewed_at
               OR pg_catalog.lower(d.status::text) IN {DeploymentState.Finished} AND NOT {EndedElsewhere}
        {RangeSql.Close}
        """, range.Start, range.Stop),
        "Remove the row from deployment_leases; RequeueExpiredAsync does so once the lease expires.");

    /// <summary>A deployment that the library builds has a lease.</summary>
    public static RowPart Leased { get; } = new(Severity.Warning, "deployments", (_, range) => new Statement($"""
        {RangeSql.Open}
            SELECT t.id, t.status::text AS status
            FROM deployments t
            WHERE {RangeSql.InRange} AND NOT t.is_deleted
        {RangeSql.Judge}
            SELECT s.id::text AS id, 'a deployment that runs has no lease' AS problem
            FROM seen s
            WHERE s.status IN ('cloning', 'checkout', 'installing', 'building', 'copying')
              AND EXISTS (
                  SELECT
                  FROM deployment_stages g
                  WHERE g.deployment_id = s.id AND g.stage_name::text = s.status AND g.status::text = 'in_progress')
              AND NOT EXISTS (SELECT FROM deployment_leases l WHERE l.deployment_id = s.id AND l.released_at IS NULL)
        {RangeSql.Close}
        """, range.Start, range.Stop),
        "FailStalledAsync fails it once it is idle; RedeployAsync queues it again.");

    /// <summary>A port belongs to one container that is not stopped.</summary>
    public static RowPart Ports { get; } = new(Severity.Error, "deployment_containers", (_, range) => new Statement($"""
        {RangeSql.Open}
            SELECT t.id, t.host::text AS host, t.port, t.status::text AS status, t.stopped_at
            FROM deployment_containers t
            WHERE {RangeSql.InRange}
        {RangeSql.Judge}
            SELECT
                s.id::text AS id,
                CASE
                    WHEN s.port NOT BETWEEN 1 AND 65535 THEN 'the number of a port is out of range'
                    WHEN s.status = 'stopped' AND s.stopped_at IS NULL THEN 'a stopped container has no time of its stop'
                    WHEN s.status IN ('starting', 'running') AND s.stopped_at IS NOT NULL THEN 'a container runs and is stopped'
                    ELSE 'a port has two containers'
                END AS problem
            FROM seen s
            WHERE s.port NOT BETWEEN 1 AND 65535
               OR s.status = 'stopped' AND s.stopped_at IS NULL
               OR s.status IN ('starting', 'running') AND s.stopped_at IS NOT NULL
               OR s.stopped_at IS NULL AND EXISTS (
                   SELECT
                   FROM deployment_containers o
                   WHERE o.host::text = s.host AND o.port = s.port AND o.stopped_at IS NULL AND o.id <> s.id)
        {RangeSql.Close}
        """, range.Start, range.Stop),
        "Stop the container that does not answer on the port, and report it with ReportStoppedAsync.");
}
