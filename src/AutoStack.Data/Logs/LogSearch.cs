using System.Buffers;
using AutoStack.Data.Values;

namespace AutoStack.Data.Logs;

/// <summary>
/// Searches a text in lines as a terminal shows them, ignoring case. The time is linear in the length of the line (Knuth, Morris and Pratt,
/// 1977), also for a text that almost matches everywhere.
/// </summary>
internal sealed class LogSearch
{
    // The index finds the lines with the beginning of a longer text.
    private const int MaxPatternLength = 64;

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

    /// <summary>A search for the text of a caller.</summary>
    /// <exception cref="ArgumentException">The text is null, empty or too long.</exception>
    public static LogSearch For(string text)
    {
        ArgumentException.ThrowIfNullOrEmpty(text);
        return text.Length > IDeploymentLogRepository.MaxSearchLength
            ? throw new ArgumentException(
                $"{nameof(text)} is {text.Length} characters long; at most {IDeploymentLogRepository.MaxSearchLength}.", nameof(text))
            : new LogSearch(Text.Clean(text));
    }

    /// <summary>The number of comparisons so far.</summary>
    public long Steps { get; private set; }

    /// <summary>
    /// The regular expression that <see cref="LogIndex.Expression"/> of every line with the text matches; null when an index of trigrams
    /// does not help: the text has no three letters or digits in a row.
    /// </summary>
    public string? Pattern
    {
        get
        {
            var length = Math.Min(text.Length, MaxPatternLength);
            length -= length < text.Length && char.IsHighSurrogate(text[length - 1]) ? 1 : 0;
            var start = new string(text, 0, length);
            return !isOfControls && HasTrigram(start) && Text.Clean(start) == start
                ? $"{CaseFolding.IndexedRegex(start)}|{LogIndex.OddLine}" : null;
        }
    }

    /// <summary>True when a line contains the text.</summary>
    public bool IsIn(string line)
    {
        if (IsSearchedAsStored(line))
        {
            return EndIn(line) > 0;
        }

        var shown = ArrayPool<char>.Shared.Rent(line.Length);
        var end = EndIn(shown.AsSpan(0, TerminalText.Write(line, shown)));
        ArrayPool<char>.Shared.Return(shown);
        return end > 0;
    }

    /// <summary>The part of a line around the first place with the text; null when the line does not contain the text.</summary>
    public LogSnippet? Snippet(string line)
    {
        var shown = line;
        if (!IsSearchedAsStored(line))
        {
            var buffer = new char[line.Length];
            shown = new string(buffer, 0, TerminalText.Write(line, buffer));
        }

        var end = EndIn(shown);
        return end == 0 ? null : LogSnippet.Of(shown, end - text.Length, text.Length);
    }

    private static bool HasTrigram(string text)
    {
        var inRow = 0;
        foreach (var unit in text)
        {
            inRow = char.IsLetterOrDigit(unit) ? inRow + 1 : 0;
            if (inRow == 3)
            {
                return true;
            }
        }

        return false;
    }

    private bool IsSearchedAsStored(string line) => isOfControls || !line.AsSpan().ContainsAny(TerminalText.Hidden);

    // The end of the first place with the text; 0 when the line does not contain the text.
    private int EndIn(ReadOnlySpan<char> line)
    {
        var matched = 0;
        for (var i = 0; i < line.Length; i++)
        {
            matched = Next(matched, CaseFolding.Fold(line[i]));
            if (matched == text.Length)
            {
                return i + 1;
            }
        }

        return 0;
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
