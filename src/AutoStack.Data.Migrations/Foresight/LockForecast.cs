using Npgsql;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>Which tables a run locks, as the text of its scripts shows.</summary>
internal static class LockForecast
{
    /// <summary>The strongest lock on each table that exists, strongest first, then by size.</summary>
    /// <param name="connection">A session that is used for nothing else afterwards.</param>
    /// <param name="steps">The scripts in the order of the run.</param>
    /// <param name="cancellationToken">Cancels the queries.</param>
    public static async Task<IReadOnlyList<TableLock>> FindAsync(
        NpgsqlConnection connection, IReadOnlyList<MigrationStep> steps, CancellationToken cancellationToken)
    {
        var facts = new CatalogFacts(connection);
        var plan = PlannedEffects.Of(steps);
        var locks = plan.All.Where(p => p.Effect.Kind == EffectKind.Lock && !plan.IsChanged(p.Effect.Name, p.Order)).ToList();
        var relations = await facts.ReadRelationsAsync(locks.Select(p => p.Effect.Name), cancellationToken).ConfigureAwait(false);

        // Who drops an index locks its table.
        var named = locks.Where(p => relations.ContainsKey(p.Effect.Name))
            .Select(p => (Planned: p, Fact: relations[p.Effect.Name]))
            .Select(p => (p.Planned, Table: p.Fact.Table is null ? p.Fact.Text
                : p.Fact.Schema == "public" ? p.Fact.Table : $"{p.Fact.Schema}.{p.Fact.Table}"))
            .ToList();
        var tables = await facts.ReadRelationsAsync(named.Select(n => n.Table), cancellationToken).ConfigureAwait(false);
        var sizes = await facts.ReadSizesAsync(tables.Values.Select(fact => fact.Oid), cancellationToken).ConfigureAwait(false);
        return
        [
            .. from entry in named
               where tables.ContainsKey(entry.Table) && tables[entry.Table].Kind is "r" or "p" or "m"
               group entry.Planned by entry.Table into table
               let mode = table.Max(p => p.Effect.Lock!.Value)
               let bytes = sizes.TryGetValue(tables[table.Key].Oid, out var size) ? size : (long?)null
               orderby mode descending, bytes descending
               select new TableLock(
                   table.Key, mode, table.Any(p => p.Effect.Rewrites), bytes, table.First(p => p.Effect.Lock == mode).Step.FileName),
        ];
    }
}
