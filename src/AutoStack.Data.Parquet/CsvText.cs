using System.Buffers;

namespace AutoStack.Data.Parquet;

/// <summary>Writes values of CSV exactly as PostgreSQL's COPY does.</summary>
internal static class CsvText
{
    private static readonly SearchValues<byte> Quoted = SearchValues.Create("\",\n\r"u8);

    /// <summary>Writes a value, between quotes where it needs them; an empty text is not NULL.</summary>
    public static void WriteValue(ReadOnlySpan<byte> value, IBufferWriter<byte> csv)
    {
        if (value.Length > 0 && value.IndexOfAny(Quoted) < 0)
        {
            csv.Write(value);
            return;
        }

        csv.Write("\""u8);
        for (var at = value.IndexOf((byte)'"'); at >= 0; at = value.IndexOf((byte)'"'))
        {
            csv.Write(value[..(at + 1)]);
            csv.Write("\""u8);
            value = value[(at + 1)..];
        }

        csv.Write(value);
        csv.Write("\""u8);
    }
}
