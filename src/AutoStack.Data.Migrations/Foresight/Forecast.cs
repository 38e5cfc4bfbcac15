using Npgsql;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>
/// Finds what would stop a run before it starts: from the text of its scripts and from the catalog, without a lock and without a write. An
/// obstacle is certain; that none is found is no promise.
/// </summary>
internal static class Forecast
{
    private const string Journal = "public.schema_versions";

    /// <summary>Finds the obstacles, in the order in which the run would meet them.</summary>
    /// <param name="connection">A session of the database, with the migrator's own search path.</param>
    /// <param name="steps">The scripts in the order of the run.</param>
    /// <param name="up">True for an upgrade, false for a downgrade.</param>
    /// <param name="cancellationToken">Cancels the queries.</param>
    public static async Task<IReadOnlyList<Obstacle>> FindAsync(
        NpgsqlConnection connection, IReadOnlyList<MigrationStep> steps, bool up, CancellationToken cancellationToken)
    {
        var (plan, facts) = (PlannedEffects.Of(steps), new CatalogFacts(connection));
        var place = await facts.ReadPlaceAsync(cancellationToken).ConfigureAwait(false);
        var relations = await facts.ReadRelationsAsync(
            plan.All.Select(p => p.Effect).Select(effect =>
                effect.Kind == EffectKind.CreateRelation ? ObstacleList.Qualified(effect.Name) : effect.Name).Append(Journal),
            cancellationToken).ConfigureAwait(false);
        var found = new ObstacleList(plan, facts, place, relations);
        if (place.IsStandby)
        {
            found.Add(-2, ObstacleKind.Standby, null, "The server is a standby, which accepts no writes.",
                "Connect to the primary, or name all servers with target_session_attrs=read-write.");
            return found.InOrder;
        }

        if (place.IsReadOnly)
        {
            found.Add(-1, ObstacleKind.ReadOnly, null,
                $"Transactions of the role {found.Role} in this database are read-only (default_transaction_read_only = on).",
                $"ALTER ROLE {Names.Sql(place.Role)} RESET default_transaction_read_only; or the same of the database or the server; or " +
                "Options=-c default_transaction_read_only=off in the connection string.");
        }

        if (up && place.Encoding != DatabaseEncoding.Name)
        {
            found.Add(-1, ObstacleKind.Encoding, null, DatabaseEncoding.Problem(place.Encoding), DatabaseEncoding.Mend);
        }

        FindUnrunnable(found, steps, cancellationToken);
        await RightsForecast.FindAsync(found, up, cancellationToken).ConfigureAwait(false);
        await NameForecast.FindAsync(found, cancellationToken).ConfigureAwait(false);
        await DependentForecast.FindAsync(found, cancellationToken).ConfigureAwait(false);
        if (up)
        {
            await ComputedColumnForecast.FindAsync(found, steps, cancellationToken).ConfigureAwait(false);
        }

        return found.InOrder;
    }

    // The first line of each kind: a dump may have a thousand.
    private static void FindUnrunnable(ObstacleList found, IReadOnlyList<MigrationStep> steps, CancellationToken cancellationToken)
    {
        foreach (var step in steps)
        {
            foreach (var kind in Unrunnable.Of(step, cancellationToken).GroupBy(line => line.Mend))
            {
                var (first, more) = (kind.First(), kind.Count() - 1);
                found.Add(found.Plan.StartOf(step), ObstacleKind.CannotRun, step.FileName,
                    $"line {first.Line}{(more == 0 ? "" : $" and {more} more")}: {first.Problem}", first.Mend);
            }
        }
    }
}
