using System.Buffers;
using AutoStack.Data.Values;

namespace AutoStack.Data.Logs;

/// <summary>
/// Searches a text in lines as a terminal shows them, ignoring case. The time is linear in the length of the line (Knuth, Morris and Pratt,
/// 1977), also for a text that almost matches everywhere.
/// </summary>
internal sealed class LogSearch
{
    private readonly char[] text;
    private readonly int[] borders;
    private readonly bool isOfControls;

    public LogSearch(string text)
    {
        var shown = new char[text.Length];
        var length = TerminalText.Write(text, shown);

        // A text of control sequences only is searched literally.
        isOfControls = length == 0;
        this.text = isOfControls ? text.ToCharArray() : shown[..length];
        for (var i = 0; i < this.text.Length; i++)
        {
            this.text[i] = CaseFolding.Fold(this.text[i]);
        }

        borders = new int[this.text.Length];
        for (int i = 1, border = 0; i < this.text.Length; i++)
        {
            border = Next(border, this.text[i]);
            borders[i] = border;
        }
    }

    /// <summary>The number of comparisons so far.</summary>
    public long Steps { get; private set; }

    /// <summary>True when a line contains the text.</summary>
    public bool IsIn(string line)
    {
        if (isOfControls || !line.AsSpan().ContainsAny(TerminalText.Hidden))
        {
            return IsInShown(line);
        }

        var shown = ArrayPool<char>.Shared.Rent(line.Length);
        var found = IsInShown(shown.AsSpan(0, TerminalText.Write(line, shown)));
        ArrayPool<char>.Shared.Return(shown);
        return found;
    }

    private bool IsInShown(ReadOnlySpan<char> line)
    {
        var matched = 0;
        foreach (var unit in line)
        {
            matched = Next(matched, CaseFolding.Fold(unit));
            if (matched == text.Length)
            {
                return true;
            }
        }

        return false;
    }

    // The length of the longest beginning of the text that ends with a character, after a beginning of the given length.
    private int Next(int matched, char unit)
    {
        Steps++;
        while (matched > 0 && text[matched] != unit)
        {
            Steps++;
            matched = borders[matched - 1];
        }

        return text[matched] == unit ? matched + 1 : 0;
    }
}
