using System.Runtime.InteropServices;
using AutoStack.Data.Postgres;
using AutoStack.Data.Status;
using AutoStack.Data.Values;

namespace AutoStack.Data.Logs;

/// <summary>
/// The trigram index of the feature <c>log-search</c>. It selects the lines that may contain a text; whether a line does is decided by
/// <see cref="LogSearch"/>, with the index and without.
/// </summary>
internal static class LogIndex
{
    /// <summary>
    /// The word as which the index has each line in which the cursor moves, or which has sequences that the index does not read. A line
    /// that contains the word itself is merely looked at.
    /// </summary>
    internal const string OddLine = "qzxjkv";

    /// <summary>
    /// What the index has of a line <c>l</c>: the text that a terminal shows, with A to Z folded. The script that creates the index has the
    /// same expression.
    /// </summary>
    internal const string Expression = """
        CASE
            WHEN l.message COLLATE "C" ~ '[\u0001-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u00ad\u0600-\u0605\u061c\u06dd\u070f\u0890'
                '\u0891\u08e2\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb]'
            THEN pg_catalog.regexp_replace(
                pg_catalog.regexp_replace(
                    pg_catalog.lower(l.message COLLATE "C"),
                    '\u001b\[[0-?]*[ -/]*[@-be-~]|\u001b[]^_][^\u0007\u001b\u009c]*(?:\u0007|\u009c|\u001b\\)'
                        '|[\u0001-\u0007\u000b\u000c\u000e-\u001a\u001c-\u001f\u007f\u00ad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891'
                        '\u08e2\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb]',
                    '', 'g'),
                '^.*[\u0008\u001b\u0080-\u009f].*$', 'qzxjkv')
            ELSE pg_catalog.lower(l.message COLLATE "C")
        END
        """;

    /// <summary>The lines of the first statement of a search: a frequent text is found there.</summary>
    internal const int FirstLines = 2_000;

    // As the statement has it.
    private const int CandidatesPerStatement = 1000;

    private const int MaxLines = 100_000;

    /// <summary>
    /// The text of the logs that one statement may look at whole, in bytes. The index may select every line, and the server then computes
    /// the text of each: of 1 MiB in a tenth of a second, when it is full of colours.
    /// </summary>
    internal const long MaxBytes = 8 << 20;

    /// <summary>
    /// The size of the text of the last line <c>e</c> of a log and all lines before it; NULL when no writer has counted it.
    /// </summary>
    internal const string Bytes = "e.log_bytes - (e.seq << 7)";

    /// <summary>
    /// The lines of the next statement, when the one before found too few. Where the index does not help, each is looked at.
    /// </summary>
    public static int LinesAfter(int lines) => Math.Min(10 * lines, MaxLines);

    /// <summary>
    /// True when the database has the index, complete, and the owner's statements may use it: not under row security, where the server
    /// looks at the text of a line only after the policy.
    /// </summary>
    public static async Task<bool> IsThereAsync(Db db, Guid ownerId, CancellationToken cancellationToken) =>
        await db.FindValueAsync(row => row.Flag(), """
            SELECT EXISTS (
                SELECT
                FROM pg_catalog.pg_index x
                WHERE x.indexrelid = pg_catalog.to_regclass('public.deployment_logs_search_idx')::oid AND x.indisvalid)
              AND NOT pg_catalog.row_security_active(pg_catalog.to_regclass('public.deployment_logs')::oid)
            """, [P.Owner(ownerId)], cancellationToken).ConfigureAwait(false) ?? false;

    /// <summary>
    /// Ends a range of a log that is too large for one statement: after the line with which it has 4 MiB, at the first line at the
    /// earliest. The size of a text is read without the text.
    /// </summary>
    public static async Task<Range> CutAsync(Db db, Range range, Guid ownerId, CancellationToken cancellationToken) =>
        await db.FindValueAsync(row => row.Long(), $"""
            SELECT coalesce(pg_catalog.max(s.seq), @lastSeq)
            FROM (
                SELECT k.seq, pg_catalog.sum(k.bytes) OVER (ORDER BY k.seq) - k.bytes AS bytes
                FROM (
                    SELECT l.seq, pg_catalog.octet_length(l.message) AS bytes
                    FROM deployment_logs l
                    WHERE l.deployment_id = @deploymentId AND l.seq > @afterSeq AND l.seq <= @lastSeq AND {DeploymentState.Owned}
                ) k
            ) s
            WHERE s.bytes < {Limit.AnswerBytes}
            """,
            [P.Of(range.LogId, "deploymentId"), P.Of(ownerId), P.Of(range.After, "afterSeq"), P.Of(range.Until, "lastSeq")],
            cancellationToken).ConfigureAwait(false) is { } seq ? range with { Until = seq } : range;

