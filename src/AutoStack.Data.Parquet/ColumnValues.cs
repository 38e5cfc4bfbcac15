using System.Buffers;
using Parquet;
using Parquet.Schema;

namespace AutoStack.Data.Parquet;

/// <summary>The values of a column in a row group that is being read.</summary>
internal abstract class ColumnValues(DataField column)
{
    /// <summary>The column, which belongs to a schema of its own: not to that of the file.</summary>
    public DataField Column => column;

    /// <summary>Reads all values of a row group.</summary>
    public abstract Task LoadAsync(ParquetRowGroupReader group, CancellationToken cancellationToken);

    /// <summary>Writes the value of the next row; nothing for NULL.</summary>
    public abstract void WriteNext(int row, IBufferWriter<byte> csv);
}

/// <inheritdoc/>
internal sealed class ColumnValues<T>(DataField column, Action<T, IBufferWriter<byte>> write) : ColumnValues(column)
    where T : struct
{
    private T[] values = [];
    private int[] levels = [];
    private int next;

    public override async Task LoadAsync(ParquetRowGroupReader group, CancellationToken cancellationToken)
    {
        var rows = checked((int)group.RowCount);
        if (rows > levels.Length)
        {
            (values, levels) = (new T[rows], new int[rows]);
        }

        // Values of the previous row group are let go before the next ones come.
        Array.Clear(values);
        next = 0;
        await group.ReadRawAsync(Column, values.AsMemory(), levels, repetitionLevels: null, cancellationToken).ConfigureAwait(false);
    }

    public override void WriteNext(int row, IBufferWriter<byte> csv)
    {
        if (levels[row] > 0)
        {
            write(values[next++], csv);
        }
    }
}
