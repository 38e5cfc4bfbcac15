using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using AutoStack.Data.Postgres;

namespace AutoStack.Data.Logs;

/// <summary>
/// Purges the old rows of many deployments. A statement visits a window of deployments, in the order of their ids; the next statement
/// continues after the window once the window has nothing more to remove. A run therefore visits each deployment about once, whatever the
/// number of its batches.
/// </summary>
internal static class PurgeWindow
{
    /// <summary>The CTE <c>visited</c> (id): the deployments of the window. Needs <c>@afterId</c>.</summary>
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
    /// The statement's result: the number of rows in the CTE <c>gone</c> (id), and the last deployment of <see cref="Visited"/>.
    /// </summary>
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

    /// <summary>
    /// Removes one batch, from the first deployments after a place that have something to remove; returns the number of rows, 0 at the end.
    /// </summary>
    /// <param name="db">The executor.</param>
    /// <param name="sql">A statement of <see cref="Visited"/> and <see cref="Result"/> with <c>@before</c> and <c>@limit</c>.</param>
    /// <param name="before">The moment before which rows are old.</param>
    /// <param name="limit">The maximum number of rows.</param>
    /// <param name="place">The place, which moves on.</param>
    /// <param name="cancellationToken">Stops the delete.</param>
    /// <param name="operation">The name of the operation in traces.</param>
    internal static async Task<int> PurgeAsync(
        Db db,
        [ConstantExpected] string sql,
        DateTimeOffset before,
        int limit,
        Place place,
        CancellationToken cancellationToken,
        [CallerMemberName] string operation = "")
    {
        while (true)
        {
            var step = await db.WriteAsync(
                row => new Step(row.Int(), row.GuidOrNull()),
                sql,
                [P.Of(before), P.Of(limit), P.Of(place.AfterId)],
                cancellationToken,
                operation).ConfigureAwait(false);
            if (step!.Rows > 0 || step.LastId is not { } lastId)
            {
                return step.Rows;
            }

            place.AfterId = lastId;
        }
    }

    /// <summary>The place after which a purge continues.</summary>
    internal sealed class Place
    {
        public Guid AfterId { get; set; }
    }

    private sealed record Step(int Rows, Guid? LastId);
}
