using System.Buffers;
using AutoStack.Data.Archives;

namespace AutoStack.Data.Parquet;

/// <summary>
/// Writes what a Parquet file says about itself: the headers of pages, and the footer with the types, the places of all pages, and the
/// bounds of numbers and times. The numbers of fields and types are those of Parquet's specification.
/// </summary>
internal static class ParquetFooter
{
    private const int Plain = 0;
    private const int RunLength = 3;
    private const int Zstandard = 6;

    /// <summary>A column of a row group.</summary>
    /// <param name="Offset">The place of the page in the file.</param>
    /// <param name="Bytes">The size of the page with its header.</param>
    /// <param name="PlainBytes">The same without compression.</param>
    /// <param name="Nulls">The number of NULLs.</param>
    /// <param name="Bounds">The smallest and the largest number; null for none.</param>
    internal sealed record Chunk(long Offset, long Bytes, long PlainBytes, long Nulls, (long Min, long Max)? Bounds);

    /// <summary>A row group.</summary>
    internal sealed record Group(long Rows, IReadOnlyList<Chunk> Chunks);

    /// <summary>Writes the header of a page, which is that of a whole column in a row group.</summary>
    public static void WritePage(int rows, int plainBytes, int bytes, IBufferWriter<byte> output)
    {
        const int dataPage = 0;
        var thrift = new ThriftWriter(output);
        thrift.Struct(() =>
        {
            thrift.Field(1, dataPage);
            thrift.Field(2, plainBytes);
            thrift.Field(3, bytes);
            thrift.Field(5, () =>
            {
                thrift.Field(1, rows);
                thrift.Field(2, Plain);
                thrift.Field(3, RunLength);
                thrift.Field(4, RunLength);
            });
        });
    }

    /// <summary>Writes the footer, without its length and the mark of the file's end.</summary>
    public static void Write(
        IReadOnlyList<ArchiveColumn> columns, IReadOnlyList<ColumnType> types, IReadOnlyList<Group> groups, IBufferWriter<byte> output)
    {
        var thrift = new ThriftWriter(output);
        thrift.Struct(() =>
        {
            thrift.Field(1, 1);
            thrift.ListField(2, [.. Enumerable.Range(-1, columns.Count + 1)], at => WriteElement(thrift, at, columns, types));
            thrift.Field(3, groups.Sum(group => group.Rows));
            thrift.ListField(4, groups, group => WriteGroup(thrift, columns, types, group));
            thrift.Field(6, $"AutoStack.Data.Parquet version {typeof(ParquetFooter).Assembly.GetName().Version}");

            // Bounds are in the order of the type, or a reader must ignore them.
            thrift.ListField(7, columns, _ => thrift.Empty(1));
        });
    }

    // The root of the schema, at −1, or a column of it.
    private static void WriteElement(
        ThriftWriter thrift, int at, IReadOnlyList<ArchiveColumn> columns, IReadOnlyList<ColumnType> types)
    {
        const int optional = 1;
        if (at < 0)
        {
            thrift.Field(4, "archive");
            thrift.Field(5, columns.Count);
            return;
        }

        var type = types[at];
        thrift.Field(1, type.Physical);
        if (type.Length is { } length)
        {
            thrift.Field(2, length);
        }

        thrift.Field(3, optional);
        thrift.Field(4, columns[at].Name);
        if (type.Converted is { } converted)
        {
            thrift.Field(6, converted);
        }

        if (type.Logical is { } logical)
        {
            thrift.Field(10, () => logical(thrift));
        }
    }

    private static void WriteGroup(
        ThriftWriter thrift, IReadOnlyList<ArchiveColumn> columns, IReadOnlyList<ColumnType> types, Group group)
    {
        thrift.ListField(1, [.. group.Chunks.Index()], one =>
        {
            thrift.Field(2, 0L);
            thrift.Field(3, () => WriteChunk(thrift, columns[one.Index].Name, types[one.Index], group.Rows, one.Item));
        });
        thrift.Field(2, group.Chunks.Sum(chunk => chunk.PlainBytes));
        thrift.Field(3, group.Rows);
    }

    private static void WriteChunk(ThriftWriter thrift, string name, ColumnType type, long rows, Chunk chunk)
    {
        thrift.Field(1, type.Physical);
        thrift.ListField(2, [Plain, RunLength]);
        thrift.ListField(3, name);
        thrift.Field(4, Zstandard);
        thrift.Field(5, rows);
        thrift.Field(6, chunk.PlainBytes);
        thrift.Field(7, chunk.Bytes);
        thrift.Field(9, chunk.Offset);
        thrift.Field(12, () =>
        {
            thrift.Field(3, chunk.Nulls);
            if (chunk.Bounds is var (min, max))
            {
                thrift.Field(5, type.Bound(max));
                thrift.Field(6, type.Bound(min));
            }
        });
    }
}
