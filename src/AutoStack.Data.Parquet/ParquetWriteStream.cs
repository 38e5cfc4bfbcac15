using System.Buffers;
using System.Buffers.Binary;
using AutoStack.Data.Archives;
using ZstdSharp;

namespace AutoStack.Data.Parquet;

/// <summary>
/// Writes the CSV that it receives as a Parquet file, a row group at a time: rows are held until their group has its size. Parquet.Net,
/// which reads the files, does not write them: it stores no time outside of .NET's years, and its bounds of texts let readers skip rows
/// that they should find.
/// </summary>
internal sealed class ParquetWriteStream : OneWayStream
{
    private const int MaxBytes = 16 << 20;
    private const int Level = 3;

    private readonly Stream file;
    private readonly IReadOnlyList<ArchiveColumn> columns;
    private readonly ColumnType[] types;
    private readonly ColumnBuffer[] buffers;
    private readonly CsvRows csv;
    private readonly int maxRows;
    private readonly List<ParquetFooter.Group> groups = [];
    private readonly ArrayBufferWriter<byte> page = new();
    private readonly ArrayBufferWriter<byte> output = new();
    private long offset;
    private long row = -1;
    private int rows;
    private bool isEnded;

    public ParquetWriteStream(Stream file, IReadOnlyList<ArchiveColumn> columns, int maxRows)
    {
        (this.file, this.columns, this.maxRows) = (file, columns, maxRows);
        types = [.. columns.Select(column => ColumnType.Of(column.Type))];
        buffers = [.. columns.Select(_ => new ColumnBuffer())];
        csv = new CsvRows(AddRow);
    }

    public override bool CanWrite => true;

    private static ReadOnlySpan<byte> Mark => "PAR1"u8;

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            csv.Add(buffer.Span);
            if (rows >= maxRows || buffers.Sum(column => (long)column.Bytes) >= MaxBytes)
            {
                await WriteGroupAsync(cancellationToken).ConfigureAwait(false);
            }
        }
        catch
        {
            isEnded = true;
            throw;
        }
    }

    public override async ValueTask DisposeAsync()
    {
        if (!isEnded)
        {
            isEnded = true;
            await WriteGroupAsync(CancellationToken.None).ConfigureAwait(false);
            await WriteFooterAsync().ConfigureAwait(false);
        }

        await base.DisposeAsync().ConfigureAwait(false);
    }

    private void AddRow(ReadOnlySpan<byte> text, ReadOnlySpan<CsvValue> values)
    {
        // The header.
        if (row++ < 0)
        {
            return;
        }

        if (values.Length != columns.Count)
        {
            throw new ArchiveException($"Row {row} has {values.Length} values in place of {columns.Count}.");
        }

        var start = 0;
        for (var at = 0; at < values.Length; at++)
        {
            var value = text[start..values[at].End];
            var isNull = value.Length == 0 && !values[at].IsQuoted;
            buffers[at].Begin(!isNull);
            if (!isNull && !types[at].TryAdd(value, buffers[at]))
            {
                throw new ArchiveException(
                    $"Row {row} cannot be stored as Parquet, which has no such {columns[at].Type} as its {columns[at].Name} has. "
                    + "Archive the partition as CSV.");
            }

            start = values[at].End;
        }

        rows++;
    }

    private async Task WriteGroupAsync(CancellationToken cancellationToken)
    {
        if (groups.Count == 0 && offset == 0)
        {
            output.Write(Mark);
        }

        if (rows > 0)
        {
            using var compressor = new Compressor(Level);
            var chunks = new List<ParquetFooter.Chunk>();
            foreach (var buffer in buffers)
            {
                chunks.Add(WriteChunk(buffer, compressor));
                await SendAsync(cancellationToken).ConfigureAwait(false);
            }

            groups.Add(new(rows, chunks));
            rows = 0;
        }
    }

    private ParquetFooter.Chunk WriteChunk(ColumnBuffer buffer, Compressor compressor)
    {
        var (nulls, bounds) = (buffer.Nulls, buffer.Bounds);
        buffer.Take(page);
        var compressed = ArrayPool<byte>.Shared.Rent(Compressor.GetCompressBound(page.WrittenCount));
        try
        {
            var start = offset + output.WrittenCount;
            var length = compressor.Wrap(page.WrittenSpan, compressed);
            ParquetFooter.WritePage(rows, page.WrittenCount, length, output);
            var header = offset + output.WrittenCount - start;
            output.Write(compressed.AsSpan(0, length));
            return new(start, header + length, header + page.WrittenCount, nulls, bounds);
        }
        finally
        {
            page.ResetWrittenCount();
            ArrayPool<byte>.Shared.Return(compressed);
        }
    }

    private async Task WriteFooterAsync()
    {
        var start = output.WrittenCount;
        ParquetFooter.Write(columns, types, groups, output);
        BinaryPrimitives.WriteInt32LittleEndian(output.GetSpan(sizeof(int)), output.WrittenCount - start);
        output.Advance(sizeof(int));
        output.Write(Mark);
        await SendAsync(CancellationToken.None).ConfigureAwait(false);
    }

    private async Task SendAsync(CancellationToken cancellationToken)
    {
        await file.WriteAsync(output.WrittenMemory, cancellationToken).ConfigureAwait(false);
        offset += output.WrittenCount;
        output.ResetWrittenCount();
    }
}
