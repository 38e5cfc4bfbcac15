using System.CommandLine.Parsing;
using System.Text.RegularExpressions;
using AutoStack.Data.Cli;
using AutoStack.Data.Migrations.Tests.Support;

namespace AutoStack.Data.Migrations.Tests.Verbs;

/// <summary>The commands that the pages show: those of the console parse, those of the SDK name what exists.</summary>
public sealed partial class DocumentedCommandsTests
{
    // These show what a wrong command gets.
    private static readonly string[] Wrong = ["upgrade --dry-rn", "migrate"];

    private static IEnumerable<string> Pages =>
        Directory.EnumerateFiles(Path.Combine(SourceRoot.Path, "docs"), "*.md", SearchOption.AllDirectories)
            .Concat(Directory.EnumerateFiles(SourceRoot.Path, "*.md"))
            .Concat(Directory.EnumerateFiles(Path.Combine(SourceRoot.Path, "src"), "README.md", SearchOption.AllDirectories));

    [Test]
    public void Commands_of_the_console_parse()
    {
        var root = AutoStackDb.CreateRoot(
            new Session(new CliHost(TextWriter.Null, TextWriter.Null, TextReader.Null, _ => null), []));
        var commands = CommandsOf(ConsoleCall()).Except(Wrong).ToList();

        var faults = from command in commands
                     let parsed = root.Parse([.. CommandLineParser.SplitCommandLine(Call(command))])
                     where parsed.Errors.Count > 0
                     select $"autostack-db {command}: {parsed.Errors[0].Message}";

        Assert.That(commands, Has.Count.GreaterThan(100));
        Assert.That(faults, Is.Empty);
    }

    [Test]
    public void Projects_and_packages_of_commands_exist()
    {
        var projects = CommandsOf(Project()).Where(path => path.Contains('/', StringComparison.Ordinal)).Distinct().ToList();
        var packages = CommandsOf(Package()).Distinct().ToList();

        using (Assert.EnterMultipleScope())
        {
            Assert.That(projects, Has.Count.GreaterThan(3));
            Assert.That(packages, Has.Count.GreaterThan(3));
            Assert.That(projects.Where(path => !Directory.Exists(Path.Combine(SourceRoot.Path, path))), Is.Empty);
            Assert.That(packages.Where(name => !Directory.Exists(Path.Combine(SourceRoot.Path, "src", name))), Is.Empty);
        }
    }

    private static IEnumerable<string> CommandsOf(Regex call) =>
        from page in Pages
        from match in call.Matches(File.ReadAllText(page).Replace("\\\n", "", StringComparison.Ordinal))
        select match.Groups["what"].Value;

    // A command may redirect or pipe its output.
    private static string Call(string command) =>
        command[..(command.IndexOfAny(['|', '>']) is var end and >= 0 ? end : command.Length)];

    // A line of a block, up to a remark; a command within a sentence, unless it has a placeholder.
    [GeneratedRegex(
        @"(?:^ *\$ autostack-db (?<what>[a-z].*?)(?= {2,}| # |$)|`autostack-db (?<what>[a-z][^`…\[|A-Z]*)`)", RegexOptions.Multiline)]
    private static partial Regex ConsoleCall();

    [GeneratedRegex(@"\bdotnet (?:test|publish|build|pack|run)\b.*? (?:--project )?(?<what>(?:src|samples|tests|benchmarks)/[\w./]+)")]
    private static partial Regex Project();

    [GeneratedRegex(@"\bdotnet (?:add \w* ?package|tool install(?: --global)?) (?<what>AutoStack\.[\w.]+)")]
    private static partial Regex Package();
}
