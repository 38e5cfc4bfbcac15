namespace AutoStack.Data.Migrations;

/// <summary>What a migration did.</summary>
/// <param name="FromVersion">The version before, 0 for an empty database.</param>
/// <param name="ToVersion">The version after.</param>
/// <param name="Steps">The scripts that ran, in order; empty when there was nothing to do.</param>
public sealed record MigrationReport(int FromVersion, int ToVersion, IReadOnlyList<AppliedStep> Steps);

/// <summary>One script that ran.</summary>
/// <param name="Version">The version that the script brought about or took back.</param>
/// <param name="FileName">The file, for example <c>0001_initial_schema.sql</c>.</param>
/// <param name="Sql">The text that ran.</param>
/// <param name="Duration">How long it took, waiting for locks included.</param>
public sealed record AppliedStep(int Version, string FileName, string Sql, TimeSpan Duration)
{
    /// <summary>The attempts that failed because somebody was in the way, in order; empty when the first one succeeded.</summary>
    public IReadOnlyList<StepRetrying> Retries { get; init; } = [];
}

/// <summary>What a stamp changed in the journal.</summary>
/// <param name="FromVersion">The highest version in the journal before, 0 for none.</param>
/// <param name="ToVersion">The version after.</param>
/// <param name="Added">The names of the scripts that count as applied from now on, in order.</param>
/// <param name="Removed">The names of those that no longer do, newest first.</param>
public sealed record StampReport(int FromVersion, int ToVersion, IReadOnlyList<string> Added, IReadOnlyList<string> Removed);

/// <summary>The state of one version in a database.</summary>
public enum VersionState
{
    /// <summary>Not applied.</summary>
    Pending,

    /// <summary>Applied.</summary>
    Applied,

    /// <summary>Applied, and its script changed since.</summary>
    Changed,

    /// <summary>Applied by a newer package: this one has no such script.</summary>
    Unknown,
}

/// <summary>One version: the script, and what the journal says of it.</summary>
/// <param name="Version">The number.</param>
/// <param name="Name">For example <c>0001_initial_schema</c>.</param>
/// <param name="State">Whether it is applied.</param>
/// <param name="Checksum">SHA-256 of the script: the journal's when applied, else the package's.</param>
/// <param name="AppliedAt">When; null while pending.</param>
/// <param name="Duration">How long it took; null while pending.</param>
/// <param name="AppliedBy">The database role that applied it; null while pending.</param>
/// <param name="ToolVersion">The version of the package that applied it; null while pending.</param>
public sealed record VersionStatus(
    int Version,
    string Name,
    VersionState State,
    string Checksum,
    DateTimeOffset? AppliedAt,
    TimeSpan? Duration,
    string? AppliedBy,
    string? ToolVersion);

/// <summary>The versions of a database.</summary>
/// <param name="CurrentVersion">The highest applied version, 0 for none.</param>
/// <param name="HeadVersion">The newest version that this package has a script for.</param>
/// <param name="Versions">Every version, the first one first.</param>
public sealed record SchemaHistory(int CurrentVersion, int HeadVersion, IReadOnlyList<VersionStatus> Versions)
{
    /// <summary>True when every script of this package is applied unchanged and nothing else is.</summary>
    public bool IsUpToDate => Versions.All(v => v.State == VersionState.Applied);
}
