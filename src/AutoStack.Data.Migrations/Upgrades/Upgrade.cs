namespace AutoStack.Data.Migrations.Internal;

/// <summary>Runs up or down scripts under the migration lock.</summary>
internal sealed class Upgrade(MigratorContext context)
{
    /// <inheritdoc cref="SchemaMigrator.PlanUpgradeAsync"/>
    public async Task<MigrationPlan> PlanAsync(bool up, MigrationTarget target, CancellationToken cancellationToken)
    {
        var connection = await context.ConnectReadOnlyAsync(cancellationToken).ConfigureAwait(false);
        await using var closing = connection.ConfigureAwait(false);
        return await SessionLimits.ReadAsync(context, connection, async () =>
        {
            var plan = await MigrationPlanner.PlanAsync(connection, context, up, target, cancellationToken).ConfigureAwait(false);
            plan.Reason = context.Options.Reason;
            return await PlanForecast.CompleteAsync(connection, plan, context.Options.ShowValues, cancellationToken).ConfigureAwait(false);
        }, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc cref="SchemaMigrator.UpgradeAsync"/>
    public async Task<MigrationResult> RunAsync(
        bool up, MigrationTarget target, IProgress<MigrationEvent>? progress, CancellationToken cancellationToken)
    {
        var session = await LockedSession.OpenAsync(context, progress, cancellationToken).ConfigureAwait(false);
        await using var closing = session.ConfigureAwait(false);
        var runner = await ScriptRunner.StartAsync(session, context, context.Options.Attempts, progress, cancellationToken)
            .ConfigureAwait(false);

        // The plan is checked before the journal is created: a refused migration leaves no journal behind.
        var plan = await PlanForecast.RunnableAsync(session.Connection, context, up, target, cancellationToken).ConfigureAwait(false);
        if (plan.Scripts.Count > 0)
        {
            await VersionJournal.PrepareAsync(session.Connection, context.Options.Attempts, cancellationToken).ConfigureAwait(false);
        }
        else
        {
            await VersionJournal.CreateAsync(session.Connection, cancellationToken).ConfigureAwait(false);
        }

        progress?.Report(new MigrationPlanned(plan.FromVersion, plan.ToVersion, plan.Scripts.Count) { Sets = plan.Sets });

        var run = new ScriptRun(runner, plan.Sets, up);
        foreach (var script in plan.Scripts)
        {
            await run.ApplyAsync(script, cancellationToken).ConfigureAwait(false);
        }

        return run.Result;
    }
}
