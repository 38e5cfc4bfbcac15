using Npgsql;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>
/// Finds what would stop a run before it starts: from the text of its scripts and from the catalog, without a lock and without a write. An
/// obstacle is certain; that none is found is no promise.
/// </summary>
internal sealed class Forecast
{
    private readonly PlannedEffects plan;
    private readonly bool up;
    private readonly CatalogFacts facts;
    private readonly List<(int Order, Obstacle Obstacle)> obstacles = [];

    private CatalogFacts.Place place = null!;
    private Dictionary<string, RelationFact> relations = [];

    private Forecast(NpgsqlConnection connection, IEnumerable<MigrationStep> steps, bool up)
    {
        (plan, this.up, facts) = (PlannedEffects.Of(steps), up, new CatalogFacts(connection));
    }

    /// <summary>Finds the obstacles, in the order in which the run would meet them.</summary>
    /// <param name="connection">A session of the database, with the migrator's own search path.</param>
    /// <param name="steps">The scripts in the order of the run; at least one.</param>
    /// <param name="up">True for an upgrade, false for a downgrade.</param>
    /// <param name="cancellationToken">Cancels the queries.</param>
    public static async Task<IReadOnlyList<Obstacle>> FindAsync(
        NpgsqlConnection connection, IReadOnlyList<MigrationStep> steps, bool up, CancellationToken cancellationToken)
    {
        var forecast = new Forecast(connection, steps, up);
        await forecast.RunAsync(cancellationToken).ConfigureAwait(false);
        return [.. forecast.obstacles.OrderBy(found => found.Order).Select(found => found.Obstacle)];
    }

    private async Task RunAsync(CancellationToken cancellationToken)
    {
        place = await facts.ReadPlaceAsync(cancellationToken).ConfigureAwait(false);
        if (place.IsStandby)
        {
            Add(-2, ObstacleKind.Standby, null, "The server is a standby, which accepts no writes.",
                "Connect to the primary, or name all servers with target_session_attrs=read-write.");
            return;
        }

        if (place.IsReadOnly)
        {
            Add(-1, ObstacleKind.ReadOnly, null,
                $"Transactions of the role {Visible.Text(place.Role)} in this database are read-only (default_transaction_read_only = on).",
                $"ALTER ROLE {Names.Sql(place.Role)} RESET default_transaction_read_only; or the same of the database or the server; or " +
                "Options=-c default_transaction_read_only=off in the connection string.");
        }

        relations = await facts.ReadRelationsAsync(
            plan.All.Select(p => p.Effect).SelectMany(effect => effect.Kind == EffectKind.CreateRelation
                ? [Qualified(effect.Name)] : new[] { effect.Name }).Append("public.schema_versions"), cancellationToken)
            .ConfigureAwait(false);
        FindForeignOwners();
        FindForbiddenWrites();
        await FindClosedSchemasAsync(cancellationToken).ConfigureAwait(false);
        await FindExtensionsAsync(cancellationToken).ConfigureAwait(false);
        FindTakenRelations();
        await FindTakenTypesAndRoutinesAsync(cancellationToken).ConfigureAwait(false);
        await FindTakenPartsAsync(cancellationToken).ConfigureAwait(false);
        await FindDependentsAsync(cancellationToken).ConfigureAwait(false);
    }

    private void FindForeignOwners()
    {
        var foreign =
            from planned in plan.All
            where planned.Effect.Kind is EffectKind.Own or EffectKind.DropRelation && !plan.IsChanged(planned.Effect.Name, planned.Order)
            let fact = relations.GetValueOrDefault(planned.Effect.Name)
            where fact is { IsOwner: false } && !(planned.Effect.Kind == EffectKind.DropRelation && fact.OwnsSchema)
            group (planned, fact) by fact.Owner;
        foreach (var group in foreign)
        {
            List<string> names = [.. group.Select(g => g.fact.Text).Distinct()];
            Add(group.First().planned, ObstacleKind.NotOwner,
                $"{Listed(names)} belong{(names.Count == 1 ? "s" : "")} to the role {Visible.Text(group.Key)}, and only the owner may " +
                $"change {(names.Count == 1 ? "it" : "them")}.",
                $"Connect as that role, or make {Visible.Text(place.Role)} a member: " +
                $"GRANT {Names.Sql(group.Key)} TO {Names.Sql(place.Role)};", names);
        }
    }

