using Npgsql;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>Completes a plan with what would stop it, and refuses to run such a plan.</summary>
internal static class PlanForecast
{
    /// <summary>The plan with its obstacles and locks, for a session that is used for nothing else afterwards.</summary>
    /// <param name="connection">The session.</param>
    /// <param name="plan">The plan.</param>
    /// <param name="showValues">Whether an obstacle may quote values of rows.</param>
    /// <param name="cancellationToken">Cancels the queries.</param>
    public static async Task<MigrationPlan> CompleteAsync(
        NpgsqlConnection connection, MigrationPlan plan, bool showValues, CancellationToken cancellationToken)
    {
        if (plan.Scripts.Count == 0)
        {
            return plan;
        }

        var rehearsed = plan.Steps.Select(step => RehearsalForm.Of(step)).OfType<MigrationStep>().ToList();
        return plan.With(
            await FindAsync(connection, plan, showValues, cancellationToken).ConfigureAwait(false),
            await LockForecast.FindAsync(connection, plan.Steps, cancellationToken).ConfigureAwait(false),
            await LockForecast.FindAsync(connection, rehearsed, cancellationToken).ConfigureAwait(false),
            await Unforeseen.FindAsync(new CatalogFacts(connection), plan.Steps, cancellationToken).ConfigureAwait(false));
    }

    /// <summary>A plan that nothing is known to stop, unless the options ignore that.</summary>
    /// <exception cref="MigrationException">As for <see cref="MigrationPlanner.PlanAsync"/> and <see cref="RefuseAsync"/>.</exception>
    public static Task<MigrationPlan> RunnableAsync(
        NpgsqlConnection connection, MigratorContext context, bool up, MigrationTarget target, CancellationToken cancellationToken) =>
        SessionLimits.ReadAsync(context, connection, async () =>
        {
            var plan = await MigrationPlanner.PlanAsync(connection, context, up, target, cancellationToken).ConfigureAwait(false);
            await RefuseAsync(connection, plan, context.Options, cancellationToken).ConfigureAwait(false);
            return plan;
        }, cancellationToken);

    /// <summary>Refuses a plan that something would stop, unless the options ignore that.</summary>
    /// <exception cref="MigrationException"><see cref="MigrationError.Obstacles"/>.</exception>
    private static async Task RefuseAsync(
        NpgsqlConnection connection, MigrationPlan plan, SchemaMigratorOptions options, CancellationToken cancellationToken)
    {
        if (options.IgnoreObstacles || plan.Scripts.Count == 0)
        {
            return;
        }

        var found = await FindAsync(connection, plan, options.ShowValues, cancellationToken).ConfigureAwait(false);
        if (found.Count > 0)
        {
            throw new MigrationException(
                MigrationError.Obstacles, $"The run would stop:\n{string.Join('\n', found)}\nNothing was changed.");
        }
    }

    private static async Task<IReadOnlyList<Obstacle>> FindAsync(
        NpgsqlConnection connection, MigrationPlan plan, bool showValues, CancellationToken cancellationToken)
    {
        var rows = await RowForecast.FindAsync(connection, plan, showValues, cancellationToken).ConfigureAwait(false);
        var found = await Forecast.FindAsync(connection, plan.Steps, !plan.IsDowngrade, cancellationToken).ConfigureAwait(false);
        var others = found.Where(o => !plan.Taken.Any(taken => o.Kind == taken.Kind && o.Script == taken.Script
            && taken.Objects.All(o.Objects.Contains)));
        var places = plan.Steps.Select(step => step.FileName).ToList();
        return [.. plan.Taken.Concat(others).Concat(rows).OrderBy(o => o.Script is null ? -1 : places.IndexOf(o.Script))];
    }
}
