namespace AutoStack.Data;

/// <summary>A page of a list.</summary>
/// <typeparam name="T">The type of the rows.</typeparam>
/// <param name="Items">The rows, at most <c>limit</c>.</param>
/// <param name="Next">The place from which the next page continues; null at the end of the list.</param>
public sealed record Page<T>(IReadOnlyList<T> Items, Cursor? Next)
{
    /// <summary>
    /// Makes a page of rows that were read with a limit of one more than the page holds: the last row tells that a page follows.
    /// </summary>
    /// <param name="rows">The rows, at most <paramref name="limit"/> and one.</param>
    /// <param name="limit">The size of the page.</param>
    /// <param name="after">The place after a row.</param>
    internal static Page<T> Of(IReadOnlyList<T> rows, int limit, Func<T, Cursor> after) =>
        rows.Count <= limit ? new(rows, Next: null) : new([.. rows.Take(limit)], after(rows[limit - 1]));

    /// <summary>
    /// As <see cref="Of"/>, for a list that is ordered by a time and the id. Each row comes with the time as the column has it: a time that
    /// .NET has no value for is a place too.
    /// </summary>
    /// <param name="rows">The rows with their times, at most <paramref name="limit"/> and one.</param>
    /// <param name="limit">The size of the page.</param>
    /// <param name="id">The id of a row.</param>
    internal static Page<T> OfMoments(IReadOnlyList<(T Row, long Moment)> rows, int limit, Func<T, Guid> id) =>
        new(
            [.. rows.Take(limit).Select(row => row.Row)],
            rows.Count <= limit ? null : Cursor.After(rows[limit - 1].Moment, id(rows[limit - 1].Row)));
}
