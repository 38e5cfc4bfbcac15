using Npgsql;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>Runs up or down scripts under the migration lock, in one transaction that is rolled back.</summary>
internal sealed class Rehearsal(MigratorContext context)
{
    /// <inheritdoc cref="SchemaMigrator.RehearseUpgradeAsync"/>
    public async Task<RehearsalResult> RunAsync(
        bool up, MigrationTarget target, IProgress<MigrationEvent>? progress, CancellationToken cancellationToken)
    {
        var session = await LockedSession.OpenAsync(context, progress, cancellationToken).ConfigureAwait(false);
        await using var closing = session.ConfigureAwait(false);
        var runner = await ScriptRunner.StartAsync(session, context, attempts: 1, progress, cancellationToken).ConfigureAwait(false);

        // Never committed: disposing rolls the transaction back.
        var transaction = await session.Connection.BeginTransactionAsync(cancellationToken).ConfigureAwait(false);
        await using var rollingBack = transaction.ConfigureAwait(false);
        var plan = await MigrationPlanner.PlanAsync(session.Connection, context.Sets, up, target, cancellationToken)
            .ConfigureAwait(false);
        await VersionJournal.PrepareAsync(session.Connection, attempts: 1, cancellationToken).ConfigureAwait(false);
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
                var skipped = string.Join(", ", steps.Where(s => s.Outcome == RehearsalOutcome.Skipped).Select(s => s.FileName));
                var without = skipped.Length == 0 ? "" : $" without {skipped}";
                throw runner.Failed(
                    RehearsalForm.Of(plan.StepOf(script))!,
                    exception,
                    new MigrationResult(plan.FromVersion, plan.FromVersion, [])
                    {
                        Sets = [.. plan.Sets.Select(set => set with { ToVersion = set.FromVersion })],
                    },
                    $" Rehearsed {steps.Count} of {plan.Scripts.Count} scripts before it{without}; everything was rolled back.");
            }
        }

        return new RehearsalResult(plan.FromVersion, plan.ToVersion, steps) { Sets = plan.Sets };
    }
}
