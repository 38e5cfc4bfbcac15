namespace AutoStack.Data.Benchmarks.Reporting;

/// <summary>A table in Markdown, padded so that it reads in a terminal, too.</summary>
internal static class MarkdownTable
{
    /// <param name="rows">The header and the rows; all columns but the first are aligned to the right.</param>
    public static string Of(IReadOnlyList<string[]> rows)
    {
        int[] widths = [.. Enumerable.Range(0, rows[0].Length).Select(column => rows.Max(row => row[column].Length))];
        string[] line = [.. widths.Select((width, column) => new string('-', Math.Max(width - 1, 2)) + (column == 0 ? "-" : ":"))];
        return string.Join('\n', rows.Take(1).Append(line).Concat(rows.Skip(1)).Select(row => "| " + string.Join(
            " | ", row.Select((cell, column) => column == 0 ? cell.PadRight(widths[column]) : cell.PadLeft(widths[column]))) + " |"));
    }
}
