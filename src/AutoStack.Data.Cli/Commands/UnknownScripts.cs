using System.CommandLine;
using AutoStack.Data.Cli.Lint;
using AutoStack.Data.Migrations;
using Spectre.Console;

namespace AutoStack.Data.Cli.Commands;

/// <summary>Names the scripts of <c>scripts/sql</c> that no upgrade runs, because neither the package nor a given set has them.</summary>
internal static class UnknownScripts
{
    private const int MaxNamed = 3;

    /// <summary>Warns on standard error; silent without such scripts, or when they cannot be read.</summary>
    public static void Warn(Session session, ParseResult parsed)
    {
        if (ScriptFolder.FindFolder(session.Host.Directory) is not { } folder
            || session.GivenSets(parsed).Folders.Any(f => Path.TrimEndingDirectorySeparator(f.Value) == folder))
        {
            return;
        }

        var known = SchemaMigrator.Scripts.SelectMany(s => new[] { s.Up, s.Down }).ToDictionary(s => s.FileName, s => s.Sql);
        var unknown = Read(folder)
            .Where(file => known.GetValueOrDefault(file.Key) != MigrationScript.WithLineFeeds(file.Value))
            .Select(file => file.Key).ToList();
        if (unknown.Count > 0)
        {
            session.Error.WriteLine(
                $"{Path.GetRelativePath(session.Host.Directory, folder)} has scripts that this tool does not contain, " +
                "and they do not run: " +
                $"{string.Join(", ", unknown.Take(MaxNamed))}{(unknown.Count > MaxNamed ? ", …" : "")}. " +
                "The scripts of a service are a set of their own: upgrade --scripts NAME=FOLDER.",
                new Style(Color.Yellow));
        }
    }

    private static IReadOnlyList<KeyValuePair<string, string>> Read(string folder)
    {
        try
        {
            return ScriptFolder.Read(folder);
        }
        catch (CliException)
        {
            return [];
        }
    }
}
