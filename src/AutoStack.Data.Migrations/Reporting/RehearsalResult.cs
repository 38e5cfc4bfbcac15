namespace AutoStack.Data.Migrations;

/// <summary>What a rehearsal ran and rolled back.</summary>
/// <param name="FromVersion">The version of the first set, before and after.</param>
/// <param name="ToVersion">The version of the first set that was rehearsed.</param>
/// <param name="Steps">The scripts, in order.</param>
public sealed record RehearsalResult(int FromVersion, int ToVersion, IReadOnlyList<RehearsedStep> Steps)
{
    /// <summary>The versions of each set; the first one is that of the other members.</summary>
    public IReadOnlyList<SetVersions> Sets { get; init; } = [new(ScriptSet.CoreName, FromVersion, ToVersion)];

    /// <summary>Why the rehearsal could not reach its last script, as a sentence; null when it did.</summary>
    public string? EndedEarly { get; init; }

    /// <summary>The tables whose readers or writers the rehearsal stopped, the longest stop first.</summary>
    public IReadOnlyList<TableStop> Stops { get; init; } = [];
}

/// <summary>How long a rehearsal kept others from a table. The start is that of the script that took the lock: an upper bound.</summary>
/// <param name="Table">The table, with its schema unless that is <c>public</c>.</param>
/// <param name="Readers">How long readers would have waited; zero when they could continue.</param>
/// <param name="Writers">How long writers would have waited.</param>
public sealed record TableStop(string Table, TimeSpan Readers, TimeSpan Writers);

/// <summary>One script of a rehearsal.</summary>
/// <param name="Version">The version of the script.</param>
/// <param name="FileName">The file of the script.</param>
/// <param name="Outcome">Whether the script ran as written.</param>
/// <param name="Sql">The text that ran; null when the script was skipped.</param>
/// <param name="Duration">How long the script took, including waits for locks; zero when it was skipped.</param>
public sealed record RehearsedStep(int Version, string FileName, RehearsalOutcome Outcome, string? Sql, TimeSpan Duration)
{
    /// <summary>The name of the script set.</summary>
    public string Set { get; init; } = ScriptSet.CoreName;
}

/// <summary>How a script was rehearsed.</summary>
public enum RehearsalOutcome
{
    /// <summary>The script ran as written.</summary>
    AsWritten,

    /// <summary>
    /// The script ran in a form that a transaction allows: an index was created or dropped without CONCURRENTLY, a block ran without its
    /// COMMITs. This form finds the same duplicates and takes stronger locks.
    /// </summary>
    InTransaction,

    /// <summary>
    /// The script did not run, because a transaction allows no form of it. Later scripts may miss what it would have created.
    /// </summary>
    Skipped,

    /// <summary>
    /// The script could not be rehearsed, because it, or a script before it, uses a value of an enum that an earlier script adds: a
    /// transaction that adds a value cannot use it. An upgrade commits in between, so that this is no failure.
    /// </summary>
    CannotBeRehearsed,
}
