using AutoStack.Data.Migrations.Internal;

namespace AutoStack.Data.Migrations;

/// <summary>The versions of a database, set by set.</summary>
/// <param name="Sets">
/// The core, the enabled features by name, the given sets of services, and the sets of the journal that were not given.
/// </param>
public sealed record SchemaHistory(IReadOnlyList<SetHistory> Sets)
{
    /// <summary>The versions of the core.</summary>
    public SetHistory Core => Sets[0];

    /// <summary>The highest applied version of the core; 0 for none.</summary>
    public int CurrentVersion => Core.CurrentVersion;

    /// <summary>The newest version of the core in this package.</summary>
    public int HeadVersion => Core.HeadVersion;

    /// <summary>Every version of the core, the first one first.</summary>
    public IReadOnlyList<VersionStatus> Versions => Core.Versions;

    /// <summary>True when the database has every script of the given sets, unchanged, and no other version of them.</summary>
    public bool IsUpToDate => Sets.All(set => set.IsUpToDate);

    /// <summary>What is wrong with the journal, set by set; empty when nothing. A check finds the same.</summary>
    public IReadOnlyList<JournalFinding> Findings =>
        [.. Sets.SelectMany(JournalFindings.Of), .. LacksKeys ? [JournalFindings.LostKeys] : Array.Empty<JournalFinding>()];

    /// <summary>True when the journal has lost its primary or unique key.</summary>
    internal bool LacksKeys { get; init; }

    /// <summary>The versions of a set; null when the database does not have the set and it was not given.</summary>
    internal SetHistory? Find(string set) => Sets.FirstOrDefault(s => s.Set == set);

    /// <summary>The journal's entries beside the scripts of the sets. A feature without an entry is not enabled and left out.</summary>
    internal static SchemaHistory Of(IReadOnlyList<VersionJournal.Entry> applied, IReadOnlyList<ScriptSet> sets)
    {
        var entries = applied.ToLookup(e => e.Set);
        var known = sets.Where(set => set.Kind != ScriptSetKind.Feature || entries.Contains(set.Name))
            .Select(set => SetHistory.Of(set, [.. entries[set.Name]]));
        var others = entries.Where(group => sets.All(set => set.Name != group.Key)).OrderBy(group => group.Key, StringComparer.Ordinal)
            .Select(group => SetHistory.NotGiven(group.Key, [.. group]));
        return new SchemaHistory([.. known, .. others]);
    }
}

/// <summary>The versions that a database has of one script set.</summary>
/// <param name="Set">The name of the set.</param>
/// <param name="Kind">Where the set comes from.</param>
/// <param name="CurrentVersion">The highest applied version; 0 for none.</param>
/// <param name="HeadVersion">The newest version of the set; the applied one when its scripts were not given.</param>
/// <param name="Versions">Every version, the first one first; then the repeatable scripts, by name.</param>
public sealed record SetHistory(
    string Set, ScriptSetKind Kind, int CurrentVersion, int HeadVersion, IReadOnlyList<VersionStatus> Versions)
{
    /// <summary>True when the journal lacks a version below the current one, as after an edit by hand.</summary>
    public bool HasGap => Versions.Any(v => v is { State: VersionState.Pending, Version: > 0 } && v.Version < CurrentVersion);

    /// <summary>True when every script is applied, unchanged, and the database has no other version of the set.</summary>
    public bool IsUpToDate => Versions.All(v => v.State is VersionState.Applied or VersionState.Retired or VersionState.NotGiven);

    /// <summary>The rows that a version or name has besides its first one; empty while the journal has its keys.</summary>
    internal IReadOnlyList<JournalFinding> Doubled { get; init; } = [];

    internal static SetHistory Of(ScriptSet set, IReadOnlyList<VersionJournal.Entry> applied)
    {
        (applied, var doubled) = DoubledRows.Split(applied, set);
        var entries = applied.ToDictionary(e => e.Name);
        var numbers = applied.Where(e => e.Version > 0).ToDictionary(e => e.Version);
        var versions = set.Scripts
            .Select(script => numbers.Remove(script.Version, out var entry)
                ? Status(entry, entry.Checksum == script.Checksum ? VersionState.Applied : VersionState.Changed) with
                {
                    ScriptName = script.Name,
                }
                : Pending(script))
            .Concat(numbers.Values.OrderBy(e => e.Version).Select(entry => Status(entry, VersionState.Unknown)))
            .Concat(set.Repeatables.Select(script => entries.Remove(script.Name, out var entry) && entry.Checksum == script.Checksum
                ? Status(entry, VersionState.Applied)
                : Pending(script)))
            .Concat(entries.Values.Where(e => e.Version == 0).OrderBy(e => e.Name, StringComparer.Ordinal)
                .Select(entry => Status(entry, VersionState.Retired)))
            .ToList();
        return new SetHistory(set.Name, set.Kind, Highest(applied), set.Scripts.Count, versions)
        {
            Doubled = [.. doubled.Select(DoubledRows.Finding)],
        };

        static VersionStatus Pending(MigrationScript script) =>
            new(script.Version, script.Name, VersionState.Pending, script.Checksum, null, null, null, null)
            {
                Set = script.Set,
                ScriptName = script.Name,
            };
    }

    internal static SetHistory NotGiven(string set, IReadOnlyList<VersionJournal.Entry> applied)
    {
        (applied, var doubled) = DoubledRows.Split(applied, set: null);
        return new SetHistory(set, ScriptSetKind.NotGiven, Highest(applied), Highest(applied),
            [.. applied.OrderBy(e => e.Version == 0).ThenBy(e => e.Version).Select(e => Status(e, VersionState.NotGiven))])
        {
            Doubled = [.. doubled.Select(DoubledRows.Finding)],
        };
    }

    private static int Highest(IReadOnlyList<VersionJournal.Entry> applied) => applied.Select(e => e.Version).DefaultIfEmpty().Max();

    private static VersionStatus Status(VersionJournal.Entry e, VersionState state) =>
        new(e.Version, e.Name, state, e.Checksum, e.AppliedAt, e.Duration, e.AppliedBy, e.ToolVersion)
        {
            Set = e.Set,
            ScriptName = e.Name,
            IsStamped = e.IsStamped,
        };
}

