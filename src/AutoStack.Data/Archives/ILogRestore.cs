using System.Text;

namespace AutoStack.Data.Archives;

/// <summary>Brings archives back, as tables to query or as partitions.</summary>
/// <remarks>
/// The role creates tables: it needs the rights of the migrator, not those of the services. The calls have no time limit, as those of
/// <see cref="ILogArchive"/>.
/// </remarks>
public interface ILogRestore
{
    /// <summary>
    /// Restores an archive and compares hashes and number of rows with its manifest. A table appears when it is complete and compared, and
    /// nothing is replaced. A call that was interrupted is completed by the next one, and a call that is repeated finds its table.
    /// </summary>
    /// <param name="name">The name of the archive.</param>
    /// <param name="target">Where the rows go.</param>
    /// <param name="store">The store.</param>
    /// <param name="progress">Receives the rows that were copied so far; null for no reports.</param>
    /// <param name="cancellationToken">Stops the work; the next call continues it.</param>
    /// <returns>What was done; null when the store has no archive of this name.</returns>
    /// <exception cref="ArgumentNullException">An argument is null.</exception>
    /// <exception cref="ArchiveException">
    /// The store failed, the archive is damaged, the place is taken, or the archive does not fit the table; nothing was changed.
    /// </exception>
    Task<RestoreResult?> RestoreAsync(
        string name, RestoreTarget target, IArchiveStore store, IProgress<ArchiveProgress>? progress,
        CancellationToken cancellationToken = default);
}

/// <summary>Where the rows of an archive go.</summary>
public sealed record RestoreTarget
{
    private const int MaxIdentifierBytes = 63;

    private RestoreTarget(string? schema, string? table) => (Schema, Name) = (schema, table);

    /// <summary>
    /// The place of the dropped partition, in the table that the archive is of. Rows whose deployments were removed are left out. The
    /// next retention run drops the partition again when its rows are old enough.
    /// </summary>
    public static RestoreTarget Partition { get; } = new(null, null);

    /// <summary>The schema of a table of its own; null for the partition.</summary>
    public string? Schema { get; }

    /// <summary>The name of a table of its own; null for the partition.</summary>
    public string? Name { get; }

    /// <summary>A table of its own, which has the columns of the archive, and no index.</summary>
    /// <param name="schema">The schema, which exists.</param>
    /// <param name="name">The name of the table, which does not exist.</param>
    /// <exception cref="ArgumentException">
    /// A name is null, blank, longer than 63 bytes in UTF-8, or has control characters or half of a surrogate pair.
    /// </exception>
    public static RestoreTarget Table(string schema, string name)
    {
        Check(schema, nameof(schema));
        Check(name, nameof(name));
        return new RestoreTarget(schema, name);
    }

    private static void Check(string text, string name)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(text, name);
        var bytes = Encoding.UTF8.GetBytes(text);
        if (bytes.Length > MaxIdentifierBytes || text.Any(char.IsControl) || Encoding.UTF8.GetString(bytes) != text)
        {
            throw new ArgumentException(
                $"{name} is longer than {MaxIdentifierBytes} bytes, or has characters that a name cannot have.", name);
        }
    }
}

/// <summary>What was restored.</summary>
/// <param name="Table">The table with its schema.</param>
/// <param name="Rows">The number of rows of the archive.</param>
/// <param name="Outcome">What was done.</param>
public sealed record RestoreResult(string Table, long Rows, RestoreOutcome Outcome)
{
    /// <summary>The number of rows of a partition that were left out, because their deployments were removed.</summary>
    public long LeftOut { get; init; }
}

/// <summary>What a restore has done.</summary>
public enum RestoreOutcome
{
    /// <summary>The rows were restored.</summary>
    Restored,

    /// <summary>An earlier call has restored this archive there.</summary>
    AlreadyRestored,
}
