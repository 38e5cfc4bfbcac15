namespace AutoStack.Data.Logs;

/// <summary>Consecutive lines of a log. A log grows and is read in both directions, so both cursors are always given.</summary>
/// <typeparam name="T">The type of the lines.</typeparam>
/// <param name="Items">The lines, oldest first, at most <c>limit</c>.</param>
/// <param name="Before">The place before the first line: <c>ListTailAsync</c> continues there.</param>
/// <param name="After">The place after the last line: <c>ListAsync</c> continues there.</param>
public sealed record LogPage<T>(IReadOnlyList<T> Items, Cursor Before, Cursor After)
{
    /// <summary>Makes a page of lines.</summary>
    /// <param name="lines">The lines, oldest first.</param>
    /// <param name="seq">The number of a line.</param>
    /// <param name="emptyAt">The number of the line before an empty page.</param>
    internal static LogPage<T> Of(IReadOnlyList<T> lines, Func<T, long> seq, long emptyAt) => lines.Count == 0
        ? new(lines, Cursor.After(emptyAt), Cursor.After(emptyAt))
        : new(lines, Cursor.After(seq(lines[0]) - 1), Cursor.After(seq(lines[^1])));
}
