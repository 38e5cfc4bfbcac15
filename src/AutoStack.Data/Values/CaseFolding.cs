using System.Collections.Frozen;
using System.Text;

namespace AutoStack.Data.Values;

/// <summary>
/// Ignores case letter by letter as Unicode does, on UTF-16 units: here, and on the server in a regular expression, whatever the culture of
/// the process and the locale of the database.
/// </summary>
internal static class CaseFolding
{
    private const string SpecialInRegex = @"\.[]{}()*+?^$|-";

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
    public static string ContainedRegex(string text)
    {
        var regex = new StringBuilder("(?i)");
        foreach (var unit in text)
        {
            if (Others.Value.TryGetValue(unit, out var letters))
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
}
