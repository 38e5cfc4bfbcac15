using System.Buffers;

namespace AutoStack.Data.Logs;

/// <summary>
/// The readings in which a value is looked for, whichever characters of it are escaped and however: escapes undone, once for each time that
/// they may have been applied; and of each reading what remains without quotes, control sequences and line breaks. Values are read in the
/// same ways, so that it does not matter which of their own characters look like an escape.
/// </summary>
internal static class LogFolding
{
    /// <summary>How often escapes are undone: JSON in JSON in a URL in a URL.</summary>
    public const int MaxDepth = 4;

    // Quotes of shells and of languages, and what they escape with.
    private const string Quotes = "'\"\\$`^";

    /// <summary>A line without any of these has no reading but itself.</summary>
    public static SearchValues<char> Signs { get; } = SearchValues.Create(
        [.. Quotes, '%', '&', '\t', '\n', '\r', .. Enumerable.Range(0, char.MaxValue + 1).Select(unit => (char)unit).Where(TerminalText.Hidden.Contains)]);

    /// <summary>The readings of a value, each once.</summary>
    public static IEnumerable<string> ReadingsOf(string value)
    {
        var readings = new HashSet<string> { value };
        Visit(value, view => readings.Add(view.Text.ToString()));
        return readings;
    }

    /// <summary>Visits the readings of a line, itself among them.</summary>
    public static void Visit(string line, Action<LogView> visit)
    {
        using var view = LogView.Of(line);
        Visit(view, depth: 0, isShown: false, isAlsoShown: false, visit);
    }

    // As it is written; and, from where that makes a difference, as a terminal shows it: a sequence may stand in the midst of an escape,
    // and hold a value itself.
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

    // Without quotes, control sequences (but with what is in them), line breaks and the space after those.
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
