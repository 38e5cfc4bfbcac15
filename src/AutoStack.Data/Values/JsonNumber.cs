using System.Globalization;

namespace AutoStack.Data.Values;

/// <summary>
/// How long a JSON number is once its exponent is written out, which is what <c>jsonb</c> does: the eight bytes of <c>1e131000</c> become
/// 131 KB.
/// </summary>
internal static class JsonNumber
{
    /// <summary>The longest number that is stored as one, written out, in characters. The largest double has 309.</summary>
    public const int MaxLength = 400;

    /// <summary>
    /// The length written out, in characters, the sign not counted; <see cref="int.MaxValue"/> when nobody needs to know it so exactly.
    /// </summary>
    public static int WrittenOut(ReadOnlySpan<byte> number)
    {
        number = number[0] == (byte)'-' ? number[1..] : number;
        var exponentAt = number.IndexOfAny((byte)'e', (byte)'E');
        if (exponentAt < 0)
        {
            return number.Length;
        }

        var digits = number[(exponentAt + 1)..];
        if (digits.Length > 7 || !int.TryParse(digits, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var exponent))
        {
            return int.MaxValue;
        }

        var mantissa = number[..exponentAt];
        var point = mantissa.IndexOf((byte)'.');
        var whole = point < 0 ? mantissa.Length : point;
        var fraction = point < 0 ? 0 : mantissa.Length - point - 1;

        // The point moves: digits are added on one side and never fewer than there are.
        return Math.Max(whole + exponent, 1) + Math.Max(fraction - exponent, 0) + 1;
    }
}
