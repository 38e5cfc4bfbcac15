using System.Buffers;

namespace AutoStack.Data.Logs;

/// <summary>
/// The readings of a line in which values are searched, however their characters are escaped: the line with its escapes decoded, once per
/// level of escaping, and each reading without quotes, control sequences and line breaks. Values have the same readings, so that values
/// that contain escapes themselves are found too.
/// </summary>
internal static class LogFolding
{
    /// <summary>The number of levels of escaping: JSON in JSON in a URL in a URL.</summary>
    public const int MaxDepth = 4;

    // The quotes and escape characters of shells and languages.
    private const string Quotes = "'\"\\$`^";

    /// <summary>A line without any of these characters has no reading other than itself.</summary>
    public static SearchValues<char> Signs { get; } = SearchValues.Create(
    [
        .. Quotes, '%', '&', '\t', '\n', '\r',
        .. Enumerable.Range(0, char.MaxValue + 1).Select(unit => (char)unit).Where(TerminalText.Hidden.Contains),
    ]);

    /// <summary>Returns the distinct readings of a value.</summary>
    public static IEnumerable<string> ReadingsOf(string value)
    {
        var readings = new HashSet<string> { value };
        Visit(value, view => readings.Add(view.Text.ToString()));
        return readings;
    }

    /// <summary>Visits the readings of a line, including the line itself.</summary>
    public static void Visit(string line, Action<LogView> visit)
    {
        using var view = LogView.Of(line);
        Visit(view, depth: 0, isShown: false, isAlsoShown: false, visit);
    }

    // Visits the text as written and, where it differs, as a terminal shows it: a control sequence may interrupt an escape, and may contain
    // a value itself.
    private static void Visit(LogView view, int depth, bool isShown, bool isAlsoShown, Action<LogView> visit)
    {
        var hidden = view.Text.ContainsAny(TerminalText.Hidden);
        using var shown = hidden ? Show(view) : null;
        if (hidden && !isShown && !isAlsoShown)
        {
            Visit(shown!, depth, isShown: true, isAlsoShown: false, visit);
            isAlsoShown = true;
        }

        var text = isShown && hidden ? shown! : view;
        visit(text);
        using var bare = new LogView(text.Length);
        if (Strip(text, bare))
        {
            visit(bare);
        }

        using var decoded = new LogView(text.Length);
        if (depth < MaxDepth && LogEscapes.Decode(text, decoded))
        {
            Visit(decoded, depth + 1, isShown, isAlsoShown, visit);
        }
    }

    private static LogView Show(LogView view)
    {
        var shown = new LogView(view.Length);
        var text = view.Text;
        var reader = new TerminalReader(text);
        while (reader.Next(out var from, out var to))
        {
            shown.Put(to, text[from], view.Start(from), view.End(from));
        }

        shown.Order();
        return shown;
    }

    // Removes quotes, control sequences (but not their strings), line breaks and the space after them.
    private static bool Strip(LogView view, LogView bare)
    {
        var text = view.Text;
        var (afterBreak, unended) = (false, 0);
        for (var i = 0; i < text.Length;)
        {
            var unit = text[i];
            if (TerminalText.LengthOfHidden(text, i, withStrings: false, ref unended) is > 0 and var hidden)
            {
                afterBreak = unit is '\n' or '\r' || (afterBreak && unit == '\t');
                i += hidden;
            }
            else if (Quotes.Contains(unit, StringComparison.Ordinal) || (unit == ' ' && afterBreak))
            {
                i++;
            }
            else
            {
                afterBreak = false;
                bare.Add(unit, view.Start(i), view.End(i));
                i++;
            }
        }

        return bare.Length < text.Length;
    }
}
