namespace AutoStack.Data.Migrations.Internal;

/// <summary>Sets the journal to a version without running a script.</summary>
internal sealed class Stamp(MigratorContext context)
{
    /// <inheritdoc cref="SchemaMigrator.StampAsync"/>
    public async Task<StampResult> RunAsync(
        MigrationTarget target, IProgress<MigrationEvent>? progress, CancellationToken cancellationToken)
    {
        var session = await LockedSession.OpenAsync(context, progress, cancellationToken).ConfigureAwait(false);
        await using var closing = session.ConfigureAwait(false);
        await VersionJournal.CreateAsync(session.Connection, cancellationToken).ConfigureAwait(false);
        var history = await VersionJournal.ReadHistoryAsync(session.Connection, context.Scripts, cancellationToken).ConfigureAwait(false);
        var (add, remove, result) = Plan(history, context.Scripts, target);
        progress?.Report(new MigrationPlanned(result.FromVersion, result.ToVersion, add.Count + remove.Count));
        await VersionJournal.StampAsync(session.Connection, add, remove, context.Options.ShowValues, cancellationToken)
            .ConfigureAwait(false);
        return result;
    }

    /// <summary>Decides which rows a stamp adds and removes.</summary>
    public static (IReadOnlyList<MigrationScript> Add, IReadOnlyList<MigrationScript> Remove, StampResult Result) Plan(
        SchemaHistory history, IReadOnlyList<MigrationScript> scripts, MigrationTarget target)
    {
        MigrationPlanner.RefuseForeignJournal(history);
        var version = MigrationPlanner.Resolve(target, history);
        var recorded = history.Versions.Where(v => v.State == VersionState.Applied).Select(v => v.Version).ToHashSet();
        List<MigrationScript> add = [.. scripts.Where(s => s.Version <= version && !recorded.Contains(s.Version))];
        List<MigrationScript> remove = [.. scripts.Where(s => s.Version > version && recorded.Contains(s.Version)).Reverse()];
        return (add, remove,
            new StampResult(history.CurrentVersion, version, [.. add.Select(s => s.Name)], [.. remove.Select(s => s.Name)]));
    }
}
