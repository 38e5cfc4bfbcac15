using AutoStack.Data.Migrations.Internal;

namespace AutoStack.Data.Migrations;

/// <summary>The versions of a database.</summary>
/// <param name="CurrentVersion">The highest applied version; 0 for none.</param>
/// <param name="HeadVersion">The newest version of this package.</param>
/// <param name="Versions">Every version, the first one first.</param>
public sealed record SchemaHistory(int CurrentVersion, int HeadVersion, IReadOnlyList<VersionStatus> Versions)
{
    /// <summary>True when the database has every script of this package, unchanged, and no other.</summary>
    public bool IsUpToDate => Versions.All(v => v.State == VersionState.Applied);

    /// <summary>The journal's entries, in order, beside the scripts of the package.</summary>
    internal static SchemaHistory Of(IReadOnlyList<VersionJournal.Entry> applied, IReadOnlyList<MigrationScript> scripts)
    {
        var entries = applied.ToDictionary(e => e.Version);
        var versions = scripts
            .Select(script => entries.Remove(script.Version, out var entry)
                ? Status(entry, entry.Checksum == script.Checksum ? VersionState.Applied : VersionState.Changed)
                : new VersionStatus(script.Version, script.Name, VersionState.Pending, script.Checksum, null, null, null, null))
            .Concat(entries.Values.OrderBy(e => e.Version).Select(entry => Status(entry, VersionState.Unknown)))
            .ToList();
        return new SchemaHistory(applied.Count == 0 ? 0 : applied[^1].Version, scripts.Count, versions);

        static VersionStatus Status(VersionJournal.Entry e, VersionState state) =>
            new(e.Version, e.Name, state, e.Checksum, e.AppliedAt, e.Duration, e.AppliedBy, e.ToolVersion);
    }
}

/// <summary>One version: its script, and its row in the journal.</summary>
/// <param name="Version">The number.</param>
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
    string? ToolVersion);

/// <summary>The state of one version in a database.</summary>
public enum VersionState
{
    /// <summary>The version is not applied.</summary>
    Pending,

    /// <summary>The version is applied.</summary>
    Applied,

    /// <summary>The version is applied, and the package's script has another text than the applied one.</summary>
    Changed,

    /// <summary>A newer package applied the version: this package has no such script.</summary>
    Unknown,
}
