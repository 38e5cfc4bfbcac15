using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using Parquet.Schema;

namespace AutoStack.Data.Parquet;

/// <summary>The types of columns: how a value of PostgreSQL's text is stored, and becomes the same text again.</summary>
internal abstract class ColumnType
{
    /// <summary>The number of the physical type in Parquet.</summary>
    public abstract int Physical { get; }

    /// <summary>The number of bytes of each value; null for types with one size only, and for texts.</summary>
    public virtual int? Length => null;

    /// <summary>The number of the type in the words of older readers; null for none.</summary>
    public virtual int? Converted => null;

    /// <summary>Writes the member of the logical type; null for types that are what their physical type is.</summary>
    public virtual Action<ThriftWriter>? Logical => null;

    /// <summary>Writes a number as the column stores it.</summary>
    public virtual ReadOnlySpan<byte> Bound(long number) => BitConverter.GetBytes(number);

    /// <summary>The type of a column in PostgreSQL's words.</summary>
    public static ColumnType Of(string type) => type switch
    {
        "uuid" => new UuidType(),
        "smallint" or "integer" => new Int32Type(),
        "bigint" => new Int64Type(),
        "boolean" => new BooleanType(),
        _ when type.StartsWith("timestamp", StringComparison.Ordinal) && type.EndsWith(" without time zone", StringComparison.Ordinal) =>
            new TimestampType(),
        _ => new TextType(),
    };

    /// <summary>Stores a value.</summary>
    /// <returns>False when the type cannot represent the text.</returns>
    public abstract bool TryAdd(ReadOnlySpan<byte> text, ColumnBuffer values);

    /// <summary>Creates the reader of a column.</summary>
    public abstract ColumnValues Read(string name);

    private static void Format(bool isWritten, int length, IBufferWriter<byte> csv) =>
        csv.Advance(isWritten ? length : throw new InvalidOperationException("The buffer is too small."));

    private sealed class UuidType : ColumnType
    {
        private const int Digits = 36;

        public override int Physical => 7;

        public override int? Length => 16;

        public override Action<ThriftWriter> Logical => thrift => thrift.Empty(14);

        public override bool TryAdd(ReadOnlySpan<byte> text, ColumnBuffer values)
        {
            var isParsed = Utf8Parser.TryParse(text, out Guid id, out var read, 'D') && read == text.Length;
            values.Add(id);
            return isParsed;
        }

        public override ColumnValues Read(string name) => new ColumnValues<Guid>(
            new DataField(name, typeof(Guid?)),
            (id, csv) => Format(Utf8Formatter.TryFormat(id, csv.GetSpan(Digits), out var length), length, csv));
    }

    private sealed class Int32Type : ColumnType
    {
        public override int Physical => 1;

        public override ReadOnlySpan<byte> Bound(long number) => BitConverter.GetBytes((int)number);

        public override bool TryAdd(ReadOnlySpan<byte> text, ColumnBuffer values)
        {
            var isParsed = int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number);
            values.Add(number);
            return isParsed;
        }

        public override ColumnValues Read(string name) => new ColumnValues<int>(
            new DataField(name, typeof(int?)),
            (number, csv) => Format(Utf8Formatter.TryFormat(number, csv.GetSpan(20), out var length), length, csv));
    }

    private sealed class Int64Type : ColumnType
    {
        public override int Physical => 2;

        public override bool TryAdd(ReadOnlySpan<byte> text, ColumnBuffer values)
        {
            var isParsed = long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number);
            values.Add(number);
            return isParsed;
        }

        public override ColumnValues Read(string name) => new ColumnValues<long>(
            new DataField(name, typeof(long?)),
            (number, csv) => Format(Utf8Formatter.TryFormat(number, csv.GetSpan(20), out var length), length, csv));
    }

    private sealed class BooleanType : ColumnType
    {
        public override int Physical => 0;

        public override bool TryAdd(ReadOnlySpan<byte> text, ColumnBuffer values)
        {
            var isTrue = text.SequenceEqual("t"u8);
            values.Add(isTrue);
            return isTrue || text.SequenceEqual("f"u8);
        }

        public override ColumnValues Read(string name) => new ColumnValues<bool>(
            new DataField(name, typeof(bool?)), (isTrue, csv) => csv.Write(isTrue ? "t"u8 : "f"u8));
    }

    // The columns of the library hold UTC. Parquet.Net reads them as numbers here, since its own type is .NET's, which ends with 9999.
    private sealed class TimestampType : ColumnType
    {
        public override int Physical => 2;

        public override int? Converted => 10;

        // In UTC, and of microseconds.
        public override Action<ThriftWriter> Logical => thrift => thrift.Field(8, () =>
        {
            thrift.Field(1, true);
            thrift.Field(2, () => thrift.Empty(2));
        });

        public override bool TryAdd(ReadOnlySpan<byte> text, ColumnBuffer values)
        {
            var isParsed = PostgresTime.TryParse(text, out var microseconds);
            values.Add(microseconds);
            return isParsed;
        }

        public override ColumnValues Read(string name) => new ColumnValues<long>(new DataField(name, typeof(long?)), PostgresTime.Write);
    }

    private sealed class TextType : ColumnType
    {
        public override int Physical => 6;

        public override int? Converted => 0;

        public override Action<ThriftWriter> Logical => thrift => thrift.Empty(1);

        public override bool TryAdd(ReadOnlySpan<byte> text, ColumnBuffer values)
        {
            values.Add(text);
            return true;
        }

        public override ColumnValues Read(string name) => new ColumnValues<ReadOnlyMemory<byte>>(
            new DataField(name, typeof(byte[]), isNullable: true, isArray: false), (text, csv) => CsvText.WriteValue(text.Span, csv));
    }
}
