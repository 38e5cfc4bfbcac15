using System.Globalization;
using System.Text;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>
/// Escapes foreign text, above all names, for a terminal: characters that move the cursor, end the line, reorder text or are invisible
/// become readable escape sequences.
/// </summary>
internal static class Visible
{
    /// <summary>Escapes text of one line.</summary>
    public static string Text(string text) => Escape(text, IsOdd);

    /// <summary>Escapes text of several lines; line feeds stay.</summary>
    public static string Lines(string text) => Escape(text, rune => rune.Value != '\n' && IsOdd(rune));

    /// <summary>
    /// True for characters without a visible shape: control and format characters, line separators, unassigned code points.
    /// </summary>
    public static bool IsOdd(Rune rune) =>
        rune.Value is 0xFFFD or 0x034F or 0x115F or 0x1160 or 0x17B4 or 0x17B5 or 0x2800 or 0x3164 or 0xFFA0
        || Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator
            or UnicodeCategory.ParagraphSeparator or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned;

    private static string Escape(string text, Func<Rune, bool> isOdd)
    {
        StringBuilder? escaped = null;
        for (var at = 0; at < text.Length;)
        {
            var whole = Rune.TryGetRuneAt(text, at, out var rune);
            var length = whole ? rune.Utf16SequenceLength : 1;
            if (!whole || isOdd(rune))
            {
                (escaped ??= new StringBuilder(text, 0, at, text.Length + 16)).Append(Sequence(whole ? rune.Value : text[at]));
            }
            else
            {
                escaped?.Append(text, at, length);
            }

            at += length;
        }

        return escaped?.ToString() ?? text;
    }

    private static string Sequence(int value) => value switch
    {
        '\n' => @"\n",
        '\r' => @"\r",
        '\t' => @"\t",
        < 0x100 => string.Create(CultureInfo.InvariantCulture, $@"\x{value:x2}"),
        < 0x10000 => string.Create(CultureInfo.InvariantCulture, $@"\u{value:x4}"),
        _ => string.Create(CultureInfo.InvariantCulture, $@"\U{value:x8}"),
    };
}
