using System.Buffers;

namespace AutoStack.Data.Parquet;

/// <summary>Numbers in as many bytes as they need, of seven bits each.</summary>
internal static class Varint
{
    public static void Write(ulong value, IBufferWriter<byte> output)
    {
        var span = output.GetSpan(10);
        var length = 0;
        for (; value > 0x7F; value >>= 7)
        {
            span[length++] = (byte)(value | 0x80);
        }

        span[length++] = (byte)value;
        output.Advance(length);
    }
}
