using System.Numerics;

namespace AutoStack.Data.Cli.Bench;

/// <summary>
/// Durations in microseconds, in buckets as HdrHistogram has them: linear within a power of two, so that a quantile is off by less than 1 % whatever
/// its size. Of a fixed size however much is recorded, and recorded into by many threads at once.
/// </summary>
internal sealed class Histogram
{
    private const int HalfBits = 7;
    private const int Half = 1 << HalfBits;

    /// <summary>About nineteen hours; what is longer counts as that.</summary>
    public const long Longest = (1L << 36) - 1;

    private readonly long[] counts = new long[IndexOf(Longest) + 1];
    private long max;
    private long lost;

    /// <summary>How many were recorded, those that were lost included.</summary>
    public long Count => counts.Sum() + lost;

    /// <summary>The longest one; 0 when there is none.</summary>
    public long Max => max;

    public void Record(long microseconds)
    {
        var value = Math.Clamp(microseconds, 0, Longest);
        Interlocked.Increment(ref counts[IndexOf(value)]);
        var seen = Volatile.Read(ref max);
        while (value > seen)
        {
            seen = Interlocked.CompareExchange(ref max, value, seen);
        }
    }

    /// <summary>One that never ended: longer than any that did. Left out, the worst would make the quantiles better.</summary>
    public void RecordLost() => Interlocked.Increment(ref lost);

    /// <summary>The duration that a share of all does not exceed; null when it is one of those lost, or there is none at all.</summary>
    public long? Quantile(double share)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(share, 0);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(share, 1);
        var rank = Math.Max(1, (long)Math.Ceiling(share * Count));
        for (var i = 0; i < counts.Length; i++)
        {
            rank -= counts[i];
            if (rank <= 0)
            {
                return Math.Min(LargestOf(i), max);
            }
        }

        return null;
    }

    // Values below 2 × Half have a bucket each; above, every power of two has Half of them.
    private static int IndexOf(long value)
    {
        var shift = Math.Max(0, BitOperations.Log2((ulong)value) - HalfBits);
        return (shift * Half) + (int)(value >> shift);
    }

    private static long LargestOf(int index)
    {
        var shift = Math.Max(0, (index / Half) - 1);
        return ((index - (shift * Half) + 1L) << shift) - 1;
    }
}
