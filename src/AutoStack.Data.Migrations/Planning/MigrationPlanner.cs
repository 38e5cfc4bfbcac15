using Npgsql;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>Decides which scripts lead a database from its version to a target, or why none may run.</summary>
internal static class MigrationPlanner
{
    /// <summary>Plans against a database. Writes nothing.</summary>
    /// <exception cref="MigrationException">
    /// The target cannot be reached from the journal, the database is not adopted, or it does not have what its journal records.
    /// </exception>
    public static async Task<MigrationPlan> PlanAsync(
        NpgsqlConnection connection,
        MigratorContext context,
        bool up,
        MigrationTarget target,
        CancellationToken cancellationToken)
    {
        await VersionJournal.IsOwnAsync(connection, cancellationToken).ConfigureAwait(false);
        var history = await VersionJournal.ReadHistoryAsync(connection, context.Sets, cancellationToken).ConfigureAwait(false);
        var plan = Plan(history, context.Sets, up, target);
        if (!up)
        {
            return plan;
        }

        var runsCore = plan.Scripts is [{ Set: ScriptSet.CoreName }, ..];
        if (history.CurrentVersion == 0)
        {
            if (runsCore)
            {
                await RefuseUnjournaledAsync(connection, context, plan, cancellationToken).ConfigureAwait(false);
            }
        }
        else if (plan.Sets[0].Set == ScriptSet.CoreName && ReferenceEquals(context.Sets[0], ScriptSet.Core))
        {
            // Scripts other than the package's have no expected catalog.
            await RefuseWrongJournalAsync(connection, history, context, plan, runsCore, cancellationToken).ConfigureAwait(false);
        }

        if (plan.Scripts.Count > 0)
        {
            await RequirementCheck.RefuseMissingAsync(connection, history, context.Sets, plan, cancellationToken).ConfigureAwait(false);
        }

        return plan;
    }

    private static async Task RefuseUnjournaledAsync(
        NpgsqlConnection connection, MigratorContext context, MigrationPlan plan, CancellationToken cancellationToken)
    {
        var tables = await UnjournaledTables.FindAsync(connection, cancellationToken).ConfigureAwait(false);
        if (tables is { Own.Count: 0 } && ReferenceEquals(context.Sets[0], ScriptSet.Core))
        {
            plan.Taken = [.. tables.Taken(plan.Scripts)];
        }
        else if (tables is { Own.Count: > 0 })
        {
            var catalog = await Catalog.ReadAsync(connection, cancellationToken).ConfigureAwait(false);
            throw new MigrationException(
                MigrationError.NotAdopted, FindLostJournal(catalog, tables.Schema)?.Message(0) ?? tables.Message);
        }
    }

    private static async Task RefuseWrongJournalAsync(
        NpgsqlConnection connection, SchemaHistory history, MigratorContext context, MigrationPlan plan, bool runsCore,
        CancellationToken cancellationToken)
    {
        var found = runsCore ? await Catalog.ReadAsync(connection, cancellationToken).ConfigureAwait(false)
            : await JournaledObjects.ReadUnlockedAsync(connection, cancellationToken).ConfigureAwait(false);
        if (found is null)
        {
            return;
        }

        if (JournaledObjects.WhyMissing(found, history, context.Sets, context.Options) is { } why)
        {
            throw new MigrationException(MigrationError.NotAdopted, why);
        }

        if (!runsCore || LaterObjects.Find(found, history.CurrentVersion) is not { Count: > 0 } later)
        {
            return;
        }

        if (LaterObjects.AreForeign(found, history.CurrentVersion))
        {
            // The forecast names the others: tables, and columns that a script adds without IF NOT EXISTS.
            plan.Taken = LaterObjects.Taken(found, history.CurrentVersion, plan.Scripts);
        }
        else
        {
            throw new MigrationException(
                MigrationError.NotAdopted, LaterObjects.Message(history.CurrentVersion, later, FindLater(found, history.CurrentVersion)));
        }
    }

    /// <summary>The later version that the database of a journal has exactly; null when it has none.</summary>
    public static DetectedVersion? FindLater(Catalog found, int journaled) =>
        DetectedVersion.Of(found, after: Math.Max(DocumentedVersion, journaled)) is { IsExact: true } detected ? detected : null;

