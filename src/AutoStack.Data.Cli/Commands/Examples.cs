using System.CommandLine;

namespace AutoStack.Data.Cli.Commands;

/// <summary>Examples and exit codes of a verb, for its help.</summary>
/// <param name="Lines">What an example does, and its command line.</param>
/// <param name="ExitCodes">The numbers, in ascending order, and what they mean.</param>
internal sealed partial record Examples(
    IReadOnlyList<(string What, string Line)> Lines, IReadOnlyList<(int Number, string Meaning)> ExitCodes)
{
    private const string Done = "done, or nothing to do";
    private const string Ran = "failed; no script is half-applied";
    private const string Read = "failed; nothing was changed";

    private static readonly (int, string) Usage = (ExitCode.Usage, "wrong usage");
    private static readonly (int, string) Changed = (ExitCode.Changed, "a script was changed after it was applied");
    private static readonly (int, string) Locked = (ExitCode.Locked, "another migrator held the lock for too long");
    private static readonly (int, string) NoConnection =
        (ExitCode.NoConnection, "the database cannot be reached, or a pooler shares its sessions");

    // No other file of this class has a field with a value: the order of files would decide which comes first.
    private static readonly Dictionary<string, Examples> All =
        new([.. OfSchema, .. OfRows, .. OfServer], StringComparer.Ordinal);

    /// <summary>Those of a verb; null for one that only groups others.</summary>
    public static Examples? Of(Command command) => All.GetValueOrDefault(PathOf(command));

    /// <summary>The words that name a verb, without the program.</summary>
    public static string PathOf(Command command) =>
        string.Join(' ', command.Parents.OfType<Command>().Where(parent => parent is not RootCommand).Select(parent => parent.Name)
            .Append(command.Name));
}
