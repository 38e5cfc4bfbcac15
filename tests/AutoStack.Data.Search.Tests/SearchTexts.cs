using AutoStack.Data.Values;

namespace AutoStack.Data.Tests;

/// <summary>Texts whose letters fold in different ways under different locales, whole and interrupted by what a terminal hides.</summary>
internal static class SearchTexts
{
    // Several cases, letters that a locale folds to another or to several letters, letters beyond the basic plane, and newer letters.
    private static readonly string[] Words =
    [
        "info", "INFO", "Fix ISSUE", "äpfel", "ÄPFEL", "Äpfel", "straße", "STRASSE", "STRAẞE", "İstanbul", "istanbul", "ISTANBUL",
        "ıstanbul", "ДИСК", "диск", "Диск", "ΟΔΟΣ", "οδος", "οδοσ", "όδος", "ΌΔΟΣ", "kelvin", "\u212Aelvin", "Ìnìs", "ÌNÌS", "ìnìs",
        "Ĩndi", "įlanka", "ĮLANKA", "ŉDJ", "Ǆungla", "ǅungla", "ǆungla", "\U00010400\U00010401\U00010402", "\U00010428\U00010429\U0001042A",
        "\U0001E900\U0001E901\U0001E902", "\U0001E922\U0001E923\U0001E924",
        "Ꭰꭱꮜ", "ᎠᎡᎬ", "Ⓐⓑⓒ", "ⅧⅧⅧ", "ⅷⅷⅷ", "ა\u10D1გ", "\u1C90\u1C91\u1C92",
        "ﬁnal", "FINAL", "naïve", "NAÏVE", "i\u0307stanbul", "I\u0307STANBUL", "résumé", "re\u0301sume\u0301", "日本語", "파일", "✓ built",
        "\uA7DC\uA7CB\uA7CC", "ſafe", "safe", "SAFE", "Åre", "\u212Bre", "åre", "µs", "μs", "ΜS", "ϑεω", "ΘΕΩ", "node_modules/x.spec.ts",
        "100%_done\\", "[a-z]*.log?", "a|b(c)", "qzxjkv",
    ];

    /// <summary>Lines of a log.</summary>
    public static IReadOnlyList<string> Lines { get; } =
    [
        .. Words,
        .. Words.Select(word => $"at {word}: failed"),
        .. Words.SelectMany(Hidden),
    ];

    /// <summary>What is searched: the words, each in all its cases, and parts of them.</summary>
    public static IReadOnlyList<string> Searched { get; } =
    [
        .. Words.SelectMany(word => new[] { word, word.ToUpperInvariant(), word.ToLowerInvariant(), word[..^1], word[1..], word[1..^1] })
            .Append("er\u001B[0mror").Append("\u001B[31m").Append("31m").Append("title").Append("example").Append("8;;")
            .Where(text => text.Length > 0 && Text.Clean(text) == text)
            .Distinct(),
    ];

    private static IEnumerable<string> Hidden(string word)
    {
        var middle = word.Length / 2;
        middle += char.IsLowSurrogate(word[middle]) ? 1 : 0;
        var (first, second) = (word[..middle], word[middle..]);
        foreach (var sequence in new[]
        {
            "\u001B[31m", "\u001B[1;4:3m", "\u001B[2K\u001B[1G", "\u001B[?25l", "\u001B[ q", "\u200B", "\u00AD",
            "\u0007", "\u009B1m", "\u001B(B", "\u001B7",
            "\u001BPqtitle\u001B\\", "\u001Bptitle\u001B\\", "\u001BXtitle\u0007", "\u001B^title\u0007",
            "\u001B_title\u009C", "\u001B]0;title\u0007",
            "\u001B]8;;https://example.com\u001B\\", "\u001B]unended", "\u001B\u200B[31m", "x\b", "xy\u001B[2D", "\u001B[C",
            "\u001B[c", "\u001B[5d", "\u001B[31\n",
            "\u001B", "\u008F", "\u009D0;title\u0007", "\r\n", "\t", "\u001B[", "\u001B[31", "\u007F", "\uFEFF",
        })
        {
            yield return $"{first}{sequence}{second}";
        }
    }
}
