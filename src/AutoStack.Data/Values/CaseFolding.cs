using System.Collections.Frozen;
using System.Globalization;
using System.Text;

namespace AutoStack.Data.Values;

/// <summary>
/// Ignores case letter by letter as Unicode does, on UTF-16 units: here, and on the server in a regular expression, whatever the culture of
/// the process and the locale of the database.
/// </summary>
internal static class CaseFolding
{
    private const string SpecialInRegex = @"\.[]{}()*+?^$|-";

    // Letters that the server folds to several characters in Lithuanian.
    private const string FoldedToSeveral = "\u00CC\u00CD\u00EC\u00ED\u0128\u0129\u012E\u012F";

    // The letters outside ASCII that share a folded letter, such as σ, ς and Σ.
    private static readonly Lazy<FrozenDictionary<char, string>> Others = new(() =>
        Enumerable.Range(0x80, char.MaxValue - 0x80)
            .Select(unit => (char)unit)
            .Where(unit => !char.IsSurrogate(unit))
            .GroupBy(Fold)
            .Where(letters => letters.Skip(1).Any())
            .SelectMany(letters => letters.Select(letter => (letter, All: string.Concat(letters))))
            .ToFrozenDictionary(entry => entry.letter, entry => entry.All));

    /// <summary>The one letter that stands for all cases of a letter.</summary>
    public static char Fold(char unit)
    {
        if (char.IsAscii(unit))
        {
            return char.ToLowerInvariant(unit);
        }

        // Upper case first: two lower-case letters may share one. A non-ASCII letter never becomes an ASCII letter.
        var folded = char.ToLowerInvariant(char.ToUpperInvariant(unit));
        return char.IsAscii(folded) ? unit : folded;
    }

    /// <summary>
    /// The regular expression of PostgreSQL for texts that contain this text literally, ignoring case. Its match takes
    /// <c>COLLATE "C"</c>, in which the server itself ignores the case of ASCII letters only.
    /// </summary>
    public static string ContainedRegex(string text) => Regex(text, forIndex: false);

    /// <summary>
    /// A regular expression that texts with this text match, and few others, for a search by an index of trigrams. Such an index folds
    /// texts by the locale of the database, and takes from a pattern the characters that this leaves as they are: a character with no such
    /// form would match nothing, and is any character here.
    /// </summary>
    public static string IndexedRegex(string text) => Regex(text, forIndex: true);

    private static string Regex(string text, bool forIndex)
    {
        var regex = new StringBuilder("(?i)");
        for (var i = 0; i < text.Length; i++)
        {
            var unit = text[i];
            if (forIndex && MayFoldElsewhere(unit))
            {
                regex.Append('.');
                i += char.IsHighSurrogate(unit) ? 1 : 0;
            }
            else if (Others.Value.TryGetValue(unit, out var letters))
            {
                regex.Append('[').Append(letters).Append(']');
            }
            else if (SpecialInRegex.Contains(unit, StringComparison.Ordinal))
            {
                regex.Append('\\').Append(unit);
            }
            else
            {
                regex.Append(unit);
            }
        }

        return regex.ToString();
    }

    // Whether a locale may fold a case of the letter to something that is not a case of it here: İ to i, the sign of Kelvin to k, letters
    // beyond the basic plane, and letters of a later Unicode.
    private static bool MayFoldElsewhere(char unit) => !char.IsAscii(unit)
        && (char.IsHighSurrogate(unit) || FoldedToSeveral.Contains(unit, StringComparison.Ordinal)
            || (!Others.Value.ContainsKey(unit) && CharUnicodeInfo.GetUnicodeCategory(unit)
                is UnicodeCategory.UppercaseLetter or UnicodeCategory.TitlecaseLetter or UnicodeCategory.OtherNotAssigned));
}
