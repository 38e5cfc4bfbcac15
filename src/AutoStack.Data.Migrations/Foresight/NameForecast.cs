namespace AutoStack.Data.Migrations.Internal;

/// <summary>The objects that have the names of those that a run creates.</summary>
internal static class NameForecast
{
    /// <param name="found">Receives the obstacles.</param>
    /// <param name="cancellationToken">Cancels the queries.</param>
    public static async Task FindAsync(ObstacleList found, CancellationToken cancellationToken)
    {
        FindTakenRelations(found);
        await FindTakenTypesAndRoutinesAsync(found, cancellationToken).ConfigureAwait(false);
        await FindTakenPartsAsync(found, cancellationToken).ConfigureAwait(false);
    }

    private static void FindTakenRelations(ObstacleList found)
    {
        foreach (var planned in found.Plan.All.Where(p => p.Effect.Kind == EffectKind.CreateRelation))
        {
            var effect = planned.Effect;
            if (found.Plan.IsUncertain(effect.Name, planned.Order)
                || found.Relations.GetValueOrDefault(ObstacleList.Qualified(effect.Name)) is not { } fact)
            {
                continue;
            }

            // The runner drops the index of a build that failed. IF NOT EXISTS accepts whatever has the name, but is meant for this table.
            if (planned.Step.ConcurrentIndex is not null && !fact.IsValid)
            {
                continue;
            }

            var other = effect.Part is not null && fact.Table != Names.Split(effect.Part).Name;
            if (!effect.Lenient || other)
            {
                found.AddTaken(planned, $"The {fact.Words} {Visible.Text(fact.Text)}" +
                    $"{(fact.Table is null ? "" : $" of the table {Visible.Text(fact.Table)}")} (owner {Visible.Text(fact.Owner)})",
                    $"ALTER {fact.Verb} {fact.Sql} RENAME TO …;", effect.Lenient);
            }
        }
    }

    private static async Task FindTakenTypesAndRoutinesAsync(ObstacleList found, CancellationToken cancellationToken)
    {
        // A table or view has a type of its name, too; an index has none.
        var created = found.Plan.All
            .Where(p => p.Effect.Kind is EffectKind.CreateType or EffectKind.CreateRoutine
                || (p.Effect is { Kind: EffectKind.CreateRelation, Part: null }
                    && !found.Relations.ContainsKey(ObstacleList.Qualified(p.Effect.Name))))
            .Where(p => !found.Plan.IsUncertain(p.Effect.Name, p.Order))
            .ToList();
        if (created.Count == 0)
        {
            return;
        }

        var there = await found.Facts.ReadTypesAndRoutinesAsync(created.Select(p => p.Effect.Name), cancellationToken)
            .ConfigureAwait(false);
        foreach (var planned in created)
        {
            var (schema, name) = (Names.SchemaOf(planned.Effect.Name), Names.Split(planned.Effect.Name).Name);
            var routine = planned.Effect.Kind == EffectKind.CreateRoutine;
            if (!there.TryGetValue($"{schema}.{name}{(routine ? $"({planned.Effect.Part})" : "")}", out var other))
            {
                continue;
            }

            var text = Visible.Text($"{planned.Effect.Name}{(routine ? $"({planned.Effect.Part})" : "")}");
            if (!planned.Effect.Lenient)
            {
                found.AddTaken(planned, $"The {(routine ? "function" : "type")} {text} (owner {Visible.Text(other.Owner)})",
                    routine ? $"ALTER ROUTINE {Names.Sql(schema, name)}({planned.Effect.Part}) RENAME TO …;"
                        : $"ALTER TYPE {Names.Sql(schema, name)} RENAME TO …;");
            }
            else if (!other.IsOwner)
            {
                found.Add(planned, ObstacleKind.NotOwner,
                    $"The function {text} belongs to the role {Visible.Text(other.Owner)}, and only the owner may replace it.",
                    $"Connect as that role, or make {found.Role} a member: " +
                    $"GRANT {Names.Sql(other.Owner)} TO {Names.Sql(found.Place.Role)};", [text]);
            }
        }
    }

    private static async Task FindTakenPartsAsync(ObstacleList found, CancellationToken cancellationToken)
    {
        var added = found.Plan.All
            .Where(p => !p.Effect.Lenient && ObstacleList.IsPart(p.Effect) && found.Relations.ContainsKey(p.Effect.Name))
            .Where(p => !found.Plan.IsChanged(p.Effect.Name, p.Order)
                && !found.Plan.IsUncertain(PlannedEffects.PartOf(p.Effect), p.Order))
            .ToList();
        if (added.Count == 0)
        {
            return;
        }

        var there = await found.Facts.ReadPartsAsync(added.Select(p => found.Relations[p.Effect.Name].Oid), cancellationToken)
            .ConfigureAwait(false);
        foreach (var planned in added)
        {
            var (fact, part) = (found.Relations[planned.Effect.Name], planned.Effect.Part!);
            if (there.Contains($"{planned.Effect.Kind} {fact.Oid} {part}"))
            {
                var kind = planned.Effect.Kind.ToString()[3..].ToLowerInvariant();
                found.AddTaken(planned, $"The {kind} {Visible.Text(part)} of {Visible.Text(fact.Text)}", kind is "column" or "constraint"
                    ? $"ALTER TABLE {fact.Sql} RENAME {kind.ToUpperInvariant()} {Names.Sql(part)} TO …;"
                    : $"ALTER {kind.ToUpperInvariant()} {Names.Sql(part)} ON {fact.Sql} RENAME TO …;");
            }
        }
    }
}
