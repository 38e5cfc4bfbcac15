using System.Buffers;
using System.Text;

namespace AutoStack.Data.Parquet;

/// <summary>Writes the structures of Parquet in the compact protocol of Thrift.</summary>
internal sealed class ThriftWriter(IBufferWriter<byte> output)
{
    private const int True = 1;
    private const int False = 2;
    private const int Number32 = 5;
    private const int Number64 = 6;
    private const int Binary = 8;
    private const int List = 9;
    private const int Structure = 12;

    private readonly Stack<int> outer = [];
    private int last;

    public void Field(int id, bool value) => Begin(id, value ? True : False);

    public void Field(int id, int value)
    {
        Begin(id, Number32);
        Number(value);
    }

    public void Field(int id, long value)
    {
        Begin(id, Number64);
        Number(value);
    }

    public void Field(int id, string value) => Field(id, Encoding.UTF8.GetBytes(value));

    public void Field(int id, ReadOnlySpan<byte> value)
    {
        Begin(id, Binary);
        Bytes(value);
    }

    /// <summary>Writes a structure.</summary>
    public void Field(int id, Action fields)
    {
        Begin(id, Structure);
        Struct(fields);
    }

    /// <summary>Writes a structure without fields, which says by its id what is meant.</summary>
    public void Empty(int id) => Field(id, () => { });

    public void ListField(int id, IReadOnlyCollection<int> values)
    {
        BeginList(id, values.Count, Number32);
        foreach (var value in values)
        {
            Number(value);
        }
    }

    /// <summary>Writes a list of one text.</summary>
    public void ListField(int id, string value)
    {
        BeginList(id, 1, Binary);
        Bytes(Encoding.UTF8.GetBytes(value));
    }

    /// <summary>Writes a list of structures.</summary>
    public void ListField<T>(int id, IReadOnlyCollection<T> items, Action<T> fields)
    {
        BeginList(id, items.Count, Structure);
        foreach (var item in items)
        {
            Struct(() => fields(item));
        }
    }

    /// <summary>Writes a structure that is no field.</summary>
    public void Struct(Action fields)
    {
        outer.Push(last);
        last = 0;
        fields();
        Byte(0);
        last = outer.Pop();
    }

    private void Begin(int id, int type)
    {
        Byte(((id - last) << 4) | type);
        last = id;
    }

    private void BeginList(int id, int count, int type)
    {
        const int longList = 15;
        Begin(id, List);
        Byte((Math.Min(count, longList) << 4) | type);
        if (count >= longList)
        {
            Unsigned((ulong)count);
        }
    }

    private void Bytes(ReadOnlySpan<byte> value)
    {
        Unsigned((ulong)value.Length);
        output.Write(value);
    }

    // Small numbers of either sign take few bytes.
    private void Number(long value) => Unsigned((ulong)((value << 1) ^ (value >> 63)));

    private void Unsigned(ulong value) => Varint.Write(value, output);

    private void Byte(int value)
    {
        output.GetSpan(1)[0] = (byte)value;
        output.Advance(1);
    }
}
