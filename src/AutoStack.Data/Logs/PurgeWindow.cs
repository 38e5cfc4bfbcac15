using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using AutoStack.Data.Postgres;

namespace AutoStack.Data.Logs;

/// <summary>
/// How the old rows of many deployments are purged: a statement looks at so many deployments, in the order of their ids, and the next one
/// goes on behind them once it finds nothing more to remove. So a run looks at each deployment about once, whatever the number of its
/// batches.
/// </summary>
internal static class PurgeWindow
{
    /// <summary>The deployments that a statement looks at. Needs <c>@afterId</c>.</summary>
    internal const string Visited = """
        visited AS MATERIALIZED (
            SELECT d.id
            FROM deployments d
            WHERE d.id > @afterId
            ORDER BY d.id
            LIMIT 1000
        )
        """;

    /// <summary>
    /// The visited whose log in <c>log</c> (id, deployment_id, seq, timestamp) has an old beginning: <c>begun</c> (id, first_id), the first
    /// line. A subquery that is bounded for each of them, so that no plan joins them with all lines there are. Needs <c>@before</c>.
    /// </summary>
    internal const string Begun = """
        begun AS MATERIALIZED (
            SELECT v.id, m.id AS first_id
            FROM visited v
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
        )
        """;

    /// <summary>
    /// What goes of the logs in <c>gate</c> (id), whose lines are in <c>log</c> (id, deployment_id, seq, timestamp): the <c>line</c> (id).
    /// Beginnings only, so that what is kept has no gap; and never the last line, whose number the next one counts from. Without a sort
    /// between them, gates are taken one by one until the limit is reached; should a plan ever cut the lines in another order, the places
    /// do not match and the line stays. Needs <c>@before</c> and <c>@limit</c>.
    /// </summary>
    internal const string Beginnings = """
        victim AS MATERIALIZED (
            SELECT p.id, p.ordinal, g.id AS deployment_id
            FROM gate g
            CROSS JOIN LATERAL (
                SELECT o.id, pg_catalog.row_number() OVER (ORDER BY o.seq) AS ordinal,
                    pg_catalog.bool_and(o.timestamp < @before) OVER (ORDER BY o.seq) AS old, pg_catalog.lead(o.seq) OVER (ORDER BY o.seq) AS next
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
        )
        """;

    /// <summary>The number of rows in <c>gone</c> (id), and the last deployment that was looked at.</summary>
    internal const string Result = """
        SELECT
            (SELECT pg_catalog.count(g.id)::int FROM gone g),
            (
                SELECT v.id
                FROM visited v
                ORDER BY v.id DESC
                LIMIT 1
            )
        """;

    /// <summary>Where a purge goes on.</summary>
    internal sealed class Place
    {
        public Guid AfterId { get; set; }
    }

    /// <summary>
    /// Removes one batch, from the first deployments on in which there is something to remove; the number of rows, 0 at the end.
    /// </summary>
    internal static async Task<int> PurgeAsync(
        Db db, [ConstantExpected] string sql, DateTimeOffset before, int limit, Place place, CancellationToken cancellationToken, [CallerMemberName] string operation = "")
    {
        while (true)
        {
            var step = await db.WriteAsync(
                row => new Step(row.Int(), row.GuidOrNull()), sql, [P.Of(before), P.Of(limit), P.Of(place.AfterId)], cancellationToken, operation).ConfigureAwait(false);
            if (step!.Rows > 0 || step.LastId is not { } lastId)
            {
                return step.Rows;
            }

            place.AfterId = lastId;
        }
    }

    private sealed record Step(int Rows, Guid? LastId);
}
