using System.Runtime.CompilerServices;
using AutoStack.Data.Values;

namespace AutoStack.Data;

/// <summary>
/// A range of time, half open: what happened at <paramref name="From"/> is in it, what happened at <paramref name="To"/> is not.
/// </summary>
/// <param name="From">The first moment that counts. Any offset; the queries convert to UTC and cut to the microsecond.</param>
/// <param name="To">
/// The first moment that does not count; later than <paramref name="From"/> by no more than <see cref="MaxLength"/>.
/// </param>
public readonly record struct TimeRange(DateTimeOffset From, DateTimeOffset To)
{
    /// <summary>The longest range that a query takes: 366 days.</summary>
    public static TimeSpan MaxLength { get; } = TimeSpan.FromDays(366);

    /// <summary>The range in UTC and microseconds, which is checked first.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is empty, ends before it begins, or is too long.</exception>
    internal static TimeRange Check(TimeRange value, [CallerArgumentExpression(nameof(value))] string name = "")
    {
        var range = new TimeRange(Time.Truncate(value.From), Time.Truncate(value.To));

        // The driver takes the first moment of all for -infinity, from which no day or week counts on.
        return range.From == DateTimeOffset.MinValue
            ? throw new ArgumentOutOfRangeException(name, value, $"{name} begins before every time that can be stored.")
            : range.From >= range.To
            ? throw new ArgumentOutOfRangeException(name, value, $"{name} ends at least a microsecond after it begins.")
            : range.To - range.From > MaxLength
            ? throw new ArgumentOutOfRangeException(name, value, $"{name} is at most {MaxLength.TotalDays} days long.")
            : range;
    }
}
