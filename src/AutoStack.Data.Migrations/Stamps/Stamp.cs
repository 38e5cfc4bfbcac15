using Npgsql;

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
        using (var path = new NpgsqlCommand(SearchPath.Own, session.Connection))
        {
            await path.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
        }

        return await SessionLimits.ReadAsync(
            context, session.Connection, () => StampAsync(session, target, progress, cancellationToken), cancellationToken)
            .ConfigureAwait(false);
    }

    private async Task<StampResult> StampAsync(
        LockedSession session, MigrationTarget target, IProgress<MigrationEvent>? progress, CancellationToken cancellationToken)
    {
        await VersionJournal.CreateAsync(session.Connection, cancellationToken).ConfigureAwait(false);
        var history = await VersionJournal.ReadHistoryAsync(session.Connection, context.Sets, cancellationToken).ConfigureAwait(false);
        var (add, remove, result) = Plan(history, context.Sets, target);
        progress?.Report(new MigrationPlanned(result.FromVersion, result.ToVersion, add.Count + remove.Count)
        {
            Sets = [new SetVersions(result.Set, result.FromVersion, result.ToVersion)],
        });
        var note = new JournalNote(JournalChangeKind.Stamped, context.Options.Reason);
        await JournalRows.StampAsync(session.Connection, add, remove, note, context.Options.ShowValues, cancellationToken)
            .ConfigureAwait(false);
        return result;
    }

    /// <summary>Decides which rows a stamp adds and removes.</summary>
    public static (IReadOnlyList<MigrationScript> Add, IReadOnlyList<MigrationScript> Remove, StampResult Result) Plan(
        SchemaHistory history, IReadOnlyList<ScriptSet> sets, MigrationTarget target)
    {
        var set = MigrationPlanner.Find(sets, history, target.Set ?? ScriptSet.CoreName);
        var versions = history.Find(set.Name) ?? SetHistory.Of(set, []);
        MigrationPlanner.RefuseForeignJournal(versions);
        var version = MigrationPlanner.Resolve(target, versions);
        var recorded = versions.Versions.Where(v => v is { State: VersionState.Applied, Version: > 0 }).Select(v => v.Version).ToHashSet();
        List<MigrationScript> add = [.. set.Scripts.Where(s => s.Version <= version && !recorded.Contains(s.Version))];
        List<MigrationScript> remove = [.. set.Scripts.Where(s => s.Version > version && recorded.Contains(s.Version)).Reverse()];
        return (add, remove,
            new StampResult(versions.CurrentVersion, version, [.. add.Select(s => s.Name)], [.. remove.Select(s => s.Name)])
            {
                Set = set.Name,
            });
    }
}
