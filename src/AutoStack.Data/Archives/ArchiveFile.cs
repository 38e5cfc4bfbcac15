using System.IO.Compression;

namespace AutoStack.Data.Archives;

/// <summary>The file with the rows: CSV with a header, compressed by gzip while it is written and while it is read.</summary>
internal static class ArchiveFile
{
    /// <summary>The compression, as manifests name it.</summary>
    public const string Compression = "gzip";

    // The server sends a message per row; rows are compressed and counted together.
    private const int PieceSize = 128 << 10;

    /// <summary>Compresses rows into an object of a store.</summary>
    /// <param name="rows">The rows, from the server.</param>
    /// <param name="target">The object.</param>
    /// <param name="report">Receives the number of rows so far.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    public static async Task<Written> WriteAsync(
        Stream rows, Stream target, Action<long> report, CancellationToken cancellationToken)
    {
        var tally = new CsvTally();
        using var file = new HashedStream(target);
        var gzip = new GZipStream(file, CompressionLevel.Optimal, leaveOpen: true);
        await using var closing = gzip.ConfigureAwait(false);
        using var plain = new HashedStream(gzip);
        var piece = new byte[PieceSize];
        while (await rows.ReadAtLeastAsync(piece, PieceSize / 2, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false)
            is > 0 and var read)
        {
            tally.Add(piece.AsSpan(0, read));
            await ToStoreAsync(plain.WriteAsync(piece.AsMemory(0, read), cancellationToken)).ConfigureAwait(false);
            report(tally.Rows);
        }

        await ToStoreAsync(gzip.DisposeAsync()).ConfigureAwait(false);
        return new(tally, file.Count, file.Sha256(), plain.Count, plain.Sha256());
    }

    /// <summary>Reads the rows of an archive from a store, and compares them with its manifest.</summary>
    /// <param name="manifest">The manifest.</param>
    /// <param name="store">The store.</param>
    /// <param name="send">Receives each piece of the text, before the last one is compared; null for none.</param>
    /// <param name="report">Receives the number of rows so far.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <exception cref="ArchiveException">The store failed, or the file is not that of the manifest.</exception>
    public static async Task ReadAsync(
        ArchiveManifest manifest, IArchiveStore store, Func<ReadOnlyMemory<byte>, ValueTask>? send, Action<long> report,
        CancellationToken cancellationToken)
    {
        if (manifest.Compression != Compression)
        {
            throw Damaged(manifest, $"its compression is {manifest.Compression}, which this version does not read");
        }

        var source = await ArchiveException.OfStoreAsync(
            $"opening {manifest.DataName}", () => store.OpenAsync(manifest.DataName, cancellationToken)).ConfigureAwait(false)
            ?? throw Damaged(manifest, "the file with the rows is missing");
        await using var closing = source.ConfigureAwait(false);
        var tally = new CsvTally();
        using var file = new HashedStream(source);
        var gzip = new GZipStream(file, CompressionMode.Decompress, leaveOpen: true);
        await using var ending = gzip.ConfigureAwait(false);
        using var plain = new HashedStream(gzip);
        var piece = new byte[PieceSize];
        while (await FromStoreAsync(manifest, plain, piece, cancellationToken).ConfigureAwait(false) is > 0 and var read)
        {
            tally.Add(piece.AsSpan(0, read));
            if (plain.Count > manifest.PlainBytes)
            {
                throw Damaged(manifest, "the file has more text than the manifest says");
            }

            if (send is not null)
            {
                await send(piece.AsMemory(0, read)).ConfigureAwait(false);
            }

            report(tally.Rows);
        }

        // What follows the compressed text is not part of the archive.
        while (await FromStoreAsync(manifest, file, piece, cancellationToken).ConfigureAwait(false) > 0)
        {
        }

        var fault = file.Count != manifest.Bytes ? $"the file has {file.Count} bytes in place of {manifest.Bytes}"
            : file.Sha256() != manifest.Sha256 ? "the file has another hash than the manifest says"
            : plain.Count != manifest.PlainBytes || plain.Sha256() != manifest.PlainSha256
                ? "the text of the file has another hash than the manifest says"
            : tally.FindFault(manifest.Columns) is { } wrong ? $"the text of the file is not what was written: {wrong}"
            : tally.Rows != manifest.Rows ? $"the file has {tally.Rows} rows in place of {manifest.Rows}"
            : null;
        if (fault is not null)
        {
            throw Damaged(manifest, fault);
        }
    }

    private static ArchiveException Damaged(ArchiveManifest manifest, string what, Exception? cause = null) =>
        new($"The archive {manifest.Name} is damaged: {what}.", cause);

    private static async ValueTask ToStoreAsync(ValueTask write)
    {
        try
        {
            await write.ConfigureAwait(false);
        }
        catch (Exception exception) when (ArchiveException.IsOfStore(exception))
        {
            throw ArchiveException.OfStore("writing rows", exception);
        }
    }

    private static async ValueTask<int> FromStoreAsync(
        ArchiveManifest manifest, Stream source, byte[] piece, CancellationToken cancellationToken)
    {
        try
        {
            return await source.ReadAtLeastAsync(piece, PieceSize / 2, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
        }
        catch (InvalidDataException exception)
        {
            throw Damaged(manifest, "the file cannot be decompressed", exception);
        }
        catch (Exception exception) when (ArchiveException.IsOfStore(exception))
        {
            throw ArchiveException.OfStore($"reading {manifest.DataName}", exception);
        }
    }

    /// <summary>What was written.</summary>
    internal sealed record Written(CsvTally Tally, long Bytes, string Sha256, long PlainBytes, string PlainSha256);
}