    private void FindForbiddenWrites()
    {
        var forbidden =
            from planned in plan.All
            where planned.Effect.Kind == EffectKind.Write && !plan.IsUncertain(planned.Effect.Name, planned.Order)
            let fact = relations.GetValueOrDefault(planned.Effect.Name)
            where fact is { Kind: "r" or "p" } && !fact.Privileges.Contains(planned.Effect.Part)
            group planned by (fact.Sql, fact.Text, planned.Effect.Part);
        foreach (var group in forbidden)
        {
            Add(group.First(), ObstacleKind.NoWrite,
                $"The role {Visible.Text(place.Role)} may not {group.Key.Part} in {Visible.Text(group.Key.Text)}.",
                $"GRANT {group.Key.Part} ON {group.Key.Sql} TO {Names.Sql(place.Role)};", [group.Key.Text]);
        }

        var right = up ? "INSERT" : "DELETE";
        if (relations.GetValueOrDefault("public.schema_versions") is { } journal && !journal.Privileges.Contains(right))
        {
            Add(0, ObstacleKind.NoWrite, null,
                $"The role {Visible.Text(place.Role)} may not {right} in the journal schema_versions.",
                $"GRANT {right} ON public.schema_versions TO {Names.Sql(place.Role)};", ["schema_versions"]);
        }
    }

    private async Task FindClosedSchemasAsync(CancellationToken cancellationToken)
    {
        List<(string Schema, PlannedEffect? Planned)> used =
        [
            .. from planned in plan.All
               where planned.Effect.Kind is EffectKind.CreateRelation or EffectKind.CreateType or EffectKind.CreateRoutine
               let schema = Names.SchemaOf(planned.Effect.Name)
               where !plan.IsUncertain(schema, planned.Order)
               select (schema, (PlannedEffect?)planned),
        ];
        if (!relations.ContainsKey("public.schema_versions"))
        {
            used.Insert(0, ("public", null));
        }

        var may = await facts.ReadSchemasAsync(used.Select(u => u.Schema), cancellationToken).ConfigureAwait(false);
        foreach (var (schema, planned) in used.DistinctBy(u => u.Schema).Where(u => may.TryGetValue(u.Schema, out var allowed) && !allowed))
        {
            Add(planned?.Order ?? 0, ObstacleKind.NoCreate, planned?.Step.FileName,
                $"The role {Visible.Text(place.Role)} may not create objects in the schema {Visible.Text(schema)}.",
                $"As the owner of the schema: GRANT CREATE ON SCHEMA {Names.Sql(schema)} TO {Names.Sql(place.Role)};", [schema]);
        }

        var created = plan.All.Where(p => p.Effect.Kind == EffectKind.CreateSchema && !plan.IsUncertain(p.Effect.Name, p.Order)).ToList();
        var there = await facts.ReadSchemasAsync(created.Select(p => p.Effect.Name), cancellationToken).ConfigureAwait(false);
        foreach (var planned in created.Where(p => !p.Effect.Lenient && there.ContainsKey(p.Effect.Name)))
        {
            Taken(planned, $"The schema {Visible.Text(planned.Effect.Name)}", $"ALTER SCHEMA {Names.Sql(planned.Effect.Name)} RENAME TO …;");
        }

        if (!place.MayCreateInDatabase && created.Find(p => !there.ContainsKey(p.Effect.Name)) is { } first)
        {
            Add(first, ObstacleKind.NoCreate, $"The role {Visible.Text(place.Role)} may not create schemas in this database.",
                $"As the owner of the database: {GrantDatabase}", [place.Database]);
        }
    }

    private async Task FindExtensionsAsync(CancellationToken cancellationToken)
    {
        var created = plan.All.Where(p => p.Effect.Kind == EffectKind.CreateExtension && !plan.IsUncertain(p.Effect.Name, p.Order)).ToList();
        if (created.Count == 0)
        {
            return;
        }

        var all = await facts.ReadExtensionsAsync(created.Select(p => p.Effect.Name), cancellationToken).ConfigureAwait(false);
        foreach (var planned in created)
        {
            var (extension, name) = (all.First(e => e.Name == planned.Effect.Name), Visible.Text(planned.Effect.Name));
            var quoted = Names.Sql(planned.Effect.Name);
            if (extension.IsCreated)
            {
                if (!planned.Effect.Lenient)
                {
                    Taken(planned, $"The extension {name}", $"Write CREATE EXTENSION IF NOT EXISTS {quoted}, or: DROP EXTENSION {quoted};");
                }
            }
            else if (!extension.IsAvailable)
            {
                Add(planned, ObstacleKind.Extension, $"The server does not have the extension {name}.",
                    "Install its package on the machine of the server.", [name]);
            }
            else if (!place.IsSuperuser && (extension.NeedsSuperuser ? !extension.IsTrusted || !place.MayCreateInDatabase
                : !place.MayCreateInDatabase))
            {
                Add(planned, ObstacleKind.Extension, $"The role {Visible.Text(place.Role)} may not create the extension {name}.",
                    extension.NeedsSuperuser && !extension.IsTrusted ? $"As a superuser: CREATE EXTENSION {quoted};"
                        : $"As the owner of the database: {GrantDatabase} or: CREATE EXTENSION {quoted};", [name]);
            }
        }
    }

