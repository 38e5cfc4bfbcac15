using System.Buffers;
using System.Text;
using AutoStack.Data.Archives;
using Parquet;
using Parquet.Schema;

namespace AutoStack.Data.Parquet;

/// <summary>Reads a Parquet file as the CSV that was written to it, a row group at a time.</summary>
/// <param name="file">The file, which can seek.</param>
/// <param name="columns">The columns.</param>
internal sealed class ParquetReadStream(Stream file, IReadOnlyList<ArchiveColumn> columns) : OneWayStream
{
    // A part of a row group that becomes text at once.
    private const int PieceSize = 64 << 10;

    private readonly ColumnValues[] values = [.. columns.Select(column => ColumnType.Of(column.Type).Read(column.Name))];
    private readonly ArrayBufferWriter<byte> csv = new();
    private ParquetReader? reader;
    private int sent;
    private int groups;
    private int rows;
    private int row;

    public override bool CanRead => true;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (sent == csv.WrittenCount && !await FillAsync(cancellationToken).ConfigureAwait(false))
        {
            return 0;
        }

        var length = Math.Min(buffer.Length, csv.WrittenCount - sent);
        csv.WrittenSpan.Slice(sent, length).CopyTo(buffer.Span);
        sent += length;
        return length;
    }

    // Writes the next part of the text; false at its end.
    private async Task<bool> FillAsync(CancellationToken cancellationToken)
    {
        csv.ResetWrittenCount();
        sent = 0;
        try
        {
            if (reader is null)
            {
                reader = await ParquetReader.CreateAsync(file, cancellationToken: cancellationToken).ConfigureAwait(false);
                _ = new ParquetSchema(values.Select(one => one.Column));
                WriteHeader();
                return true;
            }

            while (row == rows)
            {
                if (groups == reader.RowGroupCount)
                {
                    return false;
                }

                await LoadAsync(reader.OpenRowGroupReader(groups++), cancellationToken).ConfigureAwait(false);
            }

            while (row < rows && csv.WrittenCount < PieceSize)
            {
                WriteRow();
            }

            return true;
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            // The reader throws exceptions of any type for a file that was damaged.
            throw new InvalidDataException($"The file is not Parquet with the columns of the archive: {exception.Message}", exception);
        }
    }

    private async Task LoadAsync(ParquetRowGroupReader group, CancellationToken cancellationToken)
    {
        foreach (var column in values)
        {
            await column.LoadAsync(group, cancellationToken).ConfigureAwait(false);
        }

        (row, rows) = (0, (int)group.RowCount);
    }

    private void WriteHeader()
    {
        foreach (var (at, column) in columns.Index())
        {
            WriteDelimiter(at);
            CsvText.WriteValue(Encoding.UTF8.GetBytes(column.Name), csv);
        }

        csv.Write("\n"u8);
    }

    private void WriteRow()
    {
        foreach (var (at, column) in values.Index())
        {
            WriteDelimiter(at);
            column.WriteNext(row, csv);
        }

        csv.Write("\n"u8);
        row++;
    }

    private void WriteDelimiter(int at)
    {
        if (at > 0)
        {
            csv.Write(","u8);
        }
    }
}
