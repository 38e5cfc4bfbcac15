using AutoStack.Data.Monitoring;

namespace AutoStack.Data.Cli.Backups;

/// <summary>What a rehearsal of a backup did and found.</summary>
/// <param name="Target">The backup, and how far it was recovered.</param>
/// <param name="Steps">The steps that were made, in their order.</param>
/// <param name="Rows">The rows of every table; empty when the rehearsal did not come so far.</param>
/// <param name="Findings">What is wrong.</param>
/// <param name="IsRecorded">Whether the backup was marked as rehearsed.</param>
internal sealed record RehearsalReport(
    RecoveryTarget Target,
    IReadOnlyList<RehearsalStep> Steps,
    IReadOnlyList<TableRows> Rows,
    IReadOnlyList<Finding> Findings,
    bool IsRecorded);

/// <summary>A step of a rehearsal.</summary>
/// <param name="Name">restore, recovery, rows, check or verify.</param>
/// <param name="Duration">How long it took.</param>
/// <param name="Result">What came out of it.</param>
internal sealed record RehearsalStep(string Name, TimeSpan Duration, string Result);

/// <summary>The rows of a table.</summary>
/// <param name="Table">The table.</param>
/// <param name="Recorded">How many it had when the rows of the backup were counted; null when that is not known.</param>
/// <param name="Restored">How many it has in the restored server; null when it is not there, or could not be counted.</param>
internal sealed record TableRows(string Table, long? Recorded, long? Restored);