/// <summary>One version: its script, and its row in the journal.</summary>
/// <param name="Version">The number; 0 for a repeatable script.</param>
/// <param name="Name">The name of the script, for example <c>0001_initial_schema</c>.</param>
/// <param name="State">Whether the version is applied.</param>
/// <param name="Checksum">SHA-256 of the script: the journal's when applied, otherwise the package's.</param>
/// <param name="AppliedAt">When the script was applied, in UTC; null while pending.</param>
/// <param name="Duration">How long the script took; null while pending.</param>
/// <param name="AppliedBy">The database role that applied the script; null while pending.</param>
/// <param name="ToolVersion">The version of the package that applied the script; null while pending.</param>
public sealed record VersionStatus(
    int Version,
    string Name,
    VersionState State,
    string Checksum,
    DateTimeOffset? AppliedAt,
    TimeSpan? Duration,
    string? AppliedBy,
    string? ToolVersion)
{
    /// <summary>The name of the script set.</summary>
    public string Set { get; init; } = ScriptSet.CoreName;

    /// <summary>
    /// True when the journal records the version without a run of its script: a stamp, an adoption or a repair added the row.
    /// </summary>
    public bool IsStamped { get; init; }

    /// <summary>The name of the given script, when the journal has another one; otherwise <see cref="Name"/>.</summary>
    internal string ScriptName { get; init; } = Name;
}

/// <summary>The state of one version in a database.</summary>
public enum VersionState
{
    /// <summary>The version is not applied, or the text of a repeatable script has changed since.</summary>
    Pending,

    /// <summary>The version is applied.</summary>
    Applied,

    /// <summary>The version is applied, and the package's script has another text than the applied one.</summary>
    Changed,

    /// <summary>A newer package, or newer scripts of a service, applied the version: the given set has no such script.</summary>
    Unknown,

    /// <summary>A repeatable script that the set no longer has. What the script created stays.</summary>
    Retired,

    /// <summary>The version is applied, and the scripts of its set were not given.</summary>
    NotGiven,
}

/// <summary>An optional feature of this package, and its version in a database.</summary>
/// <param name="Name">The name of the feature, which is that of its script set.</param>
/// <param name="Description">What the feature does, in one line.</param>
/// <param name="CurrentVersion">The applied version; 0 while the feature is not enabled.</param>
/// <param name="HeadVersion">The newest version.</param>
public sealed record FeatureStatus(string Name, string Description, int CurrentVersion, int HeadVersion)
{
    /// <summary>True when the database has the feature.</summary>
    public bool IsEnabled => CurrentVersion > 0;
}
