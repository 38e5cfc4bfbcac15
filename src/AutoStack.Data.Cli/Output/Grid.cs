using AutoStack.Data.Migrations.Internal;
using Spectre.Console;

namespace AutoStack.Data.Cli.Output;

/// <summary>A column of a <see cref="Grid"/>.</summary>
/// <param name="Heading">The heading.</param>
/// <param name="Right">True for numbers, which end at the right.</param>
/// <param name="LeftOut">0 for a column that is always there; of the others, that with the highest number is left out first.</param>
/// <param name="Wraps">True for sentences, which may continue on the next line; the last column only.</param>
internal sealed record Column(string Heading, bool Right = false, int LeftOut = 0, bool Wraps = false);

/// <summary>A text in a <see cref="Grid"/>.</summary>
internal readonly record struct Cell(string Text, Color? Colour = null)
{
    public static implicit operator Cell(string text) => new(Visible.Text(text));
}

/// <summary>
/// A table whose cells stay whole in every width: a name that is broken in two lines can be neither found nor copied. Where the columns do
/// not fit, those that can be missed are left out; where the others do not fit either, each row becomes a block of lines.
/// </summary>
internal sealed class Grid(params Column[] columns)
{
    private const string Gap = " ";
    private const string Indent = "  ";
    private const int NarrowestSentence = 24;

    private readonly List<Cell[]> rows = [];

    public void Add(params Cell[] cells) => rows.Add(cells);

    public void Write(IAnsiConsole console)
    {
        var width = console.Profile.Width;
        if (Fitting(width) is { } shown)
        {
            WriteRows(console, shown, width);
        }
        else
        {
            WriteBlocks(console, width);
        }
    }

    private int WidthOf(int column) => rows.Select(row => row[column].Text.Length).Append(columns[column].Heading.Length).Max();

    // The columns that fit, or null when not even those fit that are always there.
    private List<int>? Fitting(int width)
    {
        List<int> shown = [.. Enumerable.Range(0, columns.Length)];
        while (shown.Sum(column => NeedOf(column)) + (Gap.Length * (shown.Count - 1)) > width)
        {
            var next = shown.MaxBy(column => columns[column].LeftOut);
            if (columns[next].LeftOut == 0)
            {
                return null;
            }

            shown.Remove(next);
        }

        return shown;
    }

    private int NeedOf(int column) => columns[column].Wraps ? Math.Min(NarrowestSentence, WidthOf(column)) : WidthOf(column);

    private void WriteRows(IAnsiConsole console, List<int> shown, int width)
    {
        var last = shown[^1];
        var before = shown.SkipLast(1).Sum(column => WidthOf(column) + Gap.Length);
        WriteRow([.. columns.Select(column => new Cell(column.Heading))]);
        rows.ForEach(WriteRow);

        void WriteRow(Cell[] row)
        {
            var line = new Paragraph();
            foreach (var column in shown.SkipLast(1))
            {
                line.Append(Padded(row[column].Text, column) + Gap, StyleOf(row[column]));
            }

            var end = row[last].Text;
            List<string> texts = columns[last].Wraps ? Screen.Lines(end, width - before) : [columns[last].Right ? Padded(end, last) : end];
            line.Append(string.Join('\n' + new string(' ', before), texts), StyleOf(row[last]));
            console.Write(line);
            console.WriteLine();
        }

        string Padded(string text, int column) => columns[column].Right ? text.PadLeft(WidthOf(column)) : text.PadRight(WidthOf(column));
    }

    // The first cell that is always there, and below it the others with their headings.
    private void WriteBlocks(IAnsiConsole console, int width)
    {
        var title = Array.FindIndex(columns, column => column.LeftOut == 0);
        var label = columns.Max(column => column.Heading.Length);
        foreach (var row in rows)
        {
            WriteWhole(row[title]);
            foreach (var i in Enumerable.Range(0, columns.Length).Where(i => i != title))
            {
                var beside = Indent + columns[i].Heading.PadRight(label) + Indent;
                var texts = columns[i].Wraps ? Screen.Lines(row[i].Text, Math.Max(1, width - beside.Length)) : [row[i].Text];
                for (var line = 0; row[i].Text.Length > 0 && line < texts.Count; line++)
                {
                    WriteWhole(row[i] with { Text = (line == 0 ? beside : new string(' ', beside.Length)) + texts[line] });
                }
            }
        }

        void WriteWhole(Cell cell)
        {
            if (cell.Text.Length > width)
            {
                // The terminal continues it on the next line, and copies it whole.
                console.WriteUnwrapped(cell.Text);
            }
            else
            {
                console.WriteLine(cell.Text, StyleOf(cell));
            }
        }
    }

    private static Style StyleOf(Cell cell) => cell.Colour is { } colour ? new Style(colour) : Style.Plain;
}
