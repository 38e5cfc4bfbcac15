using AutoStack.Data.Archives;

namespace AutoStack.Data.Parquet;

/// <summary>
/// Archives in Apache Parquet, compressed by Zstandard: add it to <see cref="AutoStackDataOptions.ArchiveFormats"/>.
/// </summary>
/// <remarks>
/// Columns are typed: UUID, 32- and 64-bit integers, booleans, and timestamps as microseconds in UTC; each other type is a string of
/// PostgreSQL's text. Infinity is the largest 64-bit number, and −infinity its negative. A row group has at most about 16 MiB of values and
/// 122,880 rows, which are held in memory. A timestamp after the year 294246 cannot be stored: the archive fails with an
/// <see cref="ArchiveException"/>.
/// </remarks>
public sealed class ParquetArchiveFormat : ArchiveFormat
{
    /// <inheritdoc/>
    public override string Name => "parquet";

    /// <summary>The number of rows that end a row group; tests have smaller ones.</summary>
    internal int RowGroupRows { get; init; } = 122_880;

    /// <inheritdoc/>
    public override string Compression => "zstd";

    /// <summary>True: a Parquet file is read from its end.</summary>
    public override bool ReadsBySeeking => true;

    /// <inheritdoc/>
    /// <exception cref="ArgumentNullException">An argument is null.</exception>
    public override Stream OpenWrite(Stream file, IReadOnlyList<ArchiveColumn> columns)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(columns);
        return new ParquetWriteStream(file, columns, RowGroupRows);
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentNullException">An argument is null.</exception>
    public override Stream OpenRead(Stream file, IReadOnlyList<ArchiveColumn> columns)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(columns);
        return new ParquetReadStream(file, columns);
    }
}