    /// <summary>
    /// The version of a database that the scripts of this package created and whose journal is lost; null for one of the Python services.
    /// </summary>
    public static DetectedVersion? FindLostJournal(Catalog found, string schema = "public") =>
        schema == "public" && HasOwnObjects(found) ? DetectedVersion.Of(found, after: DocumentedVersion) : null;

    /// <summary>The version that equals the schema's documentation, which the Python services create, too.</summary>
    public const int DocumentedVersion = 2;

    // No service creates a table or column that the document does not have.
    private static bool HasOwnObjects(Catalog found) => LaterObjects.Find(found, DocumentedVersion).Count > 0;

    /// <summary>
    /// Plans without a database: up from an empty one, down from the newest version. A feature is not enabled, unless it is the target.
    /// </summary>
    public static MigrationPlan PlanOffline(IReadOnlyList<ScriptSet> sets, bool up, MigrationTarget target)
    {
        var enabled = sets.Where(set => set.Kind != ScriptSetKind.Feature || set.Name == target.Set);
        var applied = enabled.SelectMany(set => set.Scripts.Concat(set.Repeatables)).Select(
            s => new VersionJournal.Entry(s.Set, s.Version, s.Name, s.Checksum, default, TimeSpan.Zero, AppliedBy: "", ToolVersion: ""));
        var history = SchemaHistory.Of(up ? [] : [.. applied], sets);
        var plan = Plan(history, sets, up, target);
        RequirementCheck.RefuseMissingSets(history, sets, plan);
        return plan;
    }

    /// <summary>Plans from a journal alone.</summary>
    /// <exception cref="MigrationException">The target cannot be reached from the journal.</exception>
    public static MigrationPlan Plan(SchemaHistory history, IReadOnlyList<ScriptSet> sets, bool up, MigrationTarget target)
    {
        var parts = up && target.IsEverySet
            ? sets.Where(set => history.Find(set.Name) is not null).ToList()
            : [Find(sets, history, target.Set ?? ScriptSet.CoreName)];
        var versions = new List<SetVersions>();
        var scripts = new List<MigrationScript>();
        foreach (var set in parts)
        {
            var from = history.Find(set.Name) ?? SetHistory.Of(set, []);
            var run = Plan(from, set, up, target);
            scripts.AddRange(run);
            versions.Add(new SetVersions(set.Name, from.CurrentVersion, run.LastOrDefault(s => !s.IsRepeatable) is not { } last
                ? from.CurrentVersion
                : up ? last.Version : last.Version - 1));
        }

        if (!up)
        {
            RequirementCheck.RefuseNeeded(history, sets, versions[0]);
        }

        var plan = new MigrationPlan(isDowngrade: !up, versions, scripts);
        RefuseSeveralStatements(plan);
        return plan;
    }

    // The server would run the statements in one transaction, which is what the header says that they cannot have; and a run that stopped
    // between two of them could not continue.
    private static void RefuseSeveralStatements(MigrationPlan plan)
    {
        if (plan.Scripts.Select(plan.StepOf).FirstOrDefault(step => step is { Transactional: false, Statements.Count: > 1 }) is { } step)
        {
            throw new MigrationException(MigrationError.ScriptFailed,
                $"{step.FileName}, line {step.Statements[1].Line}: a script with no-transaction has one statement, because several would " +
                "be one transaction (25001). Give each statement a script of its own. Nothing was changed.");
        }
    }

    /// <summary>Plans one set: its numbered scripts, and when the newest version is the target, its repeatable ones.</summary>
    private static List<MigrationScript> Plan(SetHistory history, ScriptSet set, bool up, MigrationTarget target)
    {
        RefuseForeignJournal(history);
        if (history.Versions.FirstOrDefault(
            v => v is { State: VersionState.Pending, Version: > 0 } && v.Version < history.CurrentVersion) is { } missing)
        {
            throw new MigrationException(MigrationError.SchemaNewer,
                $"The journal has version {history.CurrentVersion} but not {missing.Name}. " +
                "Versions are applied in order; the journal was edited by hand. See whether the database has what " +
                $"{missing.Name} creates: {JournalFinding.RepairCommand} --dry-run. Mend the journal: {JournalFinding.RepairCommand}.");
        }

        var version = Resolve(target, history);
        if (up ? version < history.CurrentVersion : version > history.CurrentVersion)
        {
            throw new MigrationException(MigrationError.TargetInvalid,
                $"{Subject(history)} is at version {history.CurrentVersion}; to reach {version}, {(up ? "downgrade" : "upgrade")}.");
        }

        if (!up)
        {
            return [.. set.Scripts.Where(s => s.Version <= history.CurrentVersion && s.Version > version).Reverse()];
        }

        var changed = history.Versions.Where(v => v is { State: VersionState.Pending, Version: 0 }).Select(v => v.Name).ToHashSet();
        return
        [
            .. set.Scripts.Where(s => s.Version > history.CurrentVersion && s.Version <= version),
            .. set.Repeatables.Where(s => target.IsHead && changed.Contains(s.Name)),
        ];
    }

