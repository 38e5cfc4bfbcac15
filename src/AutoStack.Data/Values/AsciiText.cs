using System.Text;

namespace AutoStack.Data.Values;

/// <summary>Text by rules that only know ASCII: the collation <c>"C"</c> of the database, and the labels of the DNS.</summary>
internal static class AsciiText
{
    /// <summary>The beginning of a label that stands for one with letters outside ASCII.</summary>
    internal const string EncodedPrefix = "xn--";

    /// <summary>The longest label of a domain, in characters.</summary>
    internal const int MaxLabelLength = 63;

    /// <summary>
    /// A to Z as a to z, every other letter as it is: what <c>lower(… COLLATE "C")</c> makes of it, whatever the locale of the database.
    /// Folding more would make one address of two.
    /// </summary>
    public static string Lower(string text) => string.Create(text.Length, text, static (target, source) =>
    {
        for (var i = 0; i < source.Length; i++)
        {
            target[i] = char.IsAsciiLetterUpper(source[i]) ? (char)(source[i] | 0x20) : source[i];
        }
    });

    /// <summary>A label as the DNS has it.</summary>
    public static string OfLabel(string label) => Ascii.IsValid(label) ? label : EncodedPrefix + Punycode.Encode(label);
}
