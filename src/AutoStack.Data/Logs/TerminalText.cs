using System.Buffers;
using System.Globalization;

namespace AutoStack.Data.Logs;

/// <summary>The text that a terminal shows: without control sequences and invisible characters.</summary>
internal static class TerminalText
{
    private const char Escape = '\u001B';
    private const char StringTerminator = '\u009C';

    /// <summary>The characters that a terminal does not show.</summary>
    public static SearchValues<char> Hidden { get; } = SearchValues.Create(
    [
        .. Enumerable.Range(0, char.MaxValue + 1).Select(unit => (char)unit)
            .Where(unit => IsHidden(unit) && unit is not ('\t' or '\n' or '\r')),
    ]);

    /// <summary>Writes the shown text into a buffer of at least the same length.</summary>
    /// <returns>The length of the shown text.</returns>
    public static int Write(ReadOnlySpan<char> text, Span<char> shown)
    {
        var reader = new TerminalReader(text);
        while (reader.Next(out var from, out var to))
        {
            shown[to] = text[from];
        }

        return reader.Length;
    }

    /// <summary>
    /// Returns the length of the hidden text at a place: a control sequence, control character or zero-width character; 0 for any other.
    /// </summary>
    /// <param name="text">The text.</param>
    /// <param name="start">The place.</param>
    /// <param name="withStrings">
    /// True to include the string of an operating system command (a title, the address of a link); false to end before the string.
    /// </param>
    /// <param name="unended">
    /// The place up to which the search for the end of a string has failed in this text and is not repeated; 0 at first.
    /// </param>
    public static int LengthOfHidden(ReadOnlySpan<char> text, int start, bool withStrings, ref int unended)
    {
        var first = text[start];
        if (!IsHidden(first))
        {
            return 0;
        }

        var (kind, at) = first == Escape && start + 1 < text.Length ? (text[start + 1], start + 2)
            : first is >= '\u0080' and < '\u00A0' ? ((char)(first - 0x40), start + 1)
            : ('\0', start + 1);
        switch (kind)
        {
            case '[':
                at = SkipRange(text, at, '0', '?');
                at = SkipRange(text, at, ' ', '/');
                return (at < text.Length && text[at] is >= '@' and <= '~' ? at + 1 : at) - start;
            case ']' or 'P' or 'X' or '^' or '_':
                return (withStrings ? EndOfString(text, at, ref unended) : at) - start;
            case >= ' ' and <= '/' when first == Escape:
                at = SkipRange(text, at, ' ', '/');
                return (at < text.Length && text[at] is >= '0' and <= '~' ? at + 1 : at) - start;
            case >= '0' and <= '~' when first == Escape:
                return at - start;
            default:
                return 1;
        }
    }

    /// <summary>
    /// Returns the columns by which a control sequence moves the cursor: CSI n D to the left (negative), CSI n C to the right.
    /// </summary>
    public static int MoveOf(ReadOnlySpan<char> sequence)
    {
        var first = sequence is [Escape, '[', ..] ? 2 : sequence is ['\u009B', ..] ? 1 : sequence.Length;
        if (first >= sequence.Length || sequence[^1] is not ('C' or 'D'))
        {
            return 0;
        }

        var digits = sequence[first..^1];
        var columns = digits.Length == 0 ? 1 : digits.ContainsAnyExceptInRange('0', '9') ? 0
            : int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var count) ? Math.Max(count, 1) : int.MaxValue;
        return sequence[^1] == 'D' ? -columns : columns;
    }

    private static bool IsHidden(char unit) =>
        unit < ' ' || (unit >= '\u007F' && CharUnicodeInfo.GetUnicodeCategory(unit) is UnicodeCategory.Control or UnicodeCategory.Format);

    private static int SkipRange(ReadOnlySpan<char> text, int at, char first, char last)
    {
        while (at < text.Length && text[at] >= first && text[at] <= last)
        {
            at++;
        }

        return at;
    }

    // An unended string hides nothing: the terminal would wait for its end in the following lines.
    private static int EndOfString(ReadOnlySpan<char> text, int start, ref int unended)
    {
        if (start < unended)
        {
            return start;
        }

        var rest = text[start..];
        var end = rest.IndexOfAny('\a', Escape, StringTerminator);
        if (end >= 0 && rest[end] != Escape)
        {
            return start + end + 1;
        }

        if (end >= 0 && end + 1 < rest.Length && rest[end + 1] == '\\')
        {
            return start + end + 2;
        }

        unended = end < 0 ? text.Length : start + end;
        return start;
    }
}
