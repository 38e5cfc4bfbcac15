namespace AutoStack.Data.Logs;

/// <summary>
/// Goes through a text and tells which character a terminal writes where: a backspace and a sequence that moves the cursor left or right
/// delete nothing, and the next character takes the place of the one that the cursor stands on. The cursor stays in its line; the time
/// depends on the length of the text alone.
/// </summary>
internal ref struct TerminalReader(ReadOnlySpan<char> text)
{
    private readonly ReadOnlySpan<char> text = text;
    private int at;
    private int unended;
    private int lineStart;
    private int cursor;

    /// <summary>The length of what is shown so far.</summary>
    public int Length { get; private set; }

    /// <summary>The next character that is shown.</summary>
    /// <param name="from">Its place in the text.</param>
    /// <param name="to">Its place in what is shown: <see cref="Length"/>, or a place before whose character it replaces.</param>
    /// <returns>False at the end.</returns>
    public bool Next(out int from, out int to)
    {
        for (; at < text.Length;)
        {
            var unit = text[at];
            if (unit == '\b')
            {
                Move(-1);
                at++;
            }
            else if (unit is '\t' or '\n' or '\r' || TerminalText.LengthOfHidden(text, at, withStrings: true, ref unended) is not (> 0 and var hidden))
            {
                (from, to) = (at++, unit is '\n' or '\r' ? Length : cursor);
                cursor = to + 1;
                Length = Math.Max(Length, cursor);
                lineStart = unit is '\n' or '\r' ? Length : lineStart;
                return true;
            }
            else
            {
                Move(TerminalText.MoveOf(text.Slice(at, hidden)));
                at += hidden;
            }
        }

        (from, to) = (0, 0);
        return false;
    }

    private void Move(int columns) => cursor = (int)Math.Clamp((long)cursor + columns, lineStart, Length);
}
