using AutoStack.Data.Monitoring;
using AutoStack.Data.Postgres;

namespace AutoStack.Data.Integrity;

/// <summary>
/// The numbers of log lines. Retention removes the beginning of a log, so that a log may begin with any number; the purge of a deleted
/// deployment, and the removal of a closed account, remove lines in any order.
/// </summary>
internal static class LogParts
{
    private const string Mend =
        "Compare the log with a backup: a line was lost, or stored past the triggers and keys. Readers continue after a gap.";

    // The lines s in the range: Numbers, the table, Wrong.
    private const string Numbers = $"""
        {RangeSql.Judge}
            SELECT
                s.deployment_id::text || ':' || coalesce(s.seq::text, '?') AS id,
                CASE
                    WHEN s.seq IS NULL THEN 'a line has no number'
                    WHEN s.seq < 1 THEN 'a line has a number below 1'
                    WHEN p.same > 1 THEN 'a number is there twice'
                    ELSE 'the line before is missing'
                END AS problem
            FROM seen s
            JOIN deployments d ON d.id = s.deployment_id AND NOT d.is_deleted
            JOIN users u ON u.id = d.user_id AND u.closed_at IS NULL
            CROSS JOIN LATERAL (
                SELECT pg_catalog.count(*) FILTER (WHERE o.seq = s.seq) AS same, pg_catalog.count(*) FILTER (WHERE o.seq < s.seq) AS before
                FROM
        """;

    private const string First = """
        o
                WHERE o.deployment_id = s.deployment_id AND o.seq BETWEEN greatest(s.seq, 1) - 1 AND s.seq
            ) p
            WHERE s.seq IS NULL OR s.seq < 1 OR p.same > 1 OR p.before = 0 AND EXISTS (
                SELECT
                FROM
        """;

    private const string Earlier = $"""
        o
                WHERE o.deployment_id = s.deployment_id AND o.seq < s.seq)
        {RangeSql.Close}
        """;

    public static RowPart Build { get; } = new(Severity.Error, "deployment_logs", (_, range) => new Statement($"""
        {RangeSql.Open}
            SELECT t.deployment_id, t.seq
            FROM deployment_logs t
            WHERE {RangeSql.InRange}
        {Numbers} deployment_logs {First} deployment_logs {Earlier}
        """, range.Start, range.Stop), Mend);

    public static RowPart Runtime { get; } = new(Severity.Error, "deployment_runtime_logs", (_, range) => new Statement($"""
        {RangeSql.Open}
            SELECT t.deployment_id, t.seq
            FROM deployment_runtime_logs t
            WHERE {RangeSql.InRange}
        {Numbers} deployment_runtime_logs {First} deployment_runtime_logs {Earlier}
        """, range.Start, range.Stop), Mend);
}
