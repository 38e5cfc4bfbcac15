using AutoStack.Data.Partitions;

namespace AutoStack.Data.Archives;

/// <summary>
/// Archives of the partitions of logs and health checks, in a database with the feature <c>log-partitions</c>. An archive is a file with
/// the rows, in the first format of <see cref="AutoStackDataOptions.ArchiveFormats"/>, and a manifest, which is stored last: without its
/// manifest it does not exist. The methods change nothing in the database.
/// </summary>
/// <remarks>
/// The calls have no time limit: they end with their work, with the connection or with their token. A role needs the rights of the
/// services, as <c>scripts/roles.sql</c> grants them.
/// </remarks>
public interface ILogArchive
{
    /// <summary>
    /// Archives a partition whose period has ended: copies all its rows as of one moment, reads the stored file back, compares hashes and
    /// number of rows, and stores the manifest. A partition whose present rows are in a sound archive of the store is not archived again.
    /// </summary>
    /// <param name="partition">The partition, for example <c>deployment_logs_p20261201</c>.</param>
    /// <param name="store">The store.</param>
    /// <param name="progress">Receives the rows that were copied or verified so far; null for no reports.</param>
    /// <param name="cancellationToken">Stops the work; nothing is left in the store but an incomplete file at most.</param>
    /// <returns>What was done; null when there is no such partition, or its period has not ended.</returns>
    /// <exception cref="ArgumentNullException">An argument is null.</exception>
    /// <exception cref="ArchiveException">The store failed, or the stored file is not what was written.</exception>
    Task<ArchiveResult?> ArchiveAsync(
        string partition, IArchiveStore store, IProgress<ArchiveProgress>? progress, CancellationToken cancellationToken = default);

    /// <summary>
    /// Archives all partitions whose period has ended before a moment, one after the other, as <see cref="ArchiveAsync"/> does. A failure
    /// of one does not stop the others.
    /// </summary>
    /// <param name="before">The moment.</param>
    /// <param name="store">The store.</param>
    /// <param name="progress">Receives the rows that were copied or verified so far; null for no reports.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>One result per partition; check its <see cref="ArchiveResult.Failure"/>.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="store"/> is null.</exception>
    Task<IReadOnlyList<ArchiveResult>> ArchivePastAsync(
        DateTimeOffset before, IArchiveStore store, IProgress<ArchiveProgress>? progress, CancellationToken cancellationToken = default);

    /// <summary>Lists what is in a store, by the names of the archives. Reads the manifests, and no rows.</summary>
    /// <param name="store">The store.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>The archives, and what is left of incomplete ones.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="store"/> is null.</exception>
    /// <exception cref="ArchiveException">The store failed.</exception>
    Task<IReadOnlyList<ArchiveEntry>> ListAsync(IArchiveStore store, CancellationToken cancellationToken = default);

    /// <summary>Reads an archive whole, and compares hashes, sizes, columns and number of rows with its manifest.</summary>
    /// <param name="name">The name of the archive.</param>
    /// <param name="store">The store.</param>
    /// <param name="progress">Receives the rows that were read so far; null for no reports.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>
    /// The archive, <see cref="ArchiveState.Complete"/> when it is sound; null when the store has nothing of this name.
    /// </returns>
    /// <exception cref="ArgumentNullException">An argument is null.</exception>
    /// <exception cref="ArchiveException">The store failed.</exception>
    Task<ArchiveEntry?> FindVerifiedAsync(
        string name, IArchiveStore store, IProgress<ArchiveProgress>? progress, CancellationToken cancellationToken = default);
}

/// <summary>What became of a partition.</summary>
/// <param name="Partition">The partition.</param>
/// <param name="Outcome">What was done.</param>
public sealed record ArchiveResult(LogPartition Partition, ArchiveOutcome Outcome)
{
    /// <summary>The archive that has the rows; null without one.</summary>
    public ArchiveManifest? Archive { get; init; }

    /// <summary>Why the partition was not archived; null without a failure.</summary>
    public Exception? Failure { get; init; }
}

/// <summary>What was done with a partition.</summary>
public enum ArchiveOutcome
{
    /// <summary>The partition was archived, and the archive was verified.</summary>
    Archived,

    /// <summary>An archive of the same rows was there, and was verified.</summary>
    AlreadyArchived,

    /// <summary>The partition has no rows.</summary>
    Empty,

    /// <summary>The partition was not archived; see <see cref="ArchiveResult.Failure"/>.</summary>
    Failed,
}

/// <summary>An archive in a store.</summary>
/// <param name="Name">The name.</param>
/// <param name="State">Its state, as far as it was looked at.</param>
public sealed record ArchiveEntry(string Name, ArchiveState State)
{
    /// <summary>The manifest; null when it is missing or damaged.</summary>
    public ArchiveManifest? Manifest { get; init; }

    /// <summary>What is wrong; null for a complete archive.</summary>
    public string? Problem { get; init; }
}

/// <summary>The state of an archive.</summary>
public enum ArchiveState
{
    /// <summary>The manifest can be read, and the file with the rows has its size; after a verification, also its content.</summary>
    Complete,

    /// <summary>The manifest is missing: the archive is being made, or was not completed. It is no archive.</summary>
    Incomplete,

    /// <summary>The manifest or the file with the rows is missing, was changed or cut off.</summary>
    Damaged,

    /// <summary>
    /// The manifest names a format that is not in <see cref="AutoStackDataOptions.ArchiveFormats"/>: this process can neither verify nor
    /// restore the archive.
    /// </summary>
    UnknownFormat,
}

/// <summary>How far the work on an archive has gone.</summary>
/// <param name="Partition">The partition.</param>
/// <param name="Step">What is done.</param>
/// <param name="Rows">The rows so far.</param>
/// <param name="Total">The rows in all.</param>
public sealed record ArchiveProgress(string Partition, ArchiveStep Step, long Rows, long Total);

/// <summary>What is done with an archive.</summary>
public enum ArchiveStep
{
    /// <summary>Rows are copied into the store.</summary>
    Copying,

    /// <summary>Rows are read back and compared.</summary>
    Verifying,

    /// <summary>Rows are copied into a table.</summary>
    Restoring,
}
