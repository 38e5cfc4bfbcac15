using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using AutoStack.Data.Postgres;
using AutoStack.Data.Values;

namespace AutoStack.Data.Logs;

/// <summary>
/// Purges the old rows of many deployments. One statement finds deployments that have something to remove, a window at a time; another one
/// removes batches from these until they have nothing left. A run therefore visits a deployment once, whatever the number of its batches,
/// and removes nothing from the others.
/// </summary>
internal static class PurgeWindow
{
    /// <summary>The CTE <c>due</c> (id) of a statement that removes: the deployments of the window. Needs <c>@ids</c>.</summary>
    internal const string Due = """
        due AS MATERIALIZED (
            SELECT u.id
            FROM pg_catalog.unnest(@ids) AS u (id)
        )
        """;

    /// <summary>The result of a statement that removes: the number of rows in the CTE <c>gone</c> (id).</summary>
    internal const string Result = """
        SELECT pg_catalog.count(g.id)::int
        FROM gone g
        """;

    /// <summary>
    /// Removes one batch, from the first deployments after a place that have something to remove; returns the number of rows, 0 at the end.
    /// </summary>
    /// <param name="db">The executor.</param>
    /// <param name="find">
    /// Finds the next window after <c>@afterTime</c> and <c>@afterId</c>, with <c>@before</c>: the ids of its deployments that have
    /// something to remove, and the time and id of its end; no row after the last window.
    /// </param>
    /// <param name="remove">Removes up to <c>@limit</c> rows of <see cref="Due"/> that are older than <c>@before</c>.</param>
    /// <param name="before">The moment before which rows are old.</param>
    /// <param name="limit">The maximum number of rows.</param>
    /// <param name="place">The place, which moves on.</param>
    /// <param name="cancellationToken">Stops the delete.</param>
    /// <param name="operation">The name of the operation in traces.</param>
    internal static async Task<int> PurgeAsync(
        Db db,
        [ConstantExpected] string find,
        [ConstantExpected] string remove,
        DateTimeOffset before,
        int limit,
        Place place,
        CancellationToken cancellationToken,
        [CallerMemberName] string operation = "")
    {
        db.Writes(operation);
        while (true)
        {
            if (place.Due.Length > 0)
            {
                var removed = await db.WriteAsync(
                    row => new Removed(row.Int()),
                    remove,
                    [P.Of(place.Due, "ids"), P.Of(before), P.Of(limit)],
                    cancellationToken,
                    operation).ConfigureAwait(false);
                if (removed!.Rows > 0)
                {
                    return removed.Rows;
                }

                place.Due = [];
            }

            var window = await db.FindAsync(
                row => new Window(row.Array<Guid>(), row.Long(), row.Guid()),
                find,
                [P.Moment(place.AfterTime, "afterTime"), P.Of(place.AfterId ?? Guid.Empty, "afterId"), P.Of(before)],
                cancellationToken,
                operation).ConfigureAwait(false);
            if (window is null)
            {
                return 0;
            }

            (place.Due, place.AfterTime, place.AfterId) = (window.Due, window.EndTime, window.EndId);
        }
    }

    /// <summary>The place at which a purge continues: what is due of the present window, and the end of that window.</summary>
    internal sealed class Place
    {
        public Guid[] Due { get; set; } = [];

        // In microseconds: a column may hold times before .NET's first year.
        public long AfterTime { get; set; } = Time.NegativeInfinity;

        public Guid? AfterId { get; set; }
    }

    private sealed record Removed(int Rows);

    private sealed record Window(Guid[] Due, long EndTime, Guid EndId);
}