    /// <summary>
    /// Reads the first lines of ranges that may contain a text, in the order of the ranges: at most 1,000 lines and 4 MiB, at least one.
    /// </summary>
    /// <param name="db">The statements of the caller.</param>
    /// <param name="ranges">The ranges, each in another log.</param>
    /// <param name="ownerId">The user.</param>
    /// <param name="pattern">From <see cref="LogSearch.Pattern"/>.</param>
    /// <param name="cancellationToken">Stops the search.</param>
    /// <returns>The lines, and whether the ranges have more such lines.</returns>
    public static async Task<(IReadOnlyList<DeploymentLog> Lines, bool HasMore)> ListCandidatesAsync(
        Db db, IReadOnlyList<Range> ranges, Guid ownerId, string pattern, CancellationToken cancellationToken)
    {
        // A generic plan does not know how often the pattern occurs. The lines are chosen apart from the ranges, whose join the server
        // takes for more selective than it is.
        var statement = new Statement($"""
            WITH candidates AS MATERIALIZED (
                SELECT {DeploymentLogRepository.Columns}
                FROM deployment_logs l
                WHERE l.deployment_id = ANY (@ids::uuid[]) AND l.seq > @first AND l.seq <= @last AND {Expression} ~ @pattern
            )
            SELECT s.id, s.deployment_id, s.timestamp, s.log_level, s.message, s.created_at, s.seq, s.candidates
            FROM (
                SELECT k.id, k.deployment_id, k.timestamp, k.log_level, k.message, k.created_at, k.seq, k.ordinal,
                    pg_catalog.count(*) OVER () AS candidates,
                    pg_catalog.sum(pg_catalog.octet_length(k.message)) OVER (ORDER BY k.ordinal, k.seq)
                        - pg_catalog.octet_length(k.message) AS bytes
                FROM (
                    SELECT {DeploymentLogRepository.Columns}, c.ordinal
                    FROM candidates l
                    JOIN unnest(@ids::uuid[], @afters::bigint[], @untils::bigint[]) WITH ORDINALITY c (id, after, until, ordinal)
                        ON c.id = l.deployment_id AND l.seq > c.after AND l.seq <= c.until
                    JOIN deployments d ON d.id = c.id AND d.user_id = @ownerId AND NOT d.is_deleted AND {AccountState.OwnerIsOpen}
                    ORDER BY c.ordinal, l.seq
                    LIMIT 1000
                ) k
            ) s
            WHERE s.bytes < {Limit.AnswerBytes}
            ORDER BY s.ordinal, s.seq
            """,
            P.Of(ranges.Select(range => range.LogId).ToArray(), "ids"),
            P.Of(ranges.Select(range => range.After).ToArray(), "afters"),
            P.Of(ranges.Select(range => range.Until).ToArray(), "untils"),
            P.Of(ranges.Min(range => range.After), "first"),
            P.Of(ranges.Max(range => range.Until), "last"),
            P.Of(ownerId),
            P.Text(pattern, name: "pattern"))
        {
            IsPlannedForItsValues = true,
        };
        var rows = await db.ListAsync(
            row => (Line: DeploymentLogRepository.Read(row), Candidates: row.Long()), statement, cancellationToken).ConfigureAwait(false);
        return (
            [.. rows.Select(row => row.Line)],
            rows.Count > 0 && (rows.Count < rows[0].Candidates || rows[0].Candidates == CandidatesPerStatement));
    }

    /// <summary>Lines of a log.</summary>
    /// <param name="LogId">The deployment.</param>
    /// <param name="After">The number before the first line.</param>
    /// <param name="Until">The number of the last line.</param>
    /// <param name="IsLarge">Whether the log is too large for one statement: such a range is cut, and alone in its statement.</param>
    [StructLayout(LayoutKind.Auto)]
    internal readonly record struct Range(Guid LogId, long After, long Until, bool IsLarge = false);
}
