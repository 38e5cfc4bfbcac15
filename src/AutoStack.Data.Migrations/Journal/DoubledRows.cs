namespace AutoStack.Data.Migrations.Internal;

/// <summary>Rows of one set with a version or name that another row has, too: the journal has lost its keys.</summary>
internal static class DoubledRows
{
    /// <summary>The rows in the order of their right to stay: those of a given script, then the oldest.</summary>
    public static IEnumerable<VersionJournal.Entry> InOrder(IEnumerable<VersionJournal.Entry> rows, ScriptSet? set) =>
        rows.OrderBy(row => !IsOf(set, row)).ThenBy(row => row.AppliedAt);

    /// <summary>The first row of each version and name, and the others.</summary>
    public static (IReadOnlyList<VersionJournal.Entry> Single, IReadOnlyList<VersionJournal.Entry> Doubled) Split(
        IEnumerable<VersionJournal.Entry> rows, ScriptSet? set)
    {
        var (single, doubled) = (new List<VersionJournal.Entry>(), new List<VersionJournal.Entry>());
        foreach (var row in InOrder(rows, set))
        {
            (single.Exists(other => AreOne(other, row)) ? doubled : single).Add(row);
        }

        return (single, doubled);
    }

    /// <summary>True when two rows have one name or version.</summary>
    public static bool AreOne(VersionJournal.Entry first, VersionJournal.Entry second) =>
        first.Name == second.Name || (first.Version == second.Version && first.Version > 0);

    /// <summary>True for the row of a given script, unchanged.</summary>
    public static bool IsOf(ScriptSet? set, VersionJournal.Entry row) => set?.Scripts.Concat(set.Repeatables)
        .Any(s => s.Version == row.Version && s.Name == row.Name && s.Checksum == row.Checksum) == true;

    /// <summary>The fault of a row that is not the first one.</summary>
    public static JournalFinding Finding(VersionJournal.Entry row) => new(row.Set, row.Version, row.Name, JournalFault.Doubled,
        $"The journal has {JournalFindings.Named(row.Set, row.Name)} several times; one row is of {row.AppliedAt:yyyy-MM-dd HH:mm:ss} UTC.",
        JournalFinding.RepairCommand);
}
