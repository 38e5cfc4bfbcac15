namespace AutoStack.Data.Archives;

/// <summary>The file with the rows: CSV with a header, which the format of the archive stores while it comes, and reads back.</summary>
internal static class ArchiveFile
{
    // The server sends a message per row; rows are compressed and counted together.
    private const int PieceSize = 128 << 10;

    /// <summary>Writes rows into an object of a store.</summary>
    /// <param name="format">The format of the object.</param>
    /// <param name="columns">The columns of the rows.</param>
    /// <param name="rows">The rows, from the server.</param>
    /// <param name="target">The object.</param>
    /// <param name="report">Receives the number of rows so far.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    public static async Task<Written> WriteAsync(
        ArchiveFormat format, IReadOnlyList<ArchiveColumn> columns, Stream rows, Stream target, Action<long> report,
        CancellationToken cancellationToken)
    {
        var tally = new CsvTally();
        using var file = new HashedStream(target, cancellationToken);
        var encoder = format.OpenWrite(file, columns);
        await using var closing = encoder.ConfigureAwait(false);
        using var plain = new HashedStream(encoder);
        var piece = new byte[PieceSize];
        try
        {
            while (await rows.ReadAtLeastAsync(piece, PieceSize / 2, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false)
                is > 0 and var read)
            {
                tally.Add(piece.AsSpan(0, read));
                await ToStoreAsync(plain.WriteAsync(piece.AsMemory(0, read), cancellationToken), cancellationToken).ConfigureAwait(false);
                cancellationToken.ThrowIfCancellationRequested();
                report(tally.Rows);
            }

            await ToStoreAsync(encoder.DisposeAsync(), cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            // An encoder that is disposed writes its rest, and would report its own failure.
            file.IsDiscarding = true;
            throw;
        }

        return new(tally, file.Count, file.Sha256(), plain.Count, plain.Sha256());
    }

    /// <summary>Reads the rows of an archive from a store, and compares them with its manifest.</summary>
    /// <param name="manifest">The manifest.</param>
    /// <param name="format">The format of the manifest.</param>
    /// <param name="store">The store.</param>
    /// <param name="send">Receives each piece of the text, before the last one is compared; null for none.</param>
    /// <param name="report">Receives the number of rows so far.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <exception cref="ArchiveException">The store failed, or the file is not that of the manifest.</exception>
    public static async Task ReadAsync(
        ArchiveManifest manifest, ArchiveFormat format, IArchiveStore store, Func<ReadOnlyMemory<byte>, ValueTask>? send,
        Action<long> report, CancellationToken cancellationToken)
    {
        if (manifest.Compression != format.Compression)
        {
            throw Damaged(manifest, $"its compression is {manifest.Compression}, which this version does not read");
        }

        var data = ArchiveNames.Data(manifest.Name, format);
        var source = await ArchiveException.OfStoreAsync(
            $"opening {data}", () => store.OpenAsync(data, cancellationToken), cancellationToken).ConfigureAwait(false)
            ?? throw Damaged(manifest, "the file with the rows is missing");
        await using var closing = source.ConfigureAwait(false);
        using var file = new HashedStream(source);
        var piece = new byte[PieceSize];
        var encoded = format.ReadsBySeeking
            ? await CompareFirstAsync(manifest, file, source, piece, cancellationToken).ConfigureAwait(false)
            : file;
        await using var removing = encoded.ConfigureAwait(false);
        var decoder = format.OpenRead(encoded, manifest.Columns);
        await using var ending = decoder.ConfigureAwait(false);
        using var plain = new HashedStream(decoder);
        var tally = new CsvTally();
        while (await FromStoreAsync(manifest, plain, piece, cancellationToken).ConfigureAwait(false) is > 0 and var read)
        {
            // A store that ignores its token returns rows after the cancellation, too.
            cancellationToken.ThrowIfCancellationRequested();
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
        while (!format.ReadsBySeeking && await FromStoreAsync(manifest, file, piece, cancellationToken).ConfigureAwait(false) > 0)
        {
        }

        Compare(manifest, file);
        var fault = plain.Count != manifest.PlainBytes || plain.Sha256() != manifest.PlainSha256
                ? "the text of the file has another hash than the manifest says"
            : tally.FindFault(manifest.Columns) is { } wrong ? $"the text of the file is not what was written: {wrong}"
            : tally.Rows != manifest.Rows ? $"the file has {tally.Rows} rows in place of {manifest.Rows}"
            : null;
        if (fault is not null)
        {
            throw Damaged(manifest, fault);
        }
    }

    // Reads the whole file for its hash, and returns it for reading at any place: what was damaged is not parsed.
    private static async Task<Stream> CompareFirstAsync(
        ArchiveManifest manifest, HashedStream file, Stream source, byte[] piece, CancellationToken cancellationToken)
    {
        var seekable = source.CanSeek ? source : await ArchiveException.OfStoreAsync(
            "creating a temporary file", () => Task.FromResult<Stream>(TemporaryFile()), cancellationToken).ConfigureAwait(false);
        try
        {
            while (await FromStoreAsync(manifest, file, piece, cancellationToken).ConfigureAwait(false) is > 0 and var read)
            {
                if (seekable != source)
                {
                    await ToStoreAsync(seekable.WriteAsync(piece.AsMemory(0, read), cancellationToken), cancellationToken)
                        .ConfigureAwait(false);
                }
            }

            Compare(manifest, file);
            seekable.Position = 0;
            return seekable;
        }
        catch
        {
            await seekable.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    // Only its owner can read it.
    private static FileStream TemporaryFile() => new(
        Path.GetTempFileName(), FileMode.Open, FileAccess.ReadWrite, FileShare.None, PieceSize, FileOptions.DeleteOnClose);

    private static void Compare(ArchiveManifest manifest, HashedStream file)
    {
        var fault = file.Count != manifest.Bytes ? $"the file has {file.Count} bytes in place of {manifest.Bytes}"
            : file.Sha256() != manifest.Sha256 ? "the file has another hash than the manifest says"
            : null;
        if (fault is not null)
        {
            throw Damaged(manifest, fault);
        }
    }

    private static ArchiveException Damaged(ArchiveManifest manifest, string what, Exception? cause = null) =>
        new($"The archive {manifest.Name} is damaged: {what}.", cause);

    private static async ValueTask ToStoreAsync(ValueTask write, CancellationToken cancellationToken)
    {
        try
        {
            await write.ConfigureAwait(false);
        }
        catch (Exception exception) when (ArchiveException.IsOfStore(exception, cancellationToken))
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
            throw Damaged(manifest, "the file cannot be decompressed or parsed", exception);
        }
        catch (Exception exception) when (ArchiveException.IsOfStore(exception, cancellationToken))
        {
            throw ArchiveException.OfStore($"reading {manifest.Name}", exception);
        }
    }

    /// <summary>What was written.</summary>
    internal sealed record Written(CsvTally Tally, long Bytes, string Sha256, long PlainBytes, string PlainSha256);
}
