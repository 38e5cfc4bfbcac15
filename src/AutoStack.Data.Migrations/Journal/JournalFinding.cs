namespace AutoStack.Data.Migrations;

/// <summary>A row of the journal that is wrong or missing, and the command that mends it.</summary>
/// <param name="Set">The name of the script set.</param>
/// <param name="Version">The version of the row; 0 for a repeatable script, and for the journal itself.</param>
/// <param name="Name">The name of the script, for example <c>0001_initial_schema</c>.</param>
/// <param name="Fault">What is wrong.</param>
/// <param name="Message">What is wrong, in a sentence.</param>
/// <param name="Command">The command that mends it, for example <c>autostack-db repair</c>.</param>
public sealed record JournalFinding(string Set, int Version, string Name, JournalFault Fault, string Message, string Command)
{
    /// <summary>The command that mends what can be decided without a person.</summary>
    internal const string RepairCommand = "autostack-db repair";

    /// <summary>What the repair does, in a sentence; null when the repair cannot or may not decide: see <see cref="Advice"/>.</summary>
    public string? Repair { get; init; }

    /// <summary>What a person has to decide or do, in a sentence; null when nothing.</summary>
    public string? Advice { get; init; }

    /// <summary>The command that mends a fault by a person's decision.</summary>
    internal static string Only(JournalFault fault) => $"{RepairCommand} --only {Word(fault)}";

    /// <summary>The fault as a word of the console: <c>lostKeys</c>.</summary>
    internal static string Word(JournalFault fault) => System.Text.Json.JsonNamingPolicy.CamelCase.ConvertName(fault.ToString());
}

/// <summary>What can be wrong with a row of the journal.</summary>
public enum JournalFault
{
    /// <summary>A version is missing, and the journal has later ones.</summary>
    Gap,

    /// <summary>The journal has a version or a name several times.</summary>
    Doubled,

    /// <summary>The journal has lost its primary or unique key, which keep rows from being doubled.</summary>
    LostKeys,

    /// <summary>The given script has another text than the applied one.</summary>
    Changed,

    /// <summary>The script that was applied has another name or number now.</summary>
    Renamed,

    /// <summary>No given script has the version.</summary>
    Unknown,
}