    private void FindTakenRelations()
    {
        foreach (var planned in plan.All.Where(p => p.Effect.Kind == EffectKind.CreateRelation))
        {
            var effect = planned.Effect;
            if (plan.IsUncertain(effect.Name, planned.Order) || relations.GetValueOrDefault(Qualified(effect.Name)) is not { } fact)
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
                Taken(planned, $"{Capital(fact.Words)} {Visible.Text(fact.Text)}" +
                    $"{(fact.Table is null ? "" : $" of the table {Visible.Text(fact.Table)}")} (owner {Visible.Text(fact.Owner)})",
                    $"ALTER {fact.Verb} {fact.Sql} RENAME TO …;", effect.Lenient);
            }
        }
    }

    private async Task FindTakenTypesAndRoutinesAsync(CancellationToken cancellationToken)
    {
        var created = plan.All.Where(p => p.Effect.Kind is EffectKind.CreateType or EffectKind.CreateRoutine
            && !plan.IsUncertain(p.Effect.Name, p.Order)).ToList();
        if (created.Count == 0)
        {
            return;
        }

        var there = await facts.ReadTypesAndRoutinesAsync(created.Select(p => p.Effect.Name), cancellationToken).ConfigureAwait(false);
        foreach (var planned in created)
        {
            var (schema, name) = (Names.SchemaOf(planned.Effect.Name), Names.Split(planned.Effect.Name).Name);
            var routine = planned.Effect.Kind == EffectKind.CreateRoutine;
            if (!there.TryGetValue($"{schema}.{name}{(routine ? $"({planned.Effect.Part})" : "")}", out var found))
            {
                continue;
            }

            var text = Visible.Text($"{planned.Effect.Name}{(routine ? $"({planned.Effect.Part})" : "")}");
            if (!planned.Effect.Lenient)
            {
                Taken(planned, $"The {(routine ? "function" : "type")} {text} (owner {Visible.Text(found.Owner)})",
                    $"ALTER {(routine ? "ROUTINE" : "TYPE")} {Names.Sql(schema, name)}{(routine ? $"({planned.Effect.Part})" : "")} RENAME TO …;");
            }
            else if (!found.IsOwner)
            {
                Add(planned, ObstacleKind.NotOwner,
                    $"The function {text} belongs to the role {Visible.Text(found.Owner)}, and only the owner may replace it.",
                    $"Connect as that role, or make {Visible.Text(place.Role)} a member: " +
                    $"GRANT {Names.Sql(found.Owner)} TO {Names.Sql(place.Role)};", [text]);
            }
        }
    }

    private async Task FindTakenPartsAsync(CancellationToken cancellationToken)
    {
        var added = plan.All
            .Where(p => p.Effect is { Lenient: false, Kind: EffectKind.AddColumn or EffectKind.AddConstraint or EffectKind.AddTrigger
                or EffectKind.AddPolicy } && !plan.IsChanged(p.Effect.Name, p.Order)
                && !plan.IsUncertain(PlannedEffects.PartOf(p.Effect), p.Order) && relations.ContainsKey(p.Effect.Name))
            .ToList();
        if (added.Count == 0)
        {
            return;
        }

        var there = await facts.ReadPartsAsync(added.Select(p => relations[p.Effect.Name].Oid), cancellationToken).ConfigureAwait(false);
        foreach (var planned in added)
        {
            var (fact, part) = (relations[planned.Effect.Name], planned.Effect.Part!);
            if (there.Contains($"{planned.Effect.Kind} {fact.Oid} {part}"))
            {
                var kind = planned.Effect.Kind.ToString()[3..].ToLowerInvariant();
                Taken(planned, $"The {kind} {Visible.Text(part)} of {Visible.Text(fact.Text)}", kind is "column" or "constraint"
                    ? $"ALTER TABLE {fact.Sql} RENAME {kind.ToUpperInvariant()} {Names.Sql(part)} TO …;"
                    : $"ALTER {kind.ToUpperInvariant()} {Names.Sql(part)} ON {fact.Sql} RENAME TO …;");
            }
        }
    }

    private async Task FindDependentsAsync(CancellationToken cancellationToken)
    {
        var wanted = plan.All
            .Where(p => p.Effect is { Lenient: false, Kind: EffectKind.Retype or EffectKind.DropColumn }
                || p.Effect is { Lenient: false, Kind: EffectKind.DropRelation, Part: "table" })
            .Where(p => relations.ContainsKey(p.Effect.Name) && !plan.IsChanged(p.Effect.Name, p.Order))
            .ToList();
        if (wanted.Count == 0)
        {
            return;
        }

        var found = await facts.ReadDependentsAsync([.. wanted.Select(Place)], cancellationToken).ConfigureAwait(false);
        foreach (var planned in wanted)
        {
            var all = found.Where(d => (d.Table, d.Column) == Place(planned) && !IsGone(d, planned.Order)).ToList();
            if (all.Count == 0)
            {
                continue;
            }

            var what = planned.Effect.Kind == EffectKind.DropRelation ? Visible.Text(planned.Effect.Name)
                : Visible.Text(PlannedEffects.PartOf(planned.Effect));
            var views = all.Where(d => d.Sql.Length > 0).ToList();
            Add(planned, ObstacleKind.Dependents,
                $"{(planned.Effect.Kind == EffectKind.Retype ? "The type of " : "")}{what} cannot be " +
                $"{(planned.Effect.Kind == EffectKind.Retype ? "changed" : "dropped")}: " +
                $"{Listed([.. all.Select(d => d.Sql.Length > 0 ? $"{d.Kind} {d.Name}" : d.Name)])} depend{(all.Count == 1 ? "s" : "")} on it.",
                views.Count < all.Count ? "Drop what depends on it before the run, and create it again afterwards."
                    : "Keep the text of the views (pg_get_viewdef), drop them before the run and create them again afterwards: " +
                        string.Join(" ", views.Select(d => $"DROP {d.Kind.ToUpperInvariant()} {d.Sql};")),
                [.. all.Select(d => d.Name)]);
        }

        (uint, string) Place(PlannedEffect p) =>
            (relations[p.Effect.Name].Oid, p.Effect.Kind == EffectKind.DropRelation ? "" : p.Effect.Part!);
    }

    // What the run itself drops before, or may drop in code.
    private bool IsGone(CatalogFacts.Dependent dependent, int order) => dependent.Sql.Length > 0
        ? plan.IsUncertain(dependent.Name, order)
        : dependent.Name.Split(' ').Any(word => plan.IsUncertain(word, order)
            || plan.All.Any(p => p.Order < order && p.Effect.Kind == EffectKind.Touch && p.Effect.Part == word));

    private string GrantDatabase => $"GRANT CREATE ON DATABASE {Names.Sql(place.Database)} TO {Names.Sql(place.Role)};";

    private static string Qualified(string name) => Names.Split(name).Schema.Length > 0 ? name : $"public.{name}";

    private static string Capital(string words) => $"The {words}";

    private static string Listed(IReadOnlyList<string> names)
    {
        const int Most = 5;
        var shown = string.Join(", ", names.Take(Most).Select(Visible.Text));
        return names.Count > Most ? $"{shown} and {names.Count - Most} more" : shown;
    }

    private void Taken(PlannedEffect planned, string what, string mend, bool accepted = false) =>
        Add(planned, ObstacleKind.NameTaken,
            accepted ? $"{what} has the name of an index that the script creates: IF NOT EXISTS would accept it."
                : $"{what} exists already.",
            mend.StartsWith("ALTER", StringComparison.Ordinal) ? $"Rename it: {mend}" : mend, [planned.Effect.Part ?? planned.Effect.Name]);

    private void Add(
        PlannedEffect planned, ObstacleKind kind, string what, string mend, IReadOnlyList<string> objects) =>
        Add(planned.Order, kind, planned.Step.FileName, what, mend, objects);

    private void Add(int order, ObstacleKind kind, string? script, string what, string mend, IReadOnlyList<string>? objects = null) =>
        obstacles.Add((order, new Obstacle(kind, script, what, mend, objects ?? [])));
}
