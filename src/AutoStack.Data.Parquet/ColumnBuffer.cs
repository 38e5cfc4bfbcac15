using System.Buffers;
using System.Buffers.Binary;

namespace AutoStack.Data.Parquet;

/// <summary>The values of a column in the row group that is being collected, as a page stores them.</summary>
internal sealed class ColumnBuffer
{
    private readonly ArrayBufferWriter<byte> values = new();
    private readonly ArrayBufferWriter<byte> levels = new();
    private bool isPresent;
    private int run;
    private int bits;
    private int bitCount;

    /// <summary>The number of bytes of the values so far.</summary>
    public int Bytes => values.WrittenCount;

    /// <summary>The number of NULLs.</summary>
    public long Nulls { get; private set; }

    /// <summary>The smallest and the largest number; null without numbers, and for columns that are no numbers.</summary>
    public (long Min, long Max)? Bounds { get; private set; }

    /// <summary>Begins a value: says whether it is one, or NULL.</summary>
    public void Begin(bool isValue)
    {
        if (isValue != isPresent)
        {
            EndRun();
            isPresent = isValue;
        }

        run++;
        Nulls += isValue ? 0 : 1;
    }

    public void Add(int number)
    {
        BinaryPrimitives.WriteInt32LittleEndian(values.GetSpan(sizeof(int)), number);
        values.Advance(sizeof(int));
        Include(number);
    }

    public void Add(long number)
    {
        BinaryPrimitives.WriteInt64LittleEndian(values.GetSpan(sizeof(long)), number);
        values.Advance(sizeof(long));
        Include(number);
    }

    public void Add(Guid id)
    {
        const int length = 16;
        _ = id.TryWriteBytes(values.GetSpan(length), bigEndian: true, out _);
        values.Advance(length);
    }

    public void Add(ReadOnlySpan<byte> text)
    {
        BinaryPrimitives.WriteInt32LittleEndian(values.GetSpan(sizeof(int)), text.Length);
        values.Advance(sizeof(int));
        values.Write(text);
    }

    /// <summary>Adds a bit; eight of them share a byte.</summary>
    public void Add(bool bit)
    {
        const int ofByte = 8;
        bits |= (bit ? 1 : 0) << bitCount++;
        if (bitCount == ofByte)
        {
            EndBits();
        }
    }

    /// <summary>Writes the page, and begins the next one.</summary>
    public void Take(IBufferWriter<byte> page)
    {
        EndRun();
        EndBits();
        BinaryPrimitives.WriteInt32LittleEndian(page.GetSpan(sizeof(int)), levels.WrittenCount);
        page.Advance(sizeof(int));
        page.Write(levels.WrittenSpan);
        page.Write(values.WrittenSpan);
        levels.ResetWrittenCount();
        values.ResetWrittenCount();
        (Nulls, Bounds) = (0, null);
    }

    private void EndBits()
    {
        if (bitCount > 0)
        {
            values.GetSpan(1)[0] = (byte)bits;
            values.Advance(1);
            (bits, bitCount) = (0, 0);
        }
    }

    // A run is a number of rows, one after the other, that all have a value, or all have none.
    private void EndRun()
    {
        if (run > 0)
        {
            Varint.Write((ulong)run << 1, levels);
            levels.GetSpan(1)[0] = (byte)(isPresent ? 1 : 0);
            levels.Advance(1);
            run = 0;
        }
    }

    private void Include(long number) => Bounds = Bounds is var (min, max)
        ? (Math.Min(min, number), Math.Max(max, number))
        : (number, number);
}
