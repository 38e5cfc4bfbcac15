namespace AutoStack.Data.Migrations.Internal;

/// <summary>A change of the journal's rows that mends a fault.</summary>
/// <param name="Finding">The fault.</param>
/// <param name="Old">The row that is removed or changed; null for a row that is added.</param>
/// <param name="New">What the row has afterwards; null for a row that is removed.</param>
/// <param name="Stamp">The script whose row is added; null for other changes.</param>
internal sealed record RowEdit(JournalFinding Finding, VersionJournal.Entry? Old, VersionJournal.Entry? New, MigrationScript? Stamp);

/// <summary>Decides how the faults of a journal are mended: from its rows, the scripts, and the objects of the database.</summary>
/// <param name="sets">The given script sets.</param>
/// <param name="options">What the repair may decide.</param>
/// <param name="trace">Whether the objects of the database show that a version of the core ran, with the newest version.</param>
internal sealed class JournalDiagnosis(
    IReadOnlyList<ScriptSet> sets, JournalRepairOptions options, Func<int, int, ScriptTrace> trace)
{
    private readonly List<RowEdit> edits = [];
    private readonly List<JournalFinding> left = [];
    private readonly List<MigrationScript> run = [];
    private readonly List<string> missing = [];

    /// <summary>The changes of rows, doubled rows first.</summary>
    public IReadOnlyList<RowEdit> Edits => edits;

    /// <summary>The faults that stay.</summary>
    public IReadOnlyList<JournalFinding> Left => left;

    /// <summary>The missing scripts to run, set by set in their order.</summary>
    public IReadOnlyList<MigrationScript> Run => run;

    /// <summary>Diagnoses the rows of the journal.</summary>
    /// <exception cref="MigrationException">
    /// <see cref="MigrationError.TargetInvalid"/>: a script to run is not missing.
    /// </exception>
    public void Examine(IReadOnlyList<VersionJournal.Entry> rows)
    {
        foreach (var group in rows.GroupBy(row => row.Set).OrderBy(group => Place(group.Key)).ThenBy(group => group.Key))
        {
            var set = sets.FirstOrDefault(set => set.Name == group.Key);
            if (WithoutDoubles(group, set) is { } single && set is not null)
            {
                Examine(set, Renamed(set, single));
            }
        }

        if (options.Run.Except(run.Select(Named)).FirstOrDefault() is { } other)
        {
            throw new MigrationException(MigrationError.TargetInvalid,
                $"{other} is not a script that is missing in the journal and can run now. " +
                (missing.Count == 0 ? "None is." : $"Such are: {string.Join(", ", missing)}."));
        }
    }

    private int Place(string name) => sets.Select(set => set.Name).ToList().IndexOf(name) is >= 0 and var place ? place : int.MaxValue;

    // Keeps the row of the given script, otherwise the first of equal ones; null when different rows stay.
    private List<VersionJournal.Entry>? WithoutDoubles(IEnumerable<VersionJournal.Entry> rows, ScriptSet? set)
    {
        var kept = new List<VersionJournal.Entry>();
        var decided = true;
        foreach (var row in DoubledRows.InOrder(rows, set))
        {
            if (kept.Find(k => DoubledRows.AreOne(k, row)) is not { } first)
            {
                kept.Add(row);
                continue;
            }

            var finding = DoubledRows.Finding(row);
            if (DoubledRows.IsOf(set, first) || (first.Name, first.Version, first.Checksum) == (row.Name, row.Version, row.Checksum))
            {
                Mend(finding with { Repair = $"Removes the row of {row.AppliedAt:yyyy-MM-dd HH:mm:ss} UTC." }, row, null);
                decided &= IsSelected(JournalFault.Doubled);
            }
            else
            {
                left.Add(finding with
                {
                    Advice = "The rows differ, and no row is that of a given script. " + (set is null
                        ? "Give the scripts of the set." : "Delete the wrong row in psql, then repair again."),
                    Command = set is null ? $"{JournalFinding.RepairCommand} --scripts {row.Set}=FOLDER" : finding.Command,
                });
                decided = false;
            }
        }

        return decided ? kept : null;
    }

    // The script of a row is the one with its checksum.
    private List<VersionJournal.Entry> Renamed(ScriptSet set, List<VersionJournal.Entry> rows)
    {
        var moves = new Dictionary<VersionJournal.Entry, MigrationScript>();
        foreach (var row in rows.Where(row => row.Version > 0 && !DoubledRows.IsOf(set, row)))
        {
            var same = set.Scripts.FirstOrDefault(s => s.Version == row.Version && s.Checksum == row.Checksum);
            var scripts = set.Scripts.Where(s => s.Checksum == row.Checksum).ToList();
            if ((same ?? (scripts.Count == 1 ? scripts[0] : null)) is { } script)
            {
                moves.Add(row, script);
            }
        }

        // Not to a version that another row keeps.
        while (moves.FirstOrDefault(move => rows.Any(row => row != move.Key && (moves.TryGetValue(row, out var goes)
            ? goes == move.Value : row.Version == move.Value.Version || row.Name == move.Value.Name))).Key is { } blocked)
        {
            moves.Remove(blocked);
        }

        return [.. rows.Select(row =>
        {
            if (!moves.TryGetValue(row, out var script))
            {
                return row;
            }

            var renamed = row with { Version = script.Version, Name = script.Name };
            return Mend(
                Finding(row, JournalFault.Renamed, $"The journal has {Named(row)}, whose script is called {Named(script)} now.") with
                {
                    Repair = $"Calls the row {Named(script)}.",
                },
                row,
                renamed) ? renamed : row;
        })];
    }

    private void Examine(ScriptSet set, List<VersionJournal.Entry> rows)
    {
        var all = SetHistory.Of(set, rows);
        foreach (var version in all.Versions.Where(v => v.State == VersionState.Unknown))
        {
            var finding = JournalFindings.Unknown(all, version);
            Decide(
                options.Only.Contains(JournalFault.Unknown) ? finding with { Repair = "Removes the row.", Advice = null } : finding,
                rows.Find(row => row.Version == version.Version),
                null);
        }

        var known = SetHistory.Of(set, [.. rows.Where(row => row.Version <= set.Scripts.Count)]);
        foreach (var finding in JournalFindings.Of(known))
        {
            var script = set.Scripts[finding.Version - 1];
            var shown = ReferenceEquals(set, ScriptSet.Core) ? trace(finding.Version, known.CurrentVersion) : ScriptTrace.Unknown;
            if (finding.Fault == JournalFault.Gap)
            {
                Gap(finding, script, shown, known);
            }
            else if (finding.Fault == JournalFault.Changed)
            {
                var repair = "Records the checksum of the given script" + (shown.IsThere ? ", whose objects the database has." : ".");
                var row = rows.Find(row => row.Version == finding.Version)!;
                Decide(
                    shown.IsThere || options.Only.Contains(JournalFault.Changed)
                        ? finding with { Repair = repair, Advice = null, Command = JournalFinding.RepairCommand } : finding,
                    row,
                    row with { Checksum = script.Checksum });
            }
        }
    }

    private void Gap(JournalFinding finding, MigrationScript script, ScriptTrace shown, SetHistory known)
    {
        var (name, set) = (Named(script), known.Kind == ScriptSetKind.Core ? "" : $" --set {known.Set}");
        var runs = $"{JournalFinding.RepairCommand} --run {name}";
        var canRun = shown.IsMissing || shown.Witnesses == 0;
        if (canRun)
        {
            missing.Add(name);
        }

        if (shown.IsThere)
        {
            Mend(finding with { Repair = "Records the script as applied: the database has its objects." }, null, null, script);
        }
        else if (canRun && options.Run.Contains(name))
        {
            run.Add(script);
        }
        else
        {
            left.Add(shown switch
            {
                { IsMissing: true } => finding with
                {
                    Advice = $"Its objects are missing ({shown.MissingNames}): the script has to run.",
                    Command = runs,
                },
                { Witnesses: 0 } => finding with
                {
                    Advice = $"No object shows whether it ran. If it did not, run it: {runs}. If it did, record it.",
                    Command = $"autostack-db stamp {known.CurrentVersion}{set}",
                },
                _ => finding with
                {
                    Advice = $"Some of its objects are missing ({shown.MissingNames}): mend them, then repair again.",
                    Command = "autostack-db check",
                },
            });
        }
    }

    private void Decide(JournalFinding finding, VersionJournal.Entry? old, VersionJournal.Entry? changed)
    {
        if (finding.Repair is null)
        {
            left.Add(finding);
        }
        else
        {
            Mend(finding, old, changed);
        }
    }

    private bool Mend(JournalFinding finding, VersionJournal.Entry? old, VersionJournal.Entry? changed, MigrationScript? stamp = null)
    {
        if (!IsSelected(finding.Fault))
        {
            left.Add(finding);
            return false;
        }

        edits.Add(new RowEdit(finding, old, changed, stamp));
        return true;
    }

    private bool IsSelected(JournalFault fault) => options.Only.Count == 0 || options.Only.Contains(fault);

    private static JournalFinding Finding(VersionJournal.Entry row, JournalFault fault, string message) =>
        new(row.Set, row.Version, row.Name, fault, message, JournalFinding.RepairCommand);

    private static string Named(VersionJournal.Entry row) => JournalFindings.Named(row.Set, row.Name);

    private static string Named(MigrationScript script) => JournalFindings.Named(script.Set, script.Name);
}
