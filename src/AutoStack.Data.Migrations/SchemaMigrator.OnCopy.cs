using AutoStack.Data.Migrations.Internal;

namespace AutoStack.Data.Migrations;

/// <content>Rehearsals on a copy.</content>
public sealed partial class SchemaMigrator
{
    /// <summary>
    /// Upgrades a copy of the database, with commits, CONCURRENTLY and everything else that a run has, and stops nobody. Without a given
    /// copy one is made from the database as a template and removed at the end; that needs a database without other sessions.
    /// </summary>
    /// <param name="target">The version to reach; the default value is <see cref="MigrationTarget.Head"/>.</param>
    /// <param name="copy">
    /// A connection string, or the name of a database on the same server, <b>that may be changed and is not restored</b>; null to have a
    /// copy made.
    /// </param>
    /// <param name="progress">Receives each step as it happens; null to receive nothing.</param>
    /// <param name="cancellationToken">Cancels the run; a copy that was made is removed.</param>
    /// <returns>The scripts that ran on the copy.</returns>
    /// <exception cref="MigrationException">
    /// See <see cref="MigrationError"/>. The database has other sessions (<see cref="MigrationError.Locked"/>), or the copy is the database
    /// itself (<see cref="MigrationError.TargetInvalid"/>).
    /// </exception>
    /// <exception cref="ArgumentException"><paramref name="copy"/> is blank.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public Task<CopyRehearsalResult> RehearseUpgradeOnCopyAsync(
        MigrationTarget target = default,
        string? copy = null,
        IProgress<MigrationEvent>? progress = null,
        CancellationToken cancellationToken = default) =>
        OnCopyAsync(up: true, target, copy, progress, cancellationToken);

    /// <summary>Reverts versions on a copy of the database, and stops nobody.</summary>
    /// <param name="target">The version to go back to; <see cref="MigrationTarget.Base"/> reverts every version.</param>
    /// <param name="copy">As for an upgrade.</param>
    /// <param name="progress">Receives each step as it happens; null to receive nothing.</param>
    /// <param name="cancellationToken">Cancels the run; a copy that was made is removed.</param>
    /// <inheritdoc cref="RehearseUpgradeOnCopyAsync"/>
    public Task<CopyRehearsalResult> RehearseDowngradeOnCopyAsync(
        MigrationTarget target,
        string? copy = null,
        IProgress<MigrationEvent>? progress = null,
        CancellationToken cancellationToken = default) =>
        OnCopyAsync(up: false, target, copy, progress, cancellationToken);

    private Task<CopyRehearsalResult> OnCopyAsync(
        bool up, MigrationTarget target, string? copy, IProgress<MigrationEvent>? progress, CancellationToken cancellationToken)
    {
        if (copy is not null)
        {
            ArgumentException.ThrowIfNullOrWhiteSpace(copy);
        }

        return new CopyRehearsal(context).RunAsync(up, target, copy, progress, cancellationToken);
    }
}
