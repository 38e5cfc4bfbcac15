namespace AutoStack.Data.Integrity;

/// <summary>
/// The frame of a statement that checks the rows in a range of pages: <c>Open</c>, the rows to read, <c>Judge</c>, the wrong ones of them,
/// <c>Close</c>. The rows are read by their place in the table, so that no damaged index hides one.
/// </summary>
internal static class RangeSql
{
    /// <summary>The range. Needs the row <c>t</c>, <c>@start</c> and <c>@stop</c>.</summary>
    internal const string InRange = "t.ctid >= @start::tid AND t.ctid < @stop::tid";

    /// <summary>The CTE <c>seen</c>: the rows of the range.</summary>
    internal const string Open = "WITH seen AS MATERIALIZED (";

    /// <summary>The CTE <c>wrong</c> (id, problem): the name of each wrong row, and what is wrong with it.</summary>
    internal const string Judge = "), wrong AS MATERIALIZED (";

    /// <summary>The result, as <see cref="RangeResult.Read"/> reads it.</summary>
    internal const string Close = """
        )
        SELECT r.rows, w.problem, w.rows, w.ids
        FROM (SELECT pg_catalog.count(*) AS rows FROM seen) r
        LEFT JOIN (
            SELECT e.problem, pg_catalog.count(*) AS rows,
                pg_catalog.array_to_string((pg_catalog.array_agg(e.id ORDER BY e.id))[1:100], pg_catalog.chr(10)) AS ids
            FROM wrong e
            GROUP BY e.problem
        ) w ON TRUE
        """;
}
