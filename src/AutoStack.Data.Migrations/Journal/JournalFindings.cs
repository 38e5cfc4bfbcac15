namespace AutoStack.Data.Migrations.Internal;

/// <summary>
/// Finds what is wrong with the rows of one set, by its scripts alone: whether objects exist is for a repair to find out.
/// </summary>
internal static class JournalFindings
{
    public static IEnumerable<JournalFinding> Of(SetHistory history)
    {
        foreach (var doubled in history.Doubled)
        {
            yield return doubled;
        }

        if (history.Kind == ScriptSetKind.NotGiven)
        {
            yield break;
        }

        // After a row that no script has, every later script would look like a gap.
        var newest = history.Versions.Where(v => v.State is VersionState.Applied or VersionState.Changed).Select(v => v.Version)
            .DefaultIfEmpty().Max();
        foreach (var version in history.Versions)
        {
            switch (version.State)
            {
                case VersionState.Pending when version.Version > 0 && version.Version < newest:
                    yield return Finding(version, JournalFault.Gap,
                        $"{Named(version)} is missing in the journal, which has later versions.", JournalFinding.RepairCommand);
                    break;
                case VersionState.Changed:
                    yield return Changed(version);
                    break;
                case VersionState.Unknown:
                    yield return Unknown(history, version);
                    break;
                case VersionState.Applied when version.ScriptName != version.Name:
                    yield return Finding(version, JournalFault.Renamed,
                        $"The journal calls {version.ScriptName} by another name: {Named(version)}.", JournalFinding.RepairCommand);
                    break;
            }
        }
    }

    /// <summary>The finding of a journal without one of its keys.</summary>
    public static JournalFinding LostKeys { get; } = new(ScriptSet.CoreName, 0, "schema_versions", JournalFault.LostKeys,
        $"The journal {VersionJournal.Table} has lost a unique key, which keeps rows from being doubled.", JournalFinding.RepairCommand);

    /// <summary>The finding of a script with another text than the applied one.</summary>
    public static JournalFinding Changed(VersionStatus version) => Finding(version, JournalFault.Changed,
        $"{Named(version)}.sql was changed after it was applied.", JournalFinding.Only(JournalFault.Changed)) with
    {
        Advice = "Restore the released text, and write a correction as a new script. If the change is to comments or layout only, " +
            "record the new checksum.",
    };

    /// <summary>The finding of a version that the given scripts do not have.</summary>
    public static JournalFinding Unknown(SetHistory history, VersionStatus version) => Finding(version, JournalFault.Unknown,
        history.Kind == ScriptSetKind.Service
            ? $"{Named(version)} is applied and not among the given scripts: use the newer ones."
            : $"{Named(version)} is unknown to this tool, which therefore does not know the right schema: use a newer release.",
        JournalFinding.Only(JournalFault.Unknown)) with
    {
        Advice = "If no release wrote the row, remove it.",
    };

    /// <summary>The name of a script, after that of its set unless it is the core.</summary>
    public static string Named(VersionStatus version) => Named(version.Set, version.Name);

    /// <inheritdoc cref="Named(VersionStatus)"/>
    public static string Named(string set, string name) => Visible.Text(set == ScriptSet.CoreName ? name : $"{set}/{name}");

    private static JournalFinding Finding(VersionStatus version, JournalFault fault, string message, string command) =>
        new(version.Set, version.Version, version.Name, fault, message, command);
}
