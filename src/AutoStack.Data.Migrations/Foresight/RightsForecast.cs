namespace AutoStack.Data.Migrations.Internal;

/// <summary>The rights that a run needs and its role does not have.</summary>
internal static class RightsForecast
{
    /// <param name="found">Receives the obstacles.</param>
    /// <param name="up">True for an upgrade, which adds rows to the journal; a downgrade removes them.</param>
    /// <param name="cancellationToken">Cancels the queries.</param>
    public static async Task FindAsync(ObstacleList found, bool up, CancellationToken cancellationToken)
    {
        FindForeignOwners(found);
        FindForbiddenWrites(found, up);
        await FindClosedSchemasAsync(found, cancellationToken).ConfigureAwait(false);
        await FindExtensionsAsync(found, cancellationToken).ConfigureAwait(false);
    }

    private static void FindForeignOwners(ObstacleList found)
    {
        var foreign =
            from planned in found.Plan.All
            where planned.Effect.Kind is EffectKind.Own or EffectKind.DropRelation
                && !found.Plan.IsChanged(planned.Effect.Name, planned.Order)
            let fact = found.Relations.GetValueOrDefault(planned.Effect.Name)
            where fact is { IsOwner: false } && !(planned.Effect.Kind == EffectKind.DropRelation && fact.OwnsSchema)
            group (planned, fact) by fact.Owner;
        foreach (var group in foreign)
        {
            List<string> names = [.. group.Select(g => g.fact.Text).Distinct()];
            found.Add(group.First().planned, ObstacleKind.NotOwner,
                $"{ObstacleList.Listed(names)} belong{(names.Count == 1 ? "s" : "")} to the role {Visible.Text(group.Key)}, " +
                $"and only the owner may change {(names.Count == 1 ? "it" : "them")}.",
                $"Connect as that role, or make {found.Role} a member: " +
                $"GRANT {Names.Sql(group.Key)} TO {Names.Sql(found.Place.Role)};", names);
        }
    }

    private static void FindForbiddenWrites(ObstacleList found, bool up)
    {
        var forbidden =
            from planned in found.Plan.All
            where planned.Effect.Kind == EffectKind.Write && !found.Plan.IsUncertain(planned.Effect.Name, planned.Order)
            let fact = found.Relations.GetValueOrDefault(planned.Effect.Name)
            where fact is { Kind: "r" or "p" } && !fact.Privileges.Contains(planned.Effect.Part)
            group planned by (fact.Sql, fact.Text, planned.Effect.Part);
        foreach (var group in forbidden)
        {
            found.Add(group.First(), ObstacleKind.NoWrite,
                $"The role {found.Role} may not {group.Key.Part} in {Visible.Text(group.Key.Text)}.",
                $"GRANT {group.Key.Part} ON {group.Key.Sql} TO {Names.Sql(found.Place.Role)};", [group.Key.Text]);
        }

        var right = up ? "INSERT" : "DELETE";
        if (found.Relations.GetValueOrDefault("public.schema_versions") is { } journal && !journal.Privileges.Contains(right))
        {
            found.Add(0, ObstacleKind.NoWrite, null,
                $"The role {found.Role} may not {right} in the journal schema_versions.",
                $"GRANT {right} ON public.schema_versions TO {Names.Sql(found.Place.Role)};", ["schema_versions"]);
        }
    }

    private static async Task FindClosedSchemasAsync(ObstacleList found, CancellationToken cancellationToken)
    {
        List<(string Schema, PlannedEffect? Planned)> used =
        [
            .. from planned in found.Plan.All
               where planned.Effect.Kind is EffectKind.CreateRelation or EffectKind.CreateType or EffectKind.CreateRoutine
               let schema = Names.SchemaOf(planned.Effect.Name)
               where !found.Plan.IsUncertain(schema, planned.Order)
               select (schema, (PlannedEffect?)planned),
        ];
        if (!found.Relations.ContainsKey("public.schema_versions"))
        {
            used.Insert(0, ("public", null));
        }

        var may = await found.Facts.ReadSchemasAsync(used.Select(u => u.Schema), cancellationToken).ConfigureAwait(false);
        foreach (var (schema, planned) in used.DistinctBy(u => u.Schema).Where(u => may.TryGetValue(u.Schema, out var allowed) && !allowed))
        {
            found.Add(planned?.Order ?? 0, ObstacleKind.NoCreate, planned?.Step.FileName,
                $"The role {found.Role} may not create objects in the schema {Visible.Text(schema)}.",
                $"As the owner of the schema: GRANT CREATE ON SCHEMA {Names.Sql(schema)} TO {Names.Sql(found.Place.Role)};", [schema]);
        }

        var created = Created(found, EffectKind.CreateSchema);
        var there = await found.Facts.ReadSchemasAsync(created.Select(p => p.Effect.Name), cancellationToken).ConfigureAwait(false);
        foreach (var planned in created.Where(p => !p.Effect.Lenient && there.ContainsKey(p.Effect.Name)))
        {
            found.AddTaken(
                planned, $"The schema {Visible.Text(planned.Effect.Name)}", $"ALTER SCHEMA {Names.Sql(planned.Effect.Name)} RENAME TO …;");
        }

        if (!found.Place.MayCreateInDatabase && created.Find(p => !there.ContainsKey(p.Effect.Name)) is { } first)
        {
            found.Add(first, ObstacleKind.NoCreate, $"The role {found.Role} may not create schemas in this database.",
                $"As the owner of the database: {Grant(found)}", [found.Place.Database]);
        }
    }

    private static async Task FindExtensionsAsync(ObstacleList found, CancellationToken cancellationToken)
    {
        var created = Created(found, EffectKind.CreateExtension);
        if (created.Count == 0)
        {
            return;
        }

        var all = await found.Facts.ReadExtensionsAsync(created.Select(p => p.Effect.Name), cancellationToken).ConfigureAwait(false);
        foreach (var planned in created)
        {
            var (extension, name) = (all.First(e => e.Name == planned.Effect.Name), Visible.Text(planned.Effect.Name));
            var quoted = Names.Sql(planned.Effect.Name);
            if (extension.IsCreated)
            {
                if (!planned.Effect.Lenient)
                {
                    found.AddTaken(
                        planned, $"The extension {name}", $"Write CREATE EXTENSION IF NOT EXISTS {quoted}, or: DROP EXTENSION {quoted};");
                }
            }
            else if (!extension.IsAvailable)
            {
                found.Add(planned, ObstacleKind.Extension, $"The server does not have the extension {name}.",
                    "Install its package on the machine of the server.", [name]);
            }
            else if (!found.Place.IsSuperuser && (extension.NeedsSuperuser ? !extension.IsTrusted || !found.Place.MayCreateInDatabase
                : !found.Place.MayCreateInDatabase))
            {
                found.Add(planned, ObstacleKind.Extension, $"The role {found.Role} may not create the extension {name}.",
                    extension.NeedsSuperuser && !extension.IsTrusted ? $"As a superuser: CREATE EXTENSION {quoted};"
                        : $"As the owner of the database: {Grant(found)} or: CREATE EXTENSION {quoted};", [name]);
            }
        }
    }

    private static List<PlannedEffect> Created(ObstacleList found, EffectKind kind) =>
        [.. found.Plan.All.Where(p => p.Effect.Kind == kind && !found.Plan.IsUncertain(p.Effect.Name, p.Order))];

    private static string Grant(ObstacleList found) =>
        $"GRANT CREATE ON DATABASE {Names.Sql(found.Place.Database)} TO {Names.Sql(found.Place.Role)};";
}
