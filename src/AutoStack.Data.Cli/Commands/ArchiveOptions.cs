using System.CommandLine;
using AutoStack.Data.Archives;

namespace AutoStack.Data.Cli.Commands;

/// <summary>The folder of archives, by an option or a variable.</summary>
internal static class ArchiveOptions
{
    public const string Variable = "AUTOSTACK_ARCHIVE";

    public static Option<string?> Folder(string name, string what) => new(name)
    {
        Description = $"{what} Default: {Variable}.",
        HelpName = "FOLDER",
    };

    /// <summary>The store of the folder that is given.</summary>
    /// <exception cref="CliException">No folder is given, or it is not a path.</exception>
    public static FolderArchiveStore Store(Session session, ParseResult parsed, Option<string?> option)
    {
        var folder = parsed.GetValue(option) is { } given ? given : session.Host.Environment(Variable);
        if (string.IsNullOrWhiteSpace(folder))
        {
            throw Failure.Usage($"No folder of archives is given. Use {option.Name} or {Variable}.");
        }

        try
        {
            return new FolderArchiveStore(Path.GetFullPath(folder, session.Host.Directory));
        }
        catch (ArgumentException exception)
        {
            throw Failure.Usage($"{option.Name} is not a path: {exception.Message}");
        }
    }
}
