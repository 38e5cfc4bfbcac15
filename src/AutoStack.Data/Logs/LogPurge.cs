using AutoStack.Data.Postgres;

namespace AutoStack.Data.Logs;

/// <summary>
/// The statements that remove lines, the same for both log tables. Each is cut where the name of the table belongs, and a repository joins
/// the parts around its own table, so that every statement is a constant. <c>l</c> is the table.
/// </summary>
internal static class LogPurge
{
    /// <summary>
    /// The first part of the purge of old lines, for <see cref="PurgeWindow.PurgeAsync"/>: <c>Log</c> table <c>Gate</c> table
    /// <c>Remove</c> table <c>Result</c>. The CTE <c>log</c> (id, deployment_id, seq, timestamp) are the lines.
    /// </summary>
    internal const string Log = $"""
        WITH {PurgeWindow.Due},
        log AS NOT MATERIALIZED (
            SELECT l.id, l.deployment_id, l.seq, l.timestamp
            FROM
        """;

    /// <summary>
    /// The CTE <c>begun</c> (id, first_id): the deployments that are due whose log starts with an old line that is not the last one. The
    /// subquery is bounded per deployment, so that no plan joins the window with all lines. The CTE <c>gate</c> (id) locks the first line
    /// of these logs: a concurrent purge skips a locked log, and this purge skips a deployment that is being removed with its log.
    /// </summary>
    internal const string Gate = """
        l
        ),
        begun AS MATERIALIZED (
            SELECT v.id, m.id AS first_id
            FROM due v
            CROSS JOIN LATERAL (
                SELECT o.id, o.timestamp, pg_catalog.lead(o.seq) OVER (ORDER BY o.seq) AS next
                FROM (
                    SELECT k.id, k.seq, k.timestamp
                    FROM log k
                    WHERE k.deployment_id = v.id
                    ORDER BY k.seq
                    LIMIT 2
                ) o
            ) m
            WHERE m.timestamp < @before AND m.next IS NOT NULL
        ),
        held AS (
            SELECT b.id, b.first_id
            FROM begun b
            CROSS JOIN LATERAL (SELECT d.id FROM deployments d WHERE d.id = b.id FOR KEY SHARE SKIP LOCKED) d
        ),
        gate AS (
            SELECT h.id
            FROM held h
            CROSS JOIN LATERAL (
                SELECT f.id
                FROM
        """;

    /// <summary>
    /// The CTE <c>victim</c>: the oldest lines of each log in <c>gate</c>, as a gap-free prefix that never includes the last line (its seq
    /// numbers the next insert). Without a sort between the CTEs, gates are locked one by one until the limit is reached. Should a plan cut
    /// the lines in another order, <c>ordinal</c> and <c>place</c> differ in the CTE <c>line</c> and the line stays.
    /// </summary>
    internal const string Remove = """
        f
                WHERE f.id = h.first_id AND f.deployment_id = h.id
                FOR UPDATE SKIP LOCKED
            ) f
        ),
        victim AS MATERIALIZED (
            SELECT p.id, p.ordinal, g.id AS deployment_id
            FROM gate g
            CROSS JOIN LATERAL (
                SELECT o.id, pg_catalog.row_number() OVER (ORDER BY o.seq) AS ordinal,
                    pg_catalog.bool_and(o.timestamp < @before) OVER (ORDER BY o.seq) AS old,
                    pg_catalog.lead(o.seq) OVER (ORDER BY o.seq) AS next
                FROM (
                    SELECT k.id, k.seq, k.timestamp
                    FROM log k
                    WHERE k.deployment_id = g.id
                    ORDER BY k.seq
                    LIMIT @limit + 1
                ) o
            ) p
            WHERE p.old AND p.next IS NOT NULL
            LIMIT @limit
        ),
        line AS (
            SELECT w.id
            FROM (
                SELECT v.id, v.ordinal, pg_catalog.row_number() OVER (PARTITION BY v.deployment_id ORDER BY v.ordinal) AS place
                FROM victim v
            ) w
            WHERE w.ordinal = w.place
        ),
        gone AS (
            DELETE FROM
        """;

    /// <summary>The last part of the purge of old lines.</summary>
    internal const string Result = $"""
        l
            WHERE l.id = ANY (ARRAY(SELECT e.id FROM line e))
            RETURNING l.id
        )
        {PurgeWindow.Result}
        """;

    /// <summary>
    /// The removal of all lines of the chosen deployments (<see cref="Chosen.Ids"/>): <c>OfChosen</c> table <c>UpToLimit</c> table
    /// <c>Joined</c>. Needs <c>@limit</c>. The lines are found by their deployments, too: a table may be partitioned by that key. The
    /// planner removes the join with the deployments; with it, the CTE <c>ids</c> runs on the node that has the setting.
    /// </summary>
    internal const string OfChosen = $"""
        WITH ids AS MATERIALIZED (
            SELECT u.id
            FROM pg_catalog.unnest({Chosen.Ids}) AS u (id)
            LEFT JOIN deployments d ON d.id = u.id
        ),
        victim AS MATERIALIZED (
            SELECT o.id, c.id AS deployment_id
            FROM ids c
            CROSS JOIN LATERAL (
                SELECT k.id
                FROM
        """;

    /// <summary>The part of the removal of all lines between the names of the table.</summary>
    internal const string UpToLimit = """
        k
                WHERE k.deployment_id = c.id
                LIMIT @limit
            ) o
            LIMIT @limit
        )
        DELETE FROM
        """;

    /// <summary>The last part of the removal of all lines; returns their ids.</summary>
    internal const string Joined = """
        l
        USING victim v
        WHERE l.id = v.id AND l.deployment_id = v.deployment_id
        RETURNING l.id
        """;
}
