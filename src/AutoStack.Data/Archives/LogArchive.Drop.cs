using AutoStack.Data.Partitions;
using Npgsql;

namespace AutoStack.Data.Archives;

internal sealed partial class LogArchive
{
    // Rows that come while a partition is archived are archived by another attempt.
    private const int MaxAttempts = 3;

    /// <summary>
    /// Drops a partition when all its rows are older than a moment and in a verified archive. Rows that come after the archive are found
    /// under the lock of the drop, and archived by another attempt.
    /// </summary>
    /// <returns>False when the partition stays, or is gone already.</returns>
    /// <exception cref="ArchiveException">The partition could not be archived, and stays.</exception>
    internal async Task<bool> DropAsync(
        string table, LogPartition partition, DateTimeOffset before, IArchiveStore store, CancellationToken cancellationToken)
    {
        var at = (await partitions.FindStatusAsync(cancellationToken).ConfigureAwait(false)).ReadAt;
        for (var attempt = 0; attempt < MaxAttempts; attempt++)
        {
            var content = await FindContentAsync(table, partition.Name, cancellationToken).ConfigureAwait(false);
            if (content is null || content.Newest >= before)
            {
                return false;
            }

            ArchiveResult result;
            try
            {
                result = await ArchiveAsync(table, partition, content, at, store, progress: null, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception exception) when (exception is AutoStackDataException or NpgsqlException)
            {
                // Another process may have archived and dropped the partition meanwhile.
                if (await FindContentAsync(table, partition.Name, cancellationToken).ConfigureAwait(false) is null)
                {
                    return false;
                }

                throw;
            }

            var (rows, hash) = result.Archive is { } archive ? (archive.Rows, archive.Content) : (0, "0");
            var answer = await DropAttempts.RunAsync(
                partition.Name, DropAttempts.Longest,
                () => db.WriteBatchAsync(
                    sets => sets.FindAsync(row => row.Text()), [ArchiveSql.Drop(partition.Name, rows, hash, before)], cancellationToken,
                    nameof(DropAsync)),
                cancellationToken).ConfigureAwait(false);
            if (answer != "changed")
            {
                return answer == "dropped";
            }
        }

        throw new ArchiveException($"The partition {partition.Name} gets new rows while it is archived, and stays.");
    }
}
