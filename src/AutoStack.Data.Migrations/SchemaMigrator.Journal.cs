using AutoStack.Data.Migrations.Internal;

namespace AutoStack.Data.Migrations;

/// <content>The repair of the journal, and its history.</content>
public sealed partial class SchemaMigrator
{
    /// <summary>
    /// Mends the rows of the journal: missing, doubled, changed, renamed and unknown ones, in one transaction under the migration lock.
    /// Only what the database itself shows is decided; the rest is left to a person, with the command for each. Every changed row is kept:
    /// <see cref="ReadJournalChangesAsync"/>.
    /// </summary>
    /// <param name="options">What else the repair may decide, and which missing scripts it runs; null for neither.</param>
    /// <param name="progress">Receives a wait for the lock; null to receive nothing.</param>
    /// <param name="cancellationToken">Cancels the call; the journal is then unchanged, unless scripts were to run.</param>
    /// <returns>The faults that were mended, and those that are left.</returns>
    /// <exception cref="ArgumentException">An option has a value that is not allowed.</exception>
    /// <exception cref="MigrationException">
    /// See <see cref="MigrationError"/>: <see cref="MigrationError.TargetInvalid"/> when a script to run is not missing.
    /// </exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public Task<JournalRepairResult> RepairJournalAsync(
        JournalRepairOptions? options = null, IProgress<MigrationEvent>? progress = null, CancellationToken cancellationToken = default) =>
        RepairOf(options).RunAsync(progress, cancellationToken);

    /// <summary>
    /// Plans what <see cref="RepairJournalAsync"/> would change now. The server enforces that the session is read-only; the call takes no
    /// lock.
    /// </summary>
    /// <param name="options">What else the repair may decide, and which missing scripts it runs; null for neither.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    /// <returns>The faults that would be mended, and those that would be left.</returns>
    /// <exception cref="ArgumentException">An option has a value that is not allowed.</exception>
    /// <exception cref="MigrationException">See <see cref="MigrationError"/>.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public Task<JournalRepairResult> PlanJournalRepairAsync(
        JournalRepairOptions? options = null, CancellationToken cancellationToken = default) =>
        RepairOf(options).PlanAsync(cancellationToken);

    /// <summary>
    /// Reads who changed the journal, when and why, other than by up scripts: stamps, adoptions, repairs and downgrades. Writes nothing and
    /// takes no lock.
    /// </summary>
    /// <param name="cancellationToken">Cancels the query.</param>
    /// <returns>The changes, the first one first; empty when there are none.</returns>
    /// <exception cref="MigrationException">
    /// The database cannot be reached (<see cref="MigrationError.NoConnection"/>), or the journal cannot be read.
    /// </exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async Task<IReadOnlyList<JournalChange>> ReadJournalChangesAsync(CancellationToken cancellationToken = default)
    {
        var connection = await context.ConnectAsync(progress: null, cancellationToken).ConfigureAwait(false);
        await using var closing = connection.ConfigureAwait(false);
        return await VersionJournal.ReadChangesAsync(connection, cancellationToken).ConfigureAwait(false);
    }

    private JournalRepair RepairOf(JournalRepairOptions? options)
    {
        options ??= new JournalRepairOptions();
        options.Validate();
        return new JournalRepair(context, options);
    }
}
