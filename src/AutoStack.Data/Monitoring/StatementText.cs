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
    /// The statement in one line, without comments, with <c>?</c> for every literal and parameter. A literal that the server has cut off,
    /// or whose end depends on a setting, extends to the end.
    /// </summary>
    public static string Masked(string statement) =>
        Space().Replace(StatementMask.Of(statement), " ").Trim(' ', ';');

    /// <summary>As <see cref="Masked"/>, shortened for people; null for a hidden statement.</summary>
    public static string? Shown(string? statement) =>
        statement is null or "<insufficient privilege>" ? null
        : Masked(statement) is var text && text.Length <= MaxShown ? text : text[..MaxShown];

    /// <summary>The text by which statements are compared: lists of values count as one, as PostgreSQL 18 writes them.</summary>
    public static string Key(string statement) => List().Replace(Masked(statement), "?");

    [GeneratedRegex(@"[\s\p{Cc}]+", RegexOptions.CultureInvariant)]
    private static partial Regex Space();

    [GeneratedRegex(@"\?(?:\s*,\s*\?)*\s*(?=\))|\?(?:\s*,\s*\?)+", RegexOptions.CultureInvariant)]
    private static partial Regex List();
}
