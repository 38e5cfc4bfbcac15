using System.CommandLine.Parsing;
using System.Text.RegularExpressions;
using AutoStack.Data.Cli;
using AutoStack.Data.Tests.Support;

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
        var blocks = CommandsOf(Line()).Except(Wrong).Where(command => !command.Contains('…', StringComparison.Ordinal)).ToList();

        // A sentence may name a verb without what the verb needs.
        var sentences = CommandsOf(Quoted()).ToList();
        var faults = blocks.SelectMany(Errors).Concat(
            sentences.SelectMany(Errors).Where(error => error.Contains("Unrecognized", StringComparison.Ordinal)));

        Assert.That((blocks.Count, sentences.Count), Is.GreaterThan((70, 70)));
        Assert.That(faults, Is.Empty);

        IEnumerable<string> Errors(string command) =>
            root.Parse([.. CommandLineParser.SplitCommandLine(Call(command))])
                .Errors.Select(error => $"autostack-db {command}: {error.Message}");
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
        from match in call.Matches(Continued().Replace(File.ReadAllText(page), " "))
        select match.Groups["what"].Value;

    // A command may redirect or pipe its output. The parser knows one kind of quotes.
    private static string Call(string command) =>
        command[..(command.IndexOfAny(['|', '>']) is var end and >= 0 ? end : command.Length)].Replace('\'', '"');

    // A line of a block, up to a remark.
    [GeneratedRegex(@"^ *\$ autostack-db (?<what>[a-z].*?)(?= {2,}| # |$)", RegexOptions.Multiline)]
    private static partial Regex Line();

    // A command within a sentence, unless it has a placeholder.
    [GeneratedRegex(@"`autostack-db (?<what>[a-z][^`…\[|A-Z]*)`")]
    private static partial Regex Quoted();

    [GeneratedRegex(@" *\\\n *")]
    private static partial Regex Continued();

    [GeneratedRegex(@"\bdotnet (?:test|publish|build|pack|run)\b.*? (?:--project )?(?<what>(?:src|samples|tests|benchmarks)/[\w./]+)")]
    private static partial Regex Project();

    [GeneratedRegex(@"\bdotnet (?:add \w* ?package|tool install(?: --global)?) (?<what>AutoStack\.[\w.]+)")]
    private static partial Regex Package();
}
