using System.Buffers;
using System.Buffers.Text;
using System.Globalization;

namespace AutoStack.Data.Parquet;

/// <summary>
/// Times in PostgreSQL's text, such as <c>2026-04-10 12:00:00.5</c>, and as microseconds since 1970. Both have years before Christ and
/// infinity, which .NET has not.
/// </summary>
internal static class PostgresTime
{
    /// <summary>Infinity, as DuckDB represents it as well; −infinity is its negative.</summary>
    public const long Infinity = long.MaxValue;

    private const long Second = 1_000_000;
    private const long Day = 86_400 * Second;
    private const int DaysOf400Years = 146_097;

    // From March 1 of the year 0 until 1970.
    private const int DaysUntil1970 = 719_468;

    /// <summary>Reads a time.</summary>
    /// <returns>False for another text, and for a time that 64 bits cannot represent.</returns>
    public static bool TryParse(ReadOnlySpan<byte> text, out long microseconds)
    {
        microseconds = text.SequenceEqual("infinity"u8) ? Infinity : text.SequenceEqual("-infinity"u8) ? -Infinity : 0;
        if (microseconds != 0)
        {
            return true;
        }

        var isBeforeChrist = text.EndsWith(" BC"u8);
        text = isBeforeChrist ? text[..^3] : text;
        var point = text.IndexOf((byte)'.');
        var fraction = point < 0 ? [] : text[(point + 1)..];
        text = point < 0 ? text : text[..point];

        // A year has four digits or more, all else two.
        const int restLength = 15;
        var year = text.Length - restLength;
        if (year < 4 || (point >= 0 && fraction.Length is 0 or > 6)
            || !TryNumber(text[..year], out var years)
            || !TryPart(text[year..], (byte)'-', out var month)
            || !TryPart(text[(year + 3)..], (byte)'-', out var day)
            || !TryPart(text[(year + 6)..], (byte)' ', out var hour)
            || !TryPart(text[(year + 9)..], (byte)':', out var minute)
            || !TryPart(text[(year + 12)..], (byte)':', out var second)
            || (fraction.Length > 0 && !TryNumber(fraction, out _)))
        {
            return false;
        }

        var rest = 0L;
        for (var at = 0; at < 6; at++)
        {
            rest = (rest * 10) + (at < fraction.Length ? fraction[at] - '0' : 0);
        }

        rest += ((((hour * 60L) + minute) * 60) + second) * Second;
        var total = ((Int128)DaysOf(isBeforeChrist ? 1 - years : years, month, day) * Day) + rest;
        microseconds = total < Infinity && total > -(Int128)Infinity ? (long)total : 0;
        return microseconds == total;
    }

    /// <summary>Writes a time.</summary>
    public static void Write(long microseconds, IBufferWriter<byte> text)
    {
        if (microseconds == Infinity || microseconds == -Infinity)
        {
            text.Write(microseconds > 0 ? "infinity"u8 : "-infinity"u8);
            return;
        }

        var days = Math.DivRem(microseconds, Day, out var rest);
        if (rest < 0)
        {
            (days, rest) = (days - 1, rest + Day);
        }

        var (year, month, day) = DateOf(days);
        var isBeforeChrist = year < 1;
        Digits(isBeforeChrist ? 1 - year : year, 4, text);
        Part((byte)'-', month, text);
        Part((byte)'-', day, text);
        Part((byte)' ', rest / (3600 * Second), text);
        Part((byte)':', rest / (60 * Second) % 60, text);
        Part((byte)':', rest / Second % 60, text);
        var (fraction, digits) = (rest % Second, 6);
        if (fraction > 0)
        {
            for (; fraction % 10 == 0; fraction /= 10)
            {
                digits--;
            }

            text.Write("."u8);
            Digits(fraction, digits, text);
        }

        if (isBeforeChrist)
        {
            text.Write(" BC"u8);
        }
    }

    // Days since 1970 in the Gregorian calendar, also before it was introduced. A year begins in March: a leap day is its last one.
    private static long DaysOf(long year, int month, int day)
    {
        var fromMarch = month > 2 ? year : year - 1;
        var era = Math.DivRem(fromMarch >= 0 ? fromMarch : fromMarch - 399, 400).Quotient;
        var yearOfEra = fromMarch - (era * 400);
        var dayOfYear = (((153 * (month > 2 ? month - 3 : month + 9)) + 2) / 5) + day - 1;
        return (era * DaysOf400Years) + (yearOfEra * 365) + (yearOfEra / 4) - (yearOfEra / 100) + dayOfYear - DaysUntil1970;
    }

    private static (long Year, long Month, long Day) DateOf(long days)
    {
        days += DaysUntil1970;
        var era = Math.DivRem(days >= 0 ? days : days - DaysOf400Years + 1, DaysOf400Years).Quotient;
        var dayOfEra = days - (era * DaysOf400Years);
        var yearOfEra = (dayOfEra - (dayOfEra / 1_460) + (dayOfEra / 36_524) - (dayOfEra / 146_096)) / 365;
        var dayOfYear = dayOfEra - ((365 * yearOfEra) + (yearOfEra / 4) - (yearOfEra / 100));
        var month = ((5 * dayOfYear) + 2) / 153;
        var day = dayOfYear - (((153 * month) + 2) / 5) + 1;
        return (yearOfEra + (era * 400) + (month < 10 ? 0 : 1), month < 10 ? month + 3 : month - 9, day);
    }

    private static bool TryPart(ReadOnlySpan<byte> text, byte before, out int number) =>
        TryNumber(text.Slice(1, 2), out number) && text[0] == before;

    private static bool TryNumber(ReadOnlySpan<byte> digits, out int number) =>
        int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out number);

    private static void Part(byte before, long number, IBufferWriter<byte> text)
    {
        text.GetSpan(1)[0] = before;
        text.Advance(1);
        Digits(number, 2, text);
    }

    private static void Digits(long number, int least, IBufferWriter<byte> text)
    {
        _ = Utf8Formatter.TryFormat(number, text.GetSpan(20), out var written, new StandardFormat('D', (byte)least));
        text.Advance(written);
    }
}
