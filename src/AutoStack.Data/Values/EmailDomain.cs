using System.Globalization;
using System.Text;

namespace AutoStack.Data.Values;

/// <summary>The domain of an address between its spellings: labels in Unicode, and labels as the DNS has them.</summary>
/// <remarks>
/// Not <see cref="System.Globalization.IdnMapping"/>: with ICU it maps and refuses by the version that the machine has, without it maps
/// nothing.
/// </remarks>
internal static class EmailDomain
{
    /// <summary>The labels in Unicode, without the dot at the end; null when a label is not Punycode.</summary>
    public static string? ToUnicode(string domain)
    {
        var labels = Labels(domain);
        for (var i = 0; i < labels.Length; i++)
        {
            if (IsEncoded(labels[i]))
            {
                if (Punycode.Decode(AsciiText.Lower(labels[i])[AsciiText.EncodedPrefix.Length..]) is not { } decoded)
                {
                    return null;
                }

                labels[i] = decoded;
            }
        }

        return string.Join('.', labels);
    }

    /// <summary>
    /// The labels as the DNS has them; null when the domain cannot be one. A label that was spelled encoded must come out as it was:
    /// another text that only normalises to the same is another domain, whose owner may be anybody.
    /// </summary>
    /// <param name="unicode">The domain in Unicode, normalised and in lower case.</param>
    /// <param name="spelledAs">The domain as it was typed.</param>
    public static string? ToAscii(string unicode, string spelledAs)
    {
        var labels = AsciiText.Lower(unicode).Split('.');
        var typed = Labels(spelledAs);
        for (var i = 0; i < labels.Length; i++)
        {
            if (!IsLabel(labels[i]))
            {
                return null;
            }

            labels[i] = AsciiText.OfLabel(labels[i]);
            if (labels[i].Length > AsciiText.MaxLabelLength)
            {
                return null;
            }
        }

        for (var i = 0; i < typed.Length; i++)
        {
            if (IsEncoded(typed[i]) && (labels.Length != typed.Length || labels[i] != AsciiText.Lower(typed[i])))
            {
                return null;
            }
        }

        // The last one would make it an IP address.
        return labels[^1].All(char.IsAsciiDigit) ? null : string.Join('.', labels);
    }

    private static string[] Labels(string domain)
    {
        // The full stops that IDNA takes for a dot.
        var labels = domain.Split(['.', '\u3002', '\uFF0E', '\uFF61']);
        return labels.Length > 1 && labels[^1].Length == 0 ? labels[..^1] : labels;
    }

    private static bool IsEncoded(string label) => label.StartsWith(AsciiText.EncodedPrefix, StringComparison.OrdinalIgnoreCase);

    private static bool IsLabel(string label) =>
        label.Length > 0 && label[0] != '-' && label[^1] != '-' && !IsEncoded(label)
        && label.EnumerateRunes().All(rune => (rune.Value == '-' || Rune.IsLetterOrDigit(rune) || IsMark(rune))
            && EmailSyntax.ProblemOf(rune) is null);

    private static bool IsMark(Rune rune) =>
        Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark;
}
