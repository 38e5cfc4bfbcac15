using System.Globalization;
using System.Net;
using System.Text;

namespace AutoStack.Data.Logs;

/// <summary>Decodes escapes of URLs, JSON, C-like languages, shells and HTML, in one pass and one level deep.</summary>
internal static class LogEscapes
{
    // An escape is read up to these lengths, so that the time is linear in the length of the text.
    private const int LongestEntity = 24;
    private const int LongestUnit = 10;

    /// <summary>Decodes a text.</summary>
    /// <returns>False when the text has no escape.</returns>
    public static bool Decode(LogView text, LogView decoded)
    {
        var changed = false;
        Span<byte> bytes = stackalloc byte[4];
        for (var i = 0; i < text.Length;)
        {
            var length = text.Text[i] is '%' or '\\' ? DecodeBytes(text, i, bytes, decoded) : 0;
            if (length == 0)
            {
                length = text.Text[i] switch
                {
                    '\\' or '%' => DecodeUnit(text, i, decoded),
                    '&' => DecodeEntity(text, i, decoded),
                    _ => 0,
                };
            }

            changed |= length > 0;
            if (length == 0)
            {
                decoded.Add(text.Text[i], text.Start(i), text.End(i));
                length = 1;
            }

            i += length;
        }

        return changed;
    }

    // Decodes one character of UTF-8 whose bytes are escaped one by one; bytes that are not UTF-8 are characters of Latin-1.
    private static int DecodeBytes(LogView text, int start, Span<byte> bytes, LogView decoded)
    {
        var (count, at) = (0, start);
        Span<int> ends = stackalloc int[4];
        while (count < bytes.Length && LengthOfByte(text.Text[at..], out bytes[count]) is > 0 and var length)
        {
            at += length;
            ends[count++] = at;
        }

        if (count == 0)
        {
            return 0;
        }

        var isValid = Rune.DecodeFromUtf8(bytes[..count], out var rune, out var used) == System.Buffers.OperationStatus.Done;
        var end = ends[isValid ? used - 1 : 0];
        var (from, to) = (text.Start(start), text.End(end - 1));
        Span<char> units = stackalloc char[2];
        foreach (var unit in units[..(isValid ? rune : new Rune((char)bytes[0])).EncodeToUtf16(units)])
        {
            decoded.Add(unit, from, to);
        }

        return end - start;
    }

    // Decodes %2F, \x2F, and octal \057 or \57.
    private static int LengthOfByte(ReadOnlySpan<char> text, out byte value)
    {
        value = 0;
        return text.Length >= 3 && text[0] == '%' && TryHex(text.Slice(1, 2), out var code) ? Take(3, code, out value)
            : text.Length >= 4 && text[0] == '\\' && text[1] is 'x' or 'X' && TryHex(text.Slice(2, 2), out code) ? Take(4, code, out value)
            : text.Length >= 2 && text[0] == '\\' && IsOctal(text[1]) ? TakeOctal(text, out value)
            : 0;

        static bool IsOctal(char unit) => unit is >= '0' and <= '7';

        static int TakeOctal(ReadOnlySpan<char> text, out byte value)
        {
            var (length, code) = (1, 0);
            for (; length < Math.Min(text.Length, 4) && IsOctal(text[length]) && (code << 3) <= byte.MaxValue; length++)
            {
                code = (code << 3) | (text[length] - '0');
            }

            return Take(length, code, out value);
        }

        static int Take(int length, int code, out byte value)
        {
            value = (byte)code;
            return length;
        }
    }

    // Decodes \u002F, \u{2F}, \x{2F}, \U0000002F, %u002F, the letters of control characters, and a backslash before any other character.
    private static int DecodeUnit(LogView text, int start, LogView decoded)
    {
        var rest = text.Text[start..Math.Min(start + LongestUnit, text.Length)];
        if (rest.Length < 2)
        {
            return 0;
        }

        var (first, count, length) = rest[1] switch
        {
            'u' or 'x' when rest.Length > 3 && rest[2] == '{' && rest.IndexOf('}') is > 3 and <= 9 and var close =>
                (3, close - 3, close + 1),
            'u' when rest.Length >= 6 => (2, 4, 6),
            'U' when rest.Length >= 10 => (2, 8, 10),
            _ => (0, 0, 0),
        };
        if (length > 0 && TryHex(rest.Slice(first, count), out var code) && (code <= char.MaxValue || Rune.IsValid(code)))
        {
            Add(text, start, length, code, decoded);
            return length;
        }

        if (rest[0] == '%')
        {
            return 0;
        }

        Add(text, start, 2, rest[1] switch
        {
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'b' => '\b',
            'f' => '\f',
            'v' => '\v',
            'a' => '\a',
            'e' or 'E' => '\u001B',
            var other => other,
        }, decoded);
        return 2;
    }

    private static int DecodeEntity(LogView text, int start, LogView decoded)
    {
        var rest = text.Text[start..Math.Min(start + LongestEntity, text.Length)];
        if (rest is ['&', '#', ..])
        {
            var isHex = rest.Length > 2 && rest[2] is 'x' or 'X';
            var first = isHex ? 3 : 2;
            var end = first;
            while (end < rest.Length && (isHex ? char.IsAsciiHexDigit(rest[end]) : char.IsAsciiDigit(rest[end])))
            {
                end++;
            }

            var style = isHex ? NumberStyles.AllowHexSpecifier : NumberStyles.None;
            if (!int.TryParse(rest[first..end], style, CultureInfo.InvariantCulture, out var code) || !Rune.IsValid(code))
            {
                return 0;
            }

            end += end < rest.Length && rest[end] == ';' ? 1 : 0;
            Add(text, start, end, code, decoded);
            return end;
        }

        var length = rest.IndexOf(';') + 1;
        if (length < 4)
        {
            return 0;
        }

        var meant = HtmlNames.Of(rest[1..(length - 1)]) ?? WebUtility.HtmlDecode(rest[..length].ToString());
        if (meant.Length != 1)
        {
            return 0;
        }

        Add(text, start, length, meant[0], decoded);
        return length;
    }

    private static bool TryHex(ReadOnlySpan<char> digits, out int code) =>
        int.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out code);

    // An unpaired surrogate is a separate character, as JSON escapes it.
    private static void Add(LogView text, int start, int length, int code, LogView decoded)
    {
        var (from, to) = (text.Start(start), text.End(start + length - 1));
        if (code <= char.MaxValue)
        {
            decoded.Add((char)code, from, to);
            return;
        }

        Span<char> units = stackalloc char[2];
        new Rune(code).EncodeToUtf16(units);
        decoded.Add(units[0], from, to);
        decoded.Add(units[1], from, to);
    }
}
