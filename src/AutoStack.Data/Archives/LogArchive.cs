using System.Runtime.ExceptionServices;
using AutoStack.Data.Partitions;
using AutoStack.Data.Postgres;
using Npgsql;

namespace AutoStack.Data.Archives;

internal sealed partial class LogArchive(Db db, PartitionMaintenance partitions, ArchiveFormats formats) : ILogArchive
{
    // A file without a manifest belongs to a run that is at work, or to one that has ended.
    private static readonly TimeSpan LongestRun = TimeSpan.FromDays(2);

    public async Task<ArchiveResult?> ArchiveAsync(
        string partition, IArchiveStore store, IProgress<ArchiveProgress>? progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(partition);
        ArgumentNullException.ThrowIfNull(store);
        var status = await partitions.FindStatusAsync(cancellationToken).ConfigureAwait(false);
        var found = Past(status, status.ReadAt).FirstOrDefault(one => one.Partition.Name == partition);
        return found.Table is not null
            && await FindContentAsync(found.Table, partition, cancellationToken).ConfigureAwait(false) is { } content
            ? await ArchiveAsync(found.Table, found.Partition, content, status.ReadAt, store, progress, cancellationToken)
                .ConfigureAwait(false)
            : null;
    }

    public async Task<IReadOnlyList<ArchiveResult>> ArchivePastAsync(
        DateTimeOffset before, IArchiveStore store, IProgress<ArchiveProgress>? progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(store);
        var status = await partitions.FindStatusAsync(cancellationToken).ConfigureAwait(false);
        var results = new List<ArchiveResult>();
        foreach (var (table, partition) in Past(status, before))
        {
            try
            {
                if (await FindContentAsync(table, partition.Name, cancellationToken).ConfigureAwait(false) is { } content)
                {
                    results.Add(await ArchiveAsync(table, partition, content, status.ReadAt, store, progress, cancellationToken)
                        .ConfigureAwait(false));
                }
            }
            catch (Exception exception) when (exception is AutoStackDataException or NpgsqlException)
            {
                results.Add(new(partition, ArchiveOutcome.Failed) { Failure = exception });
            }
        }

        return results;
    }

    Task<IReadOnlyList<ArchiveEntry>> ILogArchive.ListAsync(IArchiveStore store, CancellationToken cancellationToken) =>
        ListAsync(store, formats, cancellationToken);

    Task<ArchiveEntry?> ILogArchive.FindVerifiedAsync(
        string name, IArchiveStore store, IProgress<ArchiveProgress>? progress, CancellationToken cancellationToken) =>
        FindVerifiedAsync(name, store, formats, progress, cancellationToken);

    /// <inheritdoc cref="ILogArchive.ListAsync"/>
    internal static Task<IReadOnlyList<ArchiveEntry>> ListAsync(
        IArchiveStore store, ArchiveFormats formats, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(store);
        return ArchiveShelf.ListAsync(store, formats, partition: null, cancellationToken);
    }

    /// <inheritdoc cref="ILogArchive.FindVerifiedAsync"/>
    internal static async Task<ArchiveEntry?> FindVerifiedAsync(
        string name, IArchiveStore store, ArchiveFormats formats, IProgress<ArchiveProgress>? progress,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(store);
        var entry = await ArchiveShelf.FindAsync(name, store, formats, cancellationToken).ConfigureAwait(false);
        if (entry is not { State: ArchiveState.Complete, Manifest: { } manifest })
        {
            return entry;
        }

        try
        {
            await VerifyAsync(manifest, formats.Of(manifest), store, progress, cancellationToken).ConfigureAwait(false);
            return entry;
        }
        catch (ArchiveException exception) when (exception.InnerException is null or InvalidDataException)
        {
            return entry with { State = ArchiveState.Damaged, Problem = exception.Message };
        }
    }

    // Partitions whose period has ended before a moment; never one that may still get rows of the present.
    private static IEnumerable<(string Table, LogPartition Partition)> Past(PartitionStatus status, DateTimeOffset before) =>
        from table in status.Tables
        from partition in table.Partitions
        where partition.IsBounded && partition.Until <= before && partition.Until <= status.ReadAt
        select (table.Name, partition);

    private static Action<long> Report(IProgress<ArchiveProgress>? progress, string partition, ArchiveStep step, long total) =>
        rows => progress?.Report(new(partition, step, rows, total));

    private static Task VerifyAsync(
        ArchiveManifest manifest, ArchiveFormat format, IArchiveStore store, IProgress<ArchiveProgress>? progress,
        CancellationToken cancellationToken) =>
        StoreCall.RunAsync(
            () => ArchiveFile.ReadAsync(
                manifest, format, store, send: null, Report(progress, manifest.Partition, ArchiveStep.Verifying, manifest.Rows),
                cancellationToken),
            cancellationToken);

