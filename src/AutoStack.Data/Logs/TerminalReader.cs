namespace AutoStack.Data.Logs;

/// <summary>
/// Reads a text like a terminal and returns where each character is written: a backspace or a sequence that moves the cursor left or right
/// deletes nothing, and the next character replaces the one at the cursor. The cursor stays in its line; the time is linear in the length
/// of the text.
/// </summary>
internal ref struct TerminalReader(ReadOnlySpan<char> text)
{
    private readonly ReadOnlySpan<char> text = text;
    private int at;
    private int unended;
    private int lineStart;
    private int cursor;

    /// <summary>The length of the shown text so far.</summary>
    public int Length { get; private set; }

    /// <summary>Reads the next shown character.</summary>
    /// <param name="from">The place in the text.</param>
    /// <param name="to">The place in the shown text: <see cref="Length"/>, or an earlier place whose character is replaced.</param>
    /// <returns>False at the end of the text.</returns>
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
            else if (unit is '\t' or '\n' or '\r'
                || TerminalText.LengthOfHidden(text, at, withStrings: true, ref unended) is not (> 0 and var hidden))
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
