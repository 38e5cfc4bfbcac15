using System.Numerics;

namespace AutoStack.Data.Cli.Bench;

/// <summary>
/// Durations in microseconds, in the buckets of HdrHistogram: linear within a power of two, so that every quantile is exact to 1 %. The
/// size is fixed, and many threads may record at once.
/// </summary>
internal sealed class Histogram
{
    private const int HalfBits = 7;
    private const int Half = 1 << HalfBits;

    /// <summary>The longest duration, about nineteen hours; longer durations are recorded as this one.</summary>
    public const long Longest = (1L << 36) - 1;

    private readonly long[] counts = new long[IndexOf(Longest) + 1];
    private long max;
    private long lost;

    /// <summary>The number of recorded durations, including lost ones.</summary>
    public long Count => counts.Sum() + lost;

    /// <summary>The longest recorded duration; 0 when the histogram is empty.</summary>
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

    /// <summary>Records a statement that never ended as longer than all others. Otherwise failures would improve the quantiles.</summary>
    public void RecordLost() => Interlocked.Increment(ref lost);

    /// <summary>The duration that the given share does not exceed; null when it is a lost one, or when the histogram is empty.</summary>
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

    // Each value below 2 × Half has its own bucket; above, every power of two has Half buckets.
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