    /// <summary>The set of a name.</summary>
    /// <exception cref="MigrationException"><see cref="MigrationError.TargetInvalid"/>: the set was not given.</exception>
    public static ScriptSet Find(IReadOnlyList<ScriptSet> sets, SchemaHistory history, string name) =>
        sets.FirstOrDefault(set => set.Name == name) ?? throw new MigrationException(MigrationError.TargetInvalid,
            (history.Find(name) is { } applied
                ? $"The database is at version {applied.CurrentVersion} of the script set {name}, and its scripts were not given"
                : $"There is no script set {name}") +
            $": name its folder with --scripts {name}=FOLDER or in autostack-db.json. Known are {string.Join(", ", sets)}.");

    /// <summary>Refuses the journal of newer scripts, one with doubled rows, and one whose scripts are not the given ones.</summary>
    /// <exception cref="MigrationException">
    /// <see cref="MigrationError.SchemaNewer"/>, <see cref="MigrationError.ScriptChanged"/>, or <see cref="MigrationError.ScriptFailed"/>
    /// for doubled rows.
    /// </exception>
    public static void RefuseForeignJournal(SetHistory history)
    {
        if (history.Doubled is [var doubled, ..])
        {
            var times = 1 + history.Doubled.Count(d => d.Name == doubled.Name || (d.Version > 0 && d.Version == doubled.Version));
            throw new MigrationException(MigrationError.ScriptFailed,
                $"The journal {VersionJournal.Table} has {Visible.Text(doubled.Name)} of the set {doubled.Set} {times} times, and its " +
                $"unique constraints are lost. See what would be changed: {JournalFinding.RepairCommand} --dry-run. Mend it: " +
                $"{JournalFinding.RepairCommand}.");
        }

        var service = history.Kind == ScriptSetKind.Service;
        if (history.Versions.FirstOrDefault(v => v.State == VersionState.Unknown) is { } unknown)
        {
            throw new MigrationException(MigrationError.SchemaNewer,
                $"{Subject(history)} is at version {history.CurrentVersion}; " +
                $"{(service ? "the given scripts have" : "this package knows")} {history.HeadVersion} versions " +
                $"and {(service ? "do" : "does")} not know {unknown.Name}. Use {(service ? "the newer scripts" : "a newer package")}. " +
                $"If no release wrote that row, remove it: {JournalFinding.Only(JournalFault.Unknown)}.");
        }

        if (history.Versions.FirstOrDefault(v => v.State == VersionState.Changed) is { } changed)
        {
            throw new MigrationException(MigrationError.ScriptChanged,
                $"{(history.Kind == ScriptSetKind.Core ? "" : history.Set + "/")}{changed.Name}.sql was changed after it was applied on " +
                $"{changed.AppliedAt:yyyy-MM-dd HH:mm} UTC. Restore the released text; write a correction as a new script. " +
                $"If only comments or layout were changed, record that: {JournalFinding.Only(JournalFault.Changed)}.");
        }
    }

    private static string Subject(SetHistory history) =>
        history.Kind == ScriptSetKind.Core ? "The database" : $"The script set {history.Set}";

    /// <summary>Turns a target into a version number; 0 is the base.</summary>
    /// <exception cref="MigrationException"><see cref="MigrationError.TargetInvalid"/>.</exception>
    public static int Resolve(MigrationTarget target, SetHistory history)
    {
        var version = target.Resolve(history.CurrentVersion, history.HeadVersion);
        return version >= 0 && version <= history.HeadVersion ? version : throw new MigrationException(MigrationError.TargetInvalid,
            $"There is no version {target}: {char.ToLowerInvariant(Subject(history)[0])}{Subject(history)[1..]} " +
            $"is at {history.CurrentVersion}, " +
            $"versions are 0 (base) to {history.HeadVersion} (head).");
    }
}
