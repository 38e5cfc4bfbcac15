namespace AutoStack.Data.Migrations.Internal;

/// <summary>The views and other objects that keep a run from changing or dropping what they depend on.</summary>
internal static class DependentForecast
{
    /// <param name="found">Receives the obstacles.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    public static async Task FindAsync(ObstacleList found, CancellationToken cancellationToken)
    {
        var wanted = found.Plan.All
            .Where(p => p.Effect is { Lenient: false, Kind: EffectKind.Retype or EffectKind.DropColumn }
                || p.Effect is { Lenient: false, Kind: EffectKind.DropRelation, Part: "table" })
            .Where(p => found.Relations.ContainsKey(p.Effect.Name) && !found.Plan.IsChanged(p.Effect.Name, p.Order))
            .ToList();
        if (wanted.Count == 0)
        {
            return;
        }

        var dependents = await found.Facts.ReadDependentsAsync([.. wanted.Select(Key)], cancellationToken).ConfigureAwait(false);
        foreach (var planned in wanted)
        {
            var all = dependents.Where(d => (d.Table, d.Column) == Key(planned) && !IsGone(found, d, planned.Last)).ToList();
            if (all.Count == 0)
            {
                continue;
            }

            var what = Visible.Text(planned.Effect.Kind == EffectKind.DropRelation ? planned.Effect.Name
                : PlannedEffects.PartOf(planned.Effect));
            var names = ObstacleList.Listed([.. all.Select(d => d.Name)]);
            var views = all.Where(d => d.Drop.Length > 0).ToList();
            found.Add(planned, ObstacleKind.Dependents,
                (planned.Effect.Kind == EffectKind.Retype ? $"The type of {what} cannot be changed" : $"{what} cannot be dropped") +
                $": {names} depend{(all.Count == 1 ? "s" : "")} on it.",
                views.Count < all.Count ? "Drop what depends on it before the run, and create it again afterwards."
                    : "Keep the text of the views (pg_get_viewdef), drop them before the run and create them again afterwards: " +
                        string.Join(" ", views.Select(d => d.Drop)),
                [.. all.Select(d => d.Holders[0])]);
        }

        (uint, string) Key(PlannedEffect p) =>
            (found.Relations[p.Effect.Name].Oid, p.Effect.Kind == EffectKind.DropRelation ? "" : p.Effect.Part!);
    }

    // What the run itself drops before, or may drop in code.
    private static bool IsGone(ObstacleList found, CatalogFacts.Dependent dependent, int order) =>
        dependent.Holders.Any(name => found.Plan.IsUncertain(name, order + 1));
}
