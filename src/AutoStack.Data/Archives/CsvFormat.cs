using System.IO.Compression;

namespace AutoStack.Data.Archives;

/// <summary>The text itself, compressed by gzip.</summary>
internal sealed class CsvFormat : ArchiveFormat
{
    public override string Name => "csv.gz";

    public override string Compression => "gzip";

    public override Stream OpenWrite(Stream file, IReadOnlyList<ArchiveColumn> columns) =>
        new GZipStream(file, CompressionLevel.Optimal, leaveOpen: true);

    public override Stream OpenRead(Stream file, IReadOnlyList<ArchiveColumn> columns) =>
        new GZipStream(file, CompressionMode.Decompress, leaveOpen: true);
}
