using System.Buffers;
using System.Globalization;
using System.Text;

namespace AutoStack.Data.Values;

/// <summary>The form of an address of one mailbox: <c>local@domain</c>, without comment, display name, quoted local part or address
/// literal.</summary>
internal static class EmailSyntax
{
    /// <summary>The longest address that SMTP carries, in bytes (RFC 5321).</summary>
    internal const int MaxBytes = 254;

    private const int MaxLocalBytes = 64;

    // RFC 5322, atext and the dot.
    private static readonly SearchValues<char> Atoms = SearchValues.Create(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-/=?^_`{|}~.");

    // Full-width and small @; what NFC turns into ASCII, so that one address would become another person's: the Kelvin sign, a grave
    // accent, a question mark.
    private static readonly SearchValues<char> Lookalikes = SearchValues.Create("\uFF20\uFE6B\u212A\u1FEF\u037E");

    /// <summary>Splits an address; what is wrong with it, or null.</summary>
    public static string? Split(string text, out string local, out string domain)
    {
        (local, domain) = ("", "");
        // Twice the limit: the other spellings of an address may be longer than the stored one.
        if (text.Length > 2 * MaxBytes)
        {
            return $"it is longer than {MaxBytes} bytes";
        }

        foreach (var rune in text.EnumerateRunes())
        {
            if (ProblemOf(rune) is { } problem)
            {
                return problem;
            }
        }

        var at = text.IndexOf('@', StringComparison.Ordinal);
        if (at < 0)
        {
            return "it has no @";
        }

        if (text.IndexOf('@', at + 1) >= 0 || text.AsSpan().ContainsAny(Lookalikes))
        {
            return "it has more than one @, or a character that stands for another one";
        }

        (local, domain) = (text[..at], text[(at + 1)..]);
        return local.Length == 0 ? "it has nothing before the @"
            : domain.Length == 0 ? "it has nothing after the @"
            : local[0] == '.' || local[^1] == '.' || local.Contains("..", StringComparison.Ordinal)
                ? "a dot before the @ stands between two characters"
            : local.Any(c => char.IsAscii(c) && !Atoms.Contains(c)) ? "it is one address, without a name, a list, quotes or brackets"
            : null;
    }

    /// <summary>What is wrong with the length of an address in its stored spelling; null when nothing is.</summary>
    public static string? ProblemOfSize(string local, string canonical) =>
        Encoding.UTF8.GetByteCount(local) > MaxLocalBytes ? $"it has more than {MaxLocalBytes} bytes before the @"
        : Encoding.UTF8.GetByteCount(canonical) > MaxBytes ? $"it is longer than {MaxBytes} bytes"
        : null;

    /// <summary>What is wrong with a character wherever it stands; null when nothing is.</summary>
    public static string? ProblemOf(Rune rune) => Rune.GetUnicodeCategory(rune) switch
    {
        UnicodeCategory.Control or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator =>
            "it holds a control character or line end",
        UnicodeCategory.SpaceSeparator => "it holds a space",
        UnicodeCategory.Format => "it holds an invisible character",
        UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned =>
            "it holds a character without a meaning",
        _ when rune == Rune.ReplacementChar => "it holds a character without a meaning",
        _ when IsInvisible(rune.Value) => "it holds an invisible character",
        _ => null,
    };

    // Letters and marks by category that show nothing: fillers of Hangul, joiners, variation selectors.
    private static bool IsInvisible(int value) => value is 0x034F or 0x115F or 0x1160 or 0x17B4 or 0x17B5 or 0x3164 or 0xFFA0
        or (>= 0x180B and <= 0x180F) or (>= 0xFE00 and <= 0xFE0F) or (>= 0xE0100 and <= 0xE01EF);
}
