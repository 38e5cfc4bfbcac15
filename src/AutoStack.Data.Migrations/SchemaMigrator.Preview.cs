using AutoStack.Data.Migrations.Internal;
using Npgsql;

namespace AutoStack.Data.Migrations;

/// <content>Looking before running: plans and rehearsals.</content>
public sealed partial class SchemaMigrator
{
    /// <summary>What <see cref="UpgradeAsync"/> would run now. The session is read-only, enforced by the server, and takes no lock.</summary>
    /// <param name="target">The version to reach; <see cref="MigrationTarget.Head"/> is the default value.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The plan, with the SQL.</returns>
    /// <exception cref="MigrationException">The upgrade would be refused for the same reason; see <see cref="MigrationError"/>.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public Task<MigrationPlan> PlanUpgradeAsync(MigrationTarget target = default, CancellationToken cancellationToken = default) =>
        PlanAsync(up: true, target, cancellationToken);

    /// <summary>What <see cref="DowngradeAsync"/> would run now. The session is read-only, enforced by the server, and takes no lock.</summary>
    /// <param name="target">The version to go back to; <see cref="MigrationTarget.Base"/> takes everything back.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The plan, with the SQL.</returns>
    /// <exception cref="MigrationException">The downgrade would be refused for the same reason; see <see cref="MigrationError"/>.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public Task<MigrationPlan> PlanDowngradeAsync(MigrationTarget target, CancellationToken cancellationToken = default) =>
        PlanAsync(up: false, target, cancellationToken);

    /// <summary>
    /// Runs what <see cref="UpgradeAsync"/> would run, in one transaction under the migration lock, and rolls it back: finds what fails on the
    /// data that is there. Scripts that no transaction takes run in another form or are skipped; the report names them.
    /// </summary>
    /// <remarks>Every lock is held until the end, those of index builds too: writers wait. On a live database choose a quiet moment, or use a copy.</remarks>
    /// <param name="target">The version to reach; <see cref="MigrationTarget.Head"/> is the default value.</param>
    /// <param name="progress">Told of each step as it happens; null for nobody.</param>
    /// <param name="cancellationToken">Stops the rehearsal, within a script too.</param>
    /// <returns>The scripts and how each was rehearsed.</returns>
    /// <exception cref="MigrationException">See <see cref="MigrationError"/>. A script failed, or did not get a lock: it is tried once.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public Task<RehearsalReport> RehearseUpgradeAsync(
        MigrationTarget target = default, IProgress<MigrationEvent>? progress = null, CancellationToken cancellationToken = default) =>
        RehearseAsync(up: true, target, progress, cancellationToken);

    /// <summary>The same for what <see cref="DowngradeAsync"/> would run.</summary>
    /// <inheritdoc cref="RehearseUpgradeAsync" path="/remarks"/>
    /// <param name="target">The version to go back to; <see cref="MigrationTarget.Base"/> takes everything back.</param>
    /// <param name="progress">Told of each step as it happens; null for nobody.</param>
    /// <param name="cancellationToken">Stops the rehearsal, within a script too.</param>
    /// <returns>The scripts and how each was rehearsed.</returns>
    /// <exception cref="MigrationException">See <see cref="MigrationError"/>. A script failed, or did not get a lock: it is tried once.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public Task<RehearsalReport> RehearseDowngradeAsync(
        MigrationTarget target, IProgress<MigrationEvent>? progress = null, CancellationToken cancellationToken = default) =>
        RehearseAsync(up: false, target, progress, cancellationToken);

    /// <summary>The plan without a database: up from an empty one, down from the newest version.</summary>
    internal static MigrationPlan PlanOffline(bool up, MigrationTarget target)
    {
        // Nothing is opened: the address stands for the one that is not given.
        var migrator = new SchemaMigrator("Host=offline");
        var current = up ? 0 : Scripts.Count;
        var versions = Scripts.Select(s => new VersionStatus(
            s.Version, s.Name, up ? VersionState.Pending : VersionState.Applied, s.Checksum, null, null, null, null));
        return new MigrationPlan(!up, current, migrator.Plan(new SchemaHistory(current, Scripts.Count, [.. versions]), up, target));
    }

    private async Task<MigrationPlan> PlanAsync(bool up, MigrationTarget target, CancellationToken cancellationToken)
    {
        var connection = await server.ConnectReadOnlyAsync(options.ServerWait, options.Progress, cancellationToken).ConfigureAwait(false);
        await using var closing = connection.ConfigureAwait(false);
        await ForeignObjects.RefuseAsync(connection, options.AllowForeignObjects, options.Progress, cancellationToken).ConfigureAwait(false);
        var (history, plan) = await PlanAsync(connection, up, target, cancellationToken).ConfigureAwait(false);
        return new MigrationPlan(!up, history.CurrentVersion, plan);
    }

    private async Task<RehearsalReport> RehearseAsync(
        bool up, MigrationTarget target, IProgress<MigrationEvent>? progress, CancellationToken cancellationToken)
    {
        var lockConnection = await OpenAsync(progress, cancellationToken).ConfigureAwait(false);
        var held = await MigrationLock.AcquireAsync(lockConnection, options.LockWait, progress, cancellationToken).ConfigureAwait(false);
        await using var releasing = held.ConfigureAwait(false);
        var connection = await OpenBesideAsync(lockConnection, cancellationToken).ConfigureAwait(false);
        await using var closing = connection.ConfigureAwait(false);

        var runner = new ScriptRunner(connection, held, attempts: 1, options.ShowValues, progress);
        await runner.PrepareSessionAsync(cancellationToken).ConfigureAwait(false);
        await ForeignObjects.RefuseAsync(connection, options.AllowForeignObjects, progress, cancellationToken).ConfigureAwait(false);

        // Never committed, whatever happens.
        var transaction = await connection.BeginTransactionAsync(cancellationToken).ConfigureAwait(false);
        await using var rollingBack = transaction.ConfigureAwait(false);
        var (history, planned) = await PlanAsync(connection, up, target, cancellationToken).ConfigureAwait(false);
        await ReadJournalAsync(connection, make: true, cancellationToken).ConfigureAwait(false);
        var plan = new MigrationPlan(!up, history.CurrentVersion, planned);
        var steps = new List<RehearsedStep>();
        foreach (var script in plan.Scripts)
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                steps.Add(await runner.RehearseAsync(transaction, script, up, cancellationToken).ConfigureAwait(false));
            }
            catch (NpgsqlException exception)
            {
                var skipped = string.Join(", ", steps.Where(s => s.Way == RehearsalWay.Skipped).Select(s => s.FileName));
                var without = skipped.Length == 0 ? "" : $" without {skipped}";
                throw runner.Failed(
                    RehearsalForm.Of(plan.StepOf(script))!,
                    exception,
                    new MigrationReport(plan.FromVersion, plan.FromVersion, []),
                    $" Rehearsed {steps.Count} of {plan.Scripts.Count} scripts before it{without}; all is rolled back.");
            }
        }

        return new RehearsalReport(plan.FromVersion, plan.ToVersion, steps);
    }
}
