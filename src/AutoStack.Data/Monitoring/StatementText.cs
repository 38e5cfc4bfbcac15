using System.Text.RegularExpressions;

namespace AutoStack.Data.Monitoring;

/// <summary>
/// The text of a statement without its values: one spelling for the library's constant, for what the driver sends, and for what
/// <c>pg_stat_statements</c> makes of it.
/// </summary>
internal static partial class StatementText
{
    /// <summary>The longest text that is shown, in characters.</summary>
    public const int MaxShown = 1_000;

    /// <summary>
    /// The statement in one line, without comments, with <c>?</c> for every literal and parameter. A literal that the server has cut off
    /// extends to the end.
    /// </summary>
    public static string Masked(string statement) =>
        Space().Replace(Parts().Replace(statement, Mask), " ").Trim(' ', ';');

    /// <summary>As <see cref="Masked"/>, shortened for people; null for a hidden statement.</summary>
    public static string? Shown(string? statement) =>
        statement is null or "<insufficient privilege>" ? null
        : Masked(statement) is var text && text.Length <= MaxShown ? text : text[..MaxShown];

    /// <summary>The text by which statements are compared: lists of values count as one, as PostgreSQL 18 writes them.</summary>
    public static string Key(string statement) => List().Replace(Masked(statement), "?");

    private static string Mask(Match match) =>
        match.Groups["value"].Success ? "?" : match.Groups["name"].Success ? match.Value : " ";

    // Comments; quoted names; strings of every kind, numbers, parameters, and the constants that the extension replaces, too. Without
    // standard_conforming_strings a string does not end at \': reading every string so hides more, never less.
    [GeneratedRegex(
        """
        --[^\n]*|/\*[\s\S]*?(?:\*/|\z)
        |(?<name>"(?:[^"]|"")*")
        |(?<value>(?:\b[EeBbXxNn]|\b[Uu]&)?'(?:[^'\\]|''|\\[\s\S])*(?:'|\z)
        |\$\$[\s\S]*?(?:\$\$|\z)
        |\$(?<tag>[A-Za-z_]\w*)\$[\s\S]*?(?:\$\k<tag>\$|\z)
        |\$\d+|(?<![\w:@])@[A-Za-z_]\w*
        |(?<![\w.$])-?(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?!\w)
        |(?<!\bIS\s|\bNOT\s|\w)(?:TRUE|FALSE|NULL|true|false|null)\b)
        """,
        RegexOptions.CultureInvariant | RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex Parts();

    [GeneratedRegex(@"[\s\p{Cc}]+", RegexOptions.CultureInvariant)]
    private static partial Regex Space();

    [GeneratedRegex(@"\?(?:\s*,\s*\?)*\s*(?=\))|\?(?:\s*,\s*\?)+", RegexOptions.CultureInvariant)]
    private static partial Regex List();
}
