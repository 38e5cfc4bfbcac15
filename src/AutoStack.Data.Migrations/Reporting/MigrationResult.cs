namespace AutoStack.Data.Migrations;

/// <summary>What a migration did.</summary>
/// <param name="FromVersion">The version of the first set before; 0 for an empty database.</param>
/// <param name="ToVersion">The version of the first set after.</param>
/// <param name="Steps">The scripts that ran, in order; empty when no script was pending.</param>
public sealed record MigrationResult(int FromVersion, int ToVersion, IReadOnlyList<AppliedStep> Steps)
{
    /// <summary>The versions of each set of the run; the first one is that of the other members.</summary>
    public IReadOnlyList<SetVersions> Sets { get; init; } = [new(ScriptSet.CoreName, FromVersion, ToVersion)];
}

/// <summary>The versions of a script set before and after a run.</summary>
/// <param name="Set">The name of the set.</param>
/// <param name="FromVersion">The version before; 0 for none.</param>
/// <param name="ToVersion">The version after.</param>
public sealed record SetVersions(string Set, int FromVersion, int ToVersion);

/// <summary>One script that ran.</summary>
/// <param name="Version">The version that the script applied or reverted; 0 for a step of an adoption, and a repeatable script.</param>
/// <param name="FileName">The file, for example <c>0001_initial_schema.sql</c>.</param>
/// <param name="Sql">The text that ran.</param>
/// <param name="Duration">How long the script took, including waits for locks and pauses between attempts.</param>
public sealed record AppliedStep(int Version, string FileName, string Sql, TimeSpan Duration)
{
    /// <summary>The name of the script set.</summary>
    public string Set { get; init; } = ScriptSet.CoreName;

    /// <summary>The attempts that another session blocked, in order; empty when the first attempt succeeded.</summary>
    public IReadOnlyList<StepRetrying> Retries { get; init; } = [];
}
