using System.CommandLine;
using AutoStack.Data.Cli.Lint;

namespace AutoStack.Data.Cli.Commands;

/// <summary><c>lint [FILE…]</c>: names what is dangerous in scripts. Needs no database.</summary>
internal static class LintCommand
{
    public static Command Create(Session session)
    {
        var files = new Argument<string[]>("file")
        {
            Description = "Scripts, or folders of scripts. Without one: scripts/sql here or above, else the scripts of this package.",
            HelpName = "FILE",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var command = new Command("lint", "Names dangerous statements in scripts, each with the safer form.") { files };
        command.SetAction(parsed =>
        {
            var report = Run(session, parsed.GetValue(files) ?? []);
            session.Results.Linted(report);
            return report.Findings.Count == 0 ? ExitCode.Done : ExitCode.Failed;
        });
        return command;
    }

    private static LintReport Run(Session session, string[] given)
    {
        if (given is [] && ScriptSet.FindFolder(session.Host.Directory) is { } found)
        {
            given = [found];
        }
        else if (given is [])
        {
            var embedded = ScriptSet.Embedded();
            return new LintReport(null, embedded.FileNames.Count(), [.. embedded.FileNames.SelectMany(embedded.Lint)]);
        }

        var sets = new Dictionary<string, ScriptSet>(StringComparer.Ordinal);
        var files = new SortedSet<(string Folder, string Name)>();
        foreach (var argument in given)
        {
            var path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(argument, session.Host.Directory));
            var folder = Directory.Exists(path) ? path : Path.GetDirectoryName(path)!;
            if (folder != path && !File.Exists(path))
            {
                // What looks like no path may have been meant for another place.
                throw Failure.Usage(session.Masked(argument.EndsWith(".sql", StringComparison.Ordinal) || argument.Contains('/', StringComparison.Ordinal)
                    ? $"There is no file {argument}." : "There is no file of the name that was given."));
            }

            if (!sets.TryGetValue(folder, out var set))
            {
                sets.Add(folder, set = new ScriptSet(ScriptSet.Read(folder)));
            }

            var names = folder == path ? set.FileNames : [Path.GetFileName(path)];
            if (names.FirstOrDefault(name => !name.EndsWith(".sql", StringComparison.Ordinal)) is { } other)
            {
                throw Failure.Usage($"{other} is no script: a script ends in .sql.");
            }

            files.UnionWith(names.Select(name => (folder, name)));
        }

        var findings = files.SelectMany(file => sets[file.Folder].Lint(file.Name)
            .Select(finding => finding with { File = Path.GetRelativePath(session.Host.Directory, Path.Combine(file.Folder, file.Name)) }));
        return new LintReport(string.Join(", ", sets.Keys.Select(Shown)), files.Count, [.. findings]);

        // A path of nothing but dots would say little.
        string Shown(string folder) =>
            Path.GetRelativePath(session.Host.Directory, folder) is var relative && relative.Trim('.', Path.DirectorySeparatorChar).Length == 0 ? folder : relative;
    }
}
