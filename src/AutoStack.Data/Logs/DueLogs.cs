using AutoStack.Data.Values;

namespace AutoStack.Data.Logs;

/// <summary>
/// Finds the logs from which a purge removes lines: those whose first line is old and not the last one. A purge leaves the last line of
/// each log, so that most old lines of a database are the only lines of their logs.
/// </summary>
internal static class DueLogs
{
    /// <summary>
    /// The next window of logs of builds, for <see cref="PurgeWindow.PurgeAsync"/>: 2,000 old lines in the order of their times. An index
    /// leads to them, so that logs without an old line are not visited.
    /// </summary>
    internal const string OfBuilds = $"""
        WITH line AS MATERIALIZED (
            SELECT l.id, l.deployment_id, l.seq, l.timestamp
            FROM deployment_logs l
            WHERE (l.timestamp, l.id) > (@afterTime, @afterId) AND l.timestamp < @before
            ORDER BY l.timestamp, l.id
            LIMIT 2000
        )
        SELECT ARRAY(SELECT l.deployment_id FROM line l WHERE {IsFirstOfBuild}), e.timestamp, e.id
        FROM line e
        ORDER BY e.timestamp DESC, e.id DESC
        LIMIT 1
        """;

    /// <summary>Counts the lines of builds that a purge would remove. Needs <c>@before</c>.</summary>
    internal const string CountOfBuilds = $"""
        SELECT coalesce(pg_catalog.sum(c.lines), 0)::bigint
        FROM (
            SELECT l.deployment_id
            FROM deployment_logs l
            WHERE l.timestamp < @before AND {IsFirstOfBuild}
            OFFSET 0
        ) b
        {Before} deployment_logs {FirstYoung} deployment_logs {OrLast} deployment_logs {Lines}
        """;

    /// <summary>
    /// The next window of logs of containers, for <see cref="PurgeWindow.PurgeAsync"/>: 2,000 deployments that have such a log, in the
    /// order of their ids. The index of the lines leads from one deployment to the next.
    /// </summary>
    internal const string OfContainers = $"""
        {Containers},
        visited AS MATERIALIZED (
            SELECT v.id, v.seq
            FROM held v
            LIMIT 2000
        )
        SELECT ARRAY(SELECT v.id FROM visited v WHERE {IsDue}), '-infinity'::timestamp, e.id
        FROM visited e
        ORDER BY e.id DESC
        LIMIT 1
        """;

    /// <summary>Counts the lines of containers that a purge would remove. Needs <c>@before</c> and <c>@afterId</c>, the least id.</summary>
    internal const string CountOfContainers = $"""
        {Containers}
        SELECT coalesce(pg_catalog.sum(c.lines), 0)::bigint
        FROM (SELECT v.id AS deployment_id FROM held v WHERE {IsDue} OFFSET 0) b
        {Before} deployment_runtime_logs {FirstYoung} deployment_runtime_logs {OrLast} deployment_runtime_logs {Lines}
        """;

    // Whether the line l is the first one of its log, and has a line after it. The second condition comes first: few lines meet it. Each is
    // a subquery with an order, so that no plan joins all lines.
    private const string IsFirstOfBuild = """
        (
                SELECT k.seq
                FROM deployment_logs k
                WHERE k.deployment_id = l.deployment_id
                ORDER BY k.seq DESC
                LIMIT 1
            ) > l.seq
            AND (
                SELECT k.seq
                FROM deployment_logs k
                WHERE k.deployment_id = l.deployment_id
                ORDER BY k.seq
                LIMIT 1
            ) = l.seq
        """;

    // The CTE held (id, seq): the deployments after @afterId that have a log, in the order of their ids, with the number of the first line.
    private const string Containers = $"""
        WITH RECURSIVE held AS (
            (
                SELECT r.deployment_id AS id, r.seq
                FROM deployment_runtime_logs r
                WHERE r.deployment_id >= coalesce(@afterId, {Ids.Least}) AND r.deployment_id IS DISTINCT FROM @afterId
                ORDER BY r.deployment_id, r.seq
                LIMIT 1
            )
            UNION ALL
            SELECT n.id, n.seq
            FROM held v
            CROSS JOIN LATERAL (
                SELECT r.deployment_id AS id, r.seq
                FROM deployment_runtime_logs r
                WHERE r.deployment_id > v.id
                ORDER BY r.deployment_id, r.seq
                LIMIT 1
            ) n
        )
        """;

    // Whether the log of v (id, seq) has a second line and an old first one.
    private const string IsDue = """
        (
                SELECT k.seq
                FROM deployment_runtime_logs k
                WHERE k.deployment_id = v.id
                ORDER BY k.seq DESC
                LIMIT 1
            ) > v.seq
            AND (
                SELECT k.timestamp
                FROM deployment_runtime_logs k
                WHERE k.deployment_id = v.id
                ORDER BY k.seq
                LIMIT 1
            ) < @before
        """;

    // The number of lines of the log of b (deployment_id) before its first young line, and before its last line where none is young, cut
    // where the name of the table belongs: Before table FirstYoung table OrLast table Lines.
    private const string Before = """
        CROSS JOIN LATERAL (
            SELECT coalesce(
                (
                    SELECT k.seq
                    FROM
        """;

    private const string FirstYoung = """
        k
                    WHERE k.deployment_id = b.deployment_id AND k.timestamp >= @before
                    ORDER BY k.seq
                    LIMIT 1
                ),
                (
                    SELECT k.seq
                    FROM
        """;

    private const string OrLast = """
        k
                    WHERE k.deployment_id = b.deployment_id
                    ORDER BY k.seq DESC
                    LIMIT 1
                )) AS seq
            OFFSET 0
        ) y
        CROSS JOIN LATERAL (
            SELECT pg_catalog.count(k.seq) AS lines
            FROM
        """;

    private const string Lines = """
        k
            WHERE k.deployment_id = b.deployment_id AND k.seq < y.seq
        ) c
        """;
}
