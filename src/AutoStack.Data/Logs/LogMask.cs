using System.Buffers;
using System.Text;

namespace AutoStack.Data.Logs;

/// <summary>
/// Replaces values in a text by <c>***</c>. Each reading of the text (<see cref="LogFolding"/>) is searched for all values in one pass, so
/// that the time is linear in the length of the text.
/// </summary>
internal sealed class LogMask
{
    private const string Mask = "***";

    private readonly PatternAutomaton automaton;
    private readonly SearchValues<string> beginnings;

    public LogMask(IEnumerable<string> values)
    {
        var patterns = values.SelectMany(LogForms.Of).ToHashSet();
        automaton = new PatternAutomaton(patterns);
        var firsts = patterns.Select(pattern => pattern[..ILogSecrets.MinLength]).ToArray();
        beginnings = SearchValues.Create([.. firsts.Concat(firsts.Select(LogForms.ForUrls)).Distinct()], StringComparison.Ordinal);
    }

    /// <summary>Masks the values in a text; returns the same instance when the text contains none.</summary>
    public string Apply(string text) => Apply(text, text.Length);

    /// <summary>
    /// Masks the values in the beginning of a text, up to a place. A value that lies across the place is masked from its first character.
    /// </summary>
    public string Apply(string text, int end)
    {
        if (!text.AsSpan().ContainsAny(beginnings) && !text.AsSpan().ContainsAny(LogFolding.Signs) && end == text.Length)
        {
            return text;
        }

        var found = new List<(int Start, int End)>();
        LogFolding.Visit(text, view => Find(view, end, isCut: end < text.Length, found));
        return Write(text, end, found);
    }

    private static string Write(string text, int end, List<(int Start, int End)> found)
    {
        if (found.Count == 0)
        {
            return end == text.Length ? text : text[..end];
        }

        found.Sort();
        var masked = new StringBuilder(end);
        var done = 0;
        for (var i = 0; i < found.Count;)
        {
            // Overlapping ranges are merged, so that both are masked completely.
            var (from, to) = found[i];
            for (i++; i < found.Count && found[i].Start < to; i++)
            {
                to = Math.Max(to, found[i].End);
            }

            masked.Append(text, done, from - done).Append(Mask);
            done = Math.Min(to, end);
        }

        return masked.Append(text, done, end - done).ToString();
    }

    private void Find(LogView view, int end, bool isCut, List<(int Start, int End)> found)
    {
        var first = found.Count;
        var node = 0;
        var text = view.Text;
        for (var i = 0; i < text.Length; i++)
        {
            node = automaton.Next(node, text[i]);
            if (automaton.Longest(node) is > 0 and var length)
            {
                Add(i, length);
            }

            if (isCut && (view.End(i) >= end || i == text.Length - 1))
            {
                if (automaton.Depth(node) is > 0 and var begun)
                {
                    Add(i, begun);
                }

                return;
            }
        }

        void Add(int last, int length)
        {
            var (from, to) = (view.Start(last - length + 1), view.End(last));
            if (from >= end)
            {
                return;
            }

            // Ends ascend: ranges that overlap are at the end of the list.
            while (found.Count > first && found[^1].End > from)
            {
                from = Math.Min(from, found[^1].Start);
                found.RemoveAt(found.Count - 1);
            }

            found.Add((from, to));
        }
    }
}
