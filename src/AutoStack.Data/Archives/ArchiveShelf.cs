namespace AutoStack.Data.Archives;

/// <summary>The archives of a store: manifests, and files that have none.</summary>
internal static class ArchiveShelf
{
    // A store that does not answer must not keep the caller of a cancelled archive.
    private static readonly TimeSpan LongestRemoval = TimeSpan.FromSeconds(10);

    /// <summary>Lists the archives of one partition, or all, by their names.</summary>
    public static async Task<IReadOnlyList<ArchiveEntry>> ListAsync(
        IArchiveStore store, ArchiveFormats formats, string? partition, CancellationToken cancellationToken)
    {
        var objects = await ArchiveException.OfStoreAsync(
            "listing", () => store.ListAsync(cancellationToken), cancellationToken).ConfigureAwait(false);
        var files = objects.ToLookup(one => one.Name, one => one.Bytes, StringComparer.Ordinal);
        var names = objects
            .Select(one => ArchiveNames.OfManifest(one.Name) ?? formats.OfData(one.Name))
            .OfType<string>()
            .Where(name => ArchiveNames.IsName(name) && (partition is null || ArchiveNames.IsOf(name, partition)))
            .Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal);
        var entries = new List<ArchiveEntry>();
        foreach (var name in names)
        {
            entries.Add(await ReadAsync(name, store, formats, files, cancellationToken).ConfigureAwait(false));
        }

        return entries;
    }

    /// <summary>Finds what a store has under a name; null for nothing.</summary>
    public static async Task<ArchiveEntry?> FindAsync(
        string name, IArchiveStore store, ArchiveFormats formats, CancellationToken cancellationToken)
    {
        if (!ArchiveNames.IsName(name))
        {
            return null;
        }

        var objects = await ArchiveException.OfStoreAsync(
            "listing", () => store.ListAsync(cancellationToken), cancellationToken).ConfigureAwait(false);
        var files = objects.ToLookup(one => one.Name, one => one.Bytes, StringComparer.Ordinal);
        return formats.DataNames(name).Append(ArchiveNames.Manifest(name)).Any(files.Contains)
            ? await ReadAsync(name, store, formats, files, cancellationToken).ConfigureAwait(false)
            : null;
    }

    /// <summary>Stores the manifest, which makes an archive of the file, and finds the archive in the store.</summary>
    /// <exception cref="ArchiveException">The store failed, or does not return the archive that it has stored.</exception>
    public static async Task<ArchiveManifest> CompleteAsync(
        ArchiveManifest draft, IArchiveStore store, ArchiveFormats formats, CancellationToken cancellationToken)
    {
        var (manifest, text) = ManifestJson.Write(draft);
        await ArchiveException.OfStoreAsync(
            $"storing {ArchiveNames.Manifest(draft.Name)}",
            async () =>
            {
                await store.WriteAsync(
                    ArchiveNames.Manifest(draft.Name),
                    (stream, token) => stream.WriteAsync(text, token).AsTask(),
                    cancellationToken).ConfigureAwait(false);
                return true;
            },
            cancellationToken).ConfigureAwait(false);

        // A store may report a write that it has lost: rows are dropped only when the archive is there.
        var found = await FindAsync(draft.Name, store, formats, cancellationToken).ConfigureAwait(false);
        return found is { State: ArchiveState.Complete, Manifest: { } kept } && kept.Checksum == manifest.Checksum
            ? kept
            : throw new ArchiveException(
                $"The archive store did not keep the manifest of {draft.Name}. {found?.Problem}".TrimEnd());
    }

    /// <summary>
    /// Removes objects that belong to no archive, in their order, within ten seconds in all. What cannot be removed is listed as
    /// incomplete.
    /// </summary>
    public static async Task TryRemoveAsync(IArchiveStore store, IEnumerable<string> names, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(LongestRemoval);
        foreach (var name in names)
        {
            try
            {
                // A store may ignore its token, or block.
                await Task.Run(() => store.RemoveAsync(name, limit.Token), CancellationToken.None)
                    .WaitAsync(limit.Token).ConfigureAwait(false);
            }
#pragma warning disable CA1031 // The failure that led here is reported.
            catch (Exception)
#pragma warning restore CA1031
            {
            }
        }
    }

    private static async Task<ArchiveEntry> ReadAsync(
        string name, IArchiveStore store, ArchiveFormats formats, ILookup<string, long> files, CancellationToken cancellationToken)
    {
        if (!files.Contains(ArchiveNames.Manifest(name)))
        {
            return new(name, ArchiveState.Incomplete) { Problem = "There is no manifest: the archive was not completed." };
        }

        ArchiveManifest? manifest;
        try
        {
            manifest = await ArchiveException.OfStoreAsync(
                $"reading {ArchiveNames.Manifest(name)}", () => ReadManifestAsync(name, store, cancellationToken), cancellationToken)
                .ConfigureAwait(false);
        }
        catch (ArchiveException exception) when (exception.InnerException is null or System.Text.Json.JsonException)
        {
            return new(name, ArchiveState.Damaged) { Problem = exception.Message };
        }

        if (manifest is null)
        {
            return new(name, ArchiveState.Incomplete) { Problem = "The manifest was removed meanwhile." };
        }

        if (formats.Find(manifest) is not { } format)
        {
            return new(name, ArchiveState.UnknownFormat) { Manifest = manifest, Problem = ArchiveFormats.Unknown(manifest) };
        }

        var data = ArchiveNames.Data(name, format);
        long? bytes = files.Contains(data) ? files[data].First() : null;
        return bytes == manifest.Bytes
            ? new(name, ArchiveState.Complete) { Manifest = manifest }
            : new(name, ArchiveState.Damaged)
            {
                Manifest = manifest,
                Problem = bytes is null
                    ? "The file with the rows is missing."
                    : $"The file with the rows has {bytes} bytes in place of {manifest.Bytes}.",
            };
    }

    private static async Task<ArchiveManifest?> ReadManifestAsync(string name, IArchiveStore store, CancellationToken cancellationToken)
    {
        if (await store.OpenAsync(ArchiveNames.Manifest(name), cancellationToken).ConfigureAwait(false) is not { } stream)
        {
            return null;
        }

        await using (stream.ConfigureAwait(false))
        {
            return await ManifestJson.ReadAsync(name, stream, cancellationToken).ConfigureAwait(false);
        }
    }
}
