using AutoStack.Data.Monitoring;
using AutoStack.Data.Postgres;

namespace AutoStack.Data.Integrity;

/// <summary>
/// Checks the seals of the audit log, in a database with the feature <c>audit</c>. A range of pages is a range of the numbers of seals: the
/// entries of a seal are read by its bounds. The hashes are computed by statements of the library, not by functions of the database, which
/// whoever changes entries could change, too.
/// </summary>
internal sealed class AuditPart : IntegrityPart
{
    private const string HowToMend = "Compare the log with a backup or an export; ask the superusers. The entries are not what was sealed.";

    // The seals after @above, @count of them.
    private const string InRange = "s.number > @above AND s.number <= @above + @count";

    // What retention has dropped, as the log itself says. A seal of a month before has no entries any more.
    private const string Dropped = """
        coalesce((
            SELECT pg_catalog.max((d.changed -> 'dropped_before'::text ->> 1)::timestamp)
            FROM autostack_audit.changes d
            WHERE d.row_id = '00000000-0000-0000-0000-000000000000' AND d.table_name = 'audit_settings'
        ), '-infinity')
        """;

    private readonly string sql;

    private AuditPart(string sql)
        : base(Severity.Error, HowToMend) => this.sql = sql;

    public override string Subject => "the audit log";

    /// <summary>The seals: each follows the one before it, and its hash is that of its content and of the seal before it.</summary>
    public static AuditPart Chain { get; } = new($"""
        {RangeSql.Open}
            SELECT s.number, s.month, s.after_seq, s.until_seq, s.entries, s.content, s.sealed_at, s.hash, p.number AS before,
                coalesce(p.after_seq, 0) AS before_after, coalesce(p.until_seq, 0) AS before_until,
                coalesce(p.hash, ''::bytea) AS before_hash
            FROM autostack_audit.seals s
            LEFT JOIN autostack_audit.seals p ON p.number = s.number - 1
            WHERE {InRange}
        {RangeSql.Judge}
            SELECT 'seal ' || s.number::text AS id, CASE
                WHEN s.before IS NULL AND s.number > 1 THEN 'the seal before is missing'
                ELSE 'a seal was changed'
            END AS problem
            FROM seen s
            WHERE s.before IS NULL AND s.number > 1
              OR s.after_seq <> s.before_until AND (s.after_seq <> s.before_after OR s.until_seq <> s.before_until)
              OR s.hash IS DISTINCT FROM pg_catalog.sha256(
                  pg_catalog.convert_to(pg_catalog.jsonb_build_array(
                      s.number, pg_catalog.to_char(s.month, 'YYYY-MM-DD'), s.after_seq, s.until_seq, s.entries,
                      pg_catalog.to_char(s.sealed_at, 'YYYY-MM-DD HH24:MI:SS.US'))::text, 'UTF8')
                  || s.content || s.before_hash)
        {RangeSql.Close}
        """);

    /// <summary>The entries: those of each seal are those that were sealed, and there are no others between them.</summary>
    public static AuditPart Entries { get; } = new($"""
        {RangeSql.Open}
            SELECT s.number, s.month, s.after_seq, s.until_seq, s.entries, s.content, o.dropped
            FROM autostack_audit.seals s
            CROSS JOIN (SELECT {Dropped} AS dropped) o
            WHERE {InRange} AND s.month >= o.dropped
        {RangeSql.Judge}
            SELECT 'seal ' || s.number::text AS id, CASE
                WHEN e.entries < s.entries THEN 'an entry was removed'
                WHEN e.entries > s.entries OR e.content = s.content THEN 'an entry was added'
                ELSE 'an entry was changed'
            END AS problem
            FROM seen s
            CROSS JOIN LATERAL (
                SELECT pg_catalog.count(*) AS entries, pg_catalog.sha256(pg_catalog.string_agg(h.hash, ''::bytea ORDER BY h.seq)) AS content
                FROM (
                    SELECT c.seq, pg_catalog.sha256(pg_catalog.convert_to(pg_catalog.jsonb_build_array(
                        c.seq, pg_catalog.to_char(c.at, 'YYYY-MM-DD HH24:MI:SS.US'), c.transaction_id::text, c.actor, c.role, c.table_name,
                        c.row_id, c.action, c.row_count, c.row_ids, c.changed)::text, 'UTF8')) AS hash
                    FROM autostack_audit.changes c
                    WHERE c.seq > s.after_seq AND c.seq <= s.until_seq
                      AND c.at >= s.month::timestamp AND c.at < s.month::timestamp + INTERVAL '1 month'
                ) h
            ) e
            WHERE e.entries <> s.entries OR e.content IS DISTINCT FROM s.content
              OR (
                  SELECT pg_catalog.count(*)
                  FROM autostack_audit.changes a
                  WHERE a.seq > s.after_seq AND a.seq <= s.until_seq AND a.at >= s.dropped
              ) <> (
                  SELECT pg_catalog.sum(b.entries)::bigint
                  FROM autostack_audit.seals b
                  WHERE b.until_seq = s.until_seq AND b.month >= s.dropped
              )
        {RangeSql.Close}
        """);

    public override async Task<IReadOnlyList<Target>> TargetsAsync(Verification run, CancellationToken cancellationToken)
    {
        var enabled = await run.ListAsync(row => row.Long(), new Statement("""
            SELECT c.oid::bigint
            FROM pg_catalog.pg_class c
            JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = 'autostack_audit' AND c.relname = 'seals'
            """), cancellationToken).ConfigureAwait(false);
        if (enabled.Count == 0)
        {
            return [];
        }

        var last = await run.ListAsync(
            row => row.Long(), new Statement("SELECT coalesce(pg_catalog.max(s.number), 0) FROM autostack_audit.seals s"),
            cancellationToken).ConfigureAwait(false);
        return last[0] == 0 ? [] : [new Target(Subject, last[0])];
    }

    public override Task<RangeResult> ReadAsync(Verification run, Target target, PageRange range, CancellationToken cancellationToken) =>
#pragma warning disable CA1857 // A constant: the two parts are above.
        run.RangeAsync(new Statement(sql, P.Of(range.First, "above"), P.Of(range.Count, "count")), cancellationToken);
#pragma warning restore CA1857
}
