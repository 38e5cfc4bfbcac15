using System.Buffers;

namespace AutoStack.Data.Deployments;

/// <summary>
/// The readings in which a value is looked for, whichever characters of it are escaped and however: escapes undone, once for each time that they may have been
/// applied; and of each reading what remains without quotes, control sequences and line breaks. Values are read in the same ways, so that
/// it does not matter which of their own characters look like an escape.
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
        var view = LogView.Of(line);
        try
        {
            for (var depth = 0; ; depth++)
            {
                visit(view);
                VisitBare(view, withStrings: false, visit);
                VisitBare(view, withStrings: true, visit);
                var decoded = new LogView(view.Length);
                var changed = depth < MaxDepth && LogEscapes.Decode(view, decoded);
                (view, decoded) = (decoded, view);
                decoded.Dispose();
                if (!changed)
                {
                    return;
                }
            }
        }
        finally
        {
            view.Dispose();
        }
    }

    private static void VisitBare(LogView view, bool withStrings, Action<LogView> visit)
    {
        using var bare = new LogView(view.Length);
        if (Strip(view, bare, withStrings))
        {
            visit(bare);
        }
    }

    // With or without the strings of operating system commands: an address in one may hold a value, and one in the midst of a value may hide it.
    private static bool Strip(LogView view, LogView bare, bool withStrings)
    {
        var text = view.Text;
        var (changed, hasStrings, afterBreak) = (false, false, false);
        for (var i = 0; i < text.Length;)
        {
            var unit = text[i];
            if (unit == '\b')
            {
                bare.TakeBack();
                i++;
            }
            else if (TerminalText.LengthOfHidden(text, i, withStrings) is > 0 and var hidden)
            {
                hasStrings |= withStrings && hidden != TerminalText.LengthOfHidden(text, i, withStrings: false);
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
                continue;
            }

            changed = true;
        }

        return withStrings ? hasStrings : changed;
    }
}