    private async Task<ArchiveResult> ArchiveAsync(
        string table, LogPartition partition, Content content, DateTimeOffset at, IArchiveStore store,
        IProgress<ArchiveProgress>? progress, CancellationToken cancellationToken)
    {
        if (content.Rows == 0)
        {
            return new(partition, ArchiveOutcome.Empty);
        }

        var entries = await ArchiveShelf.ListAsync(store, formats, partition.Name, cancellationToken).ConfigureAwait(false);
        foreach (var entry in entries.Where(entry => entry.State == ArchiveState.Complete && content.IsIn(entry.Manifest!)))
        {
            if (await FindVerifiedAsync(entry.Name, store, formats, progress, cancellationToken).ConfigureAwait(false)
                is { State: ArchiveState.Complete })
            {
                return new(partition, ArchiveOutcome.AlreadyArchived) { Archive = entry.Manifest };
            }
        }

        foreach (var left in entries.Where(entry => entry.State == ArchiveState.Incomplete
            && ArchiveNames.TimeOf(entry.Name) < at - LongestRun))
        {
            await ArchiveShelf.TryRemoveAsync(store, formats.DataNames(left.Name), cancellationToken).ConfigureAwait(false);
        }

        var name = ArchiveNames.New(partition.Name, at);
        try
        {
            var draft = await StoreAsync(name, table, partition, at, store, progress, cancellationToken).ConfigureAwait(false);
            await VerifyAsync(draft, formats.New, store, progress, cancellationToken).ConfigureAwait(false);
            var manifest = await ArchiveShelf.CompleteAsync(draft, store, formats, cancellationToken).ConfigureAwait(false);
            return new(partition, ArchiveOutcome.Archived) { Archive = manifest };
        }
        catch (HungStoreException)
        {
            // A removal would hang, too. A manifest that the store stores late makes an archive, whose rows were compared before.
            throw;
        }
        catch
        {
            // The manifest first: a store may have stored it, and then failed.
            await ArchiveShelf.TryRemoveAsync(
                store, [ArchiveNames.Manifest(name), ArchiveNames.Data(name, formats.New)], CancellationToken.None).ConfigureAwait(false);
            throw;
        }
    }

    // Stores the rows, and returns the manifest, which is not stored yet.
    private async Task<ArchiveManifest> StoreAsync(
        string name, string table, LogPartition partition, DateTimeOffset at, IArchiveStore store, IProgress<ArchiveProgress>? progress,
        CancellationToken cancellationToken)
    {
        var data = ArchiveNames.Data(name, formats.New);
        ArchiveManifest? draft = null;
        ExceptionDispatchInfo? own = null;
        try
        {
            await StoreCall.RunAsync(() => store.WriteAsync(data, WriteAsync, cancellationToken), cancellationToken)
                .ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is not HungStoreException)
        {
            own?.Throw();
            if (ArchiveException.IsOfStore(exception, cancellationToken))
            {
                throw ArchiveException.OfStore($"storing {data}", exception);
            }

            throw;
        }

        return draft ?? throw new ArchiveException($"The archive store did not write {data}.");

        async Task WriteAsync(Stream stream, CancellationToken _)
        {
            try
            {
                draft = await ExportAsync(name, table, partition, at, stream, progress, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception exception)
            {
                own = ExceptionDispatchInfo.Capture(exception);
                throw;
            }
        }
    }

    private async Task<Content?> FindContentAsync(string table, string partition, CancellationToken cancellationToken)
    {
        try
        {
            return await db.ReadBatchAsync(
                sets => sets.FindAsync(row => new Content(row.Long(), row.Text(), row.TimeOrNull())),
                [ArchiveSql.Content(partition)],
                cancellationToken).ConfigureAwait(false);
        }
        catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.UndefinedFunction)
        {
            var columns = await db.ReadBatchAsync(
                sets => sets.ListAsync(row => new ArchiveColumn(row.Text(), row.Text())), [ArchiveSql.Columns(table)], cancellationToken)
                .ConfigureAwait(false);
            if (ArchiveColumns.FindOfType(columns, exception.MessageText) is { } column)
            {
                throw new ArchiveException(
                    $"The column {column.Name} of {table} has the type {column.Type}, whose values cannot be hashed; "
                    + "for json, use jsonb. Nothing was archived.",
                    exception);
            }

            throw;
        }
    }

    /// <summary>The rows of a partition.</summary>
    /// <param name="Rows">Their number.</param>
    /// <param name="Hash">Their hash.</param>
    /// <param name="Newest">The time of the newest row; null without rows, and where it was not asked for.</param>
    private sealed record Content(long Rows, string Hash, DateTimeOffset? Newest)
    {
        public bool IsIn(ArchiveManifest manifest) => manifest.Rows == Rows && manifest.Content == Hash;
    }
}
