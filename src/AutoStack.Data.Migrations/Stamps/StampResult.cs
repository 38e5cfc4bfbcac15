namespace AutoStack.Data.Migrations;

/// <summary>What a stamp changed in the journal.</summary>
/// <param name="FromVersion">The highest version in the journal before; 0 for none.</param>
/// <param name="ToVersion">The version after.</param>
/// <param name="Added">The names of the scripts that the journal now records as applied, in order.</param>
/// <param name="Removed">The names of the scripts that the journal no longer records as applied, newest first.</param>
public sealed record StampResult(int FromVersion, int ToVersion, IReadOnlyList<string> Added, IReadOnlyList<string> Removed)
{
    /// <summary>The name of the script set.</summary>
    public string Set { get; init; } = ScriptSet.CoreName;
}
