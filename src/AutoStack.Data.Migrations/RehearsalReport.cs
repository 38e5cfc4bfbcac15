namespace AutoStack.Data.Migrations;

/// <summary>What a rehearsal ran, all of it rolled back.</summary>
/// <param name="FromVersion">The version of the database, before and after.</param>
/// <param name="ToVersion">The version that was rehearsed.</param>
/// <param name="Steps">The scripts, in order.</param>
public sealed record RehearsalReport(int FromVersion, int ToVersion, IReadOnlyList<RehearsedStep> Steps);

/// <summary>One script of a rehearsal.</summary>
/// <param name="Version">Its version.</param>
/// <param name="FileName">Its file.</param>
/// <param name="Way">Whether it ran as it is written.</param>
/// <param name="Sql">The text that ran; null when it was skipped.</param>
/// <param name="Duration">How long it took, waiting for locks included; zero when it was skipped.</param>
public sealed record RehearsedStep(int Version, string FileName, RehearsalWay Way, string? Sql, TimeSpan Duration);

/// <summary>How a script is rehearsed.</summary>
public enum RehearsalWay
{
    /// <summary>As it is written.</summary>
    AsWritten,

    /// <summary>
    /// In a form that a transaction takes: an index built or dropped without CONCURRENTLY, a block without its COMMITs. It finds the same
    /// duplicates and takes stronger locks.
    /// </summary>
    InTransaction,

    /// <summary>Not at all: no transaction takes it. Scripts after it may miss what it would have done.</summary>
    Skipped,
}
