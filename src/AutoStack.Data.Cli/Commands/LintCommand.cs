using System.CommandLine;
using AutoStack.Data.Cli.Lint;

namespace AutoStack.Data.Cli.Commands;

/// <summary><c>lint [FILE…]</c>: reports dangerous statements in scripts. Works without a database.</summary>
internal static class LintCommand
{
    public static Command Create(Session session)
    {
        var files = new Argument<string[]>("file")
        {
            Description =
                "Scripts, or folders of scripts. Default: scripts/sql here or in a parent folder, else the scripts of this package.",
            HelpName = "FILE",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var set = SetOption.Create("Checks the scripts of this set, whose folder --scripts or the configuration file names.");
        var command = new Command("lint", "Reports dangerous statements in scripts, each with the safer form.") { files, set };
        command.SetAction(parsed =>
        {
            var report = Run(session, Given(session, parsed, parsed.GetValue(files) ?? [], parsed.GetValue(set)));
            session.Results.Linted(report);
            return report.Findings.Count == 0 ? ExitCode.Done : ExitCode.Failed;
        });
        return command;
    }

    // Without an argument: scripts/sql, and the folder of every set that is given.
    private static string[] Given(Session session, ParseResult parsed, string[] files, string? set)
    {
        var sets = session.GivenSets(parsed);
        return set is not null
            ? files is [] ? [sets.FolderOf(set)] : throw Failure.Usage("--set and files exclude each other.")
            : files is not [] ? files
            : [.. new[] { ScriptFolder.FindFolder(session.Host.Directory) }.OfType<string>().Concat(sets.Folders.Select(f => f.Value))];
    }

    private static LintReport Run(Session session, string[] given)
    {
        if (given is [])
        {
            var embedded = ScriptFolder.Embedded();
            return new LintReport(null, embedded.FileNames.Count(), [.. embedded.FileNames.SelectMany(embedded.Lint)]);
        }

        var sets = new Dictionary<string, ScriptFolder>(StringComparer.Ordinal);
        var files = new SortedSet<(string Folder, string Name)>();
        foreach (var argument in given)
        {
            var path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(argument, session.Host.Directory));
            var folder = Directory.Exists(path) ? path : Path.GetDirectoryName(path)!;
            if (folder != path && !File.Exists(path))
            {
                // An argument that does not look like a path may be a misplaced password.
                var isPath = Path.IsPathFullyQualified(argument)
                    || argument.EndsWith(".sql", StringComparison.Ordinal) || argument.Contains('/', StringComparison.Ordinal);
                throw Failure.Usage(session.Masked(isPath ? $"The file {argument} does not exist." : "The given file does not exist."));
            }

            if (!sets.TryGetValue(folder, out var set))
            {
                sets.Add(folder, set = new ScriptFolder(ScriptFolder.Read(folder)));
            }

            var names = folder == path ? set.FileNames : [Path.GetFileName(path)];
            if (names.FirstOrDefault(name => !name.EndsWith(".sql", StringComparison.Ordinal)) is { } other)
            {
                throw Failure.Usage($"{other} is not a script: the name of a script ends in .sql.");
            }

            files.UnionWith(names.Select(name => (folder, name)));
        }

        var findings = files.SelectMany(file => sets[file.Folder].Lint(file.Name)
            .Select(finding => finding with { File = Path.GetRelativePath(session.Host.Directory, Path.Combine(file.Folder, file.Name)) }));
        return new LintReport(string.Join(", ", sets.Keys.Select(Shown)), files.Count, [.. findings]);

        // A path that consists of dots alone is shown in full.
        string Shown(string folder) =>
            Path.GetRelativePath(session.Host.Directory, folder) is var relative
            && relative.Trim('.', Path.DirectorySeparatorChar).Length == 0 ? folder : relative;
    }
}
