using System.CommandLine;
using System.CommandLine.Parsing;
using AutoStack.Data.Cli;
using AutoStack.Data.Cli.Commands;
using AutoStack.Data.Migrations.Tests.Support;

namespace AutoStack.Data.Migrations.Tests.Verbs;

public sealed class HelpTests
{
    private static IEnumerable<string> Verbs => Leaves(Root()).Select(Examples.PathOf);

    [TestCaseSource(nameof(Verbs))]
    public async Task The_help_of_a_verb_has_examples_that_parse_and_exit_codes(string verb)
    {
        var root = Root();
        var examples = Examples.Of(Leaves(root).Single(command => Examples.PathOf(command) == verb));
        Assert.That(examples, Is.Not.Null, "has none");

        var help = await ConsoleRun.StartAsync([.. verb.Split(' '), "--help"]);
        var same = await ConsoleRun.StartAsync(["help", .. verb.Split(' ')]);

        using (Assert.EnterMultipleScope())
        {
            Assert.That((help.Code, same.Code), Is.EqualTo((0, 0)));
            Assert.That(same.Output, Is.EqualTo(help.Output));
            Assert.That(examples!.ExitCodes.Select(code => code.Number), Is.Ordered.And.Unique.And.Contain(0).And.Contain(2));
            foreach (var (what, line) in examples.Lines)
            {
                Assert.That(help.Output, Does.Contain($"  # {what}").And.Contain($"  {line}"));
                var parsed = root.Parse([.. CommandLineParser.SplitCommandLine(Call(line)).Skip(1)]);
                Assert.That(parsed.Errors, Is.Empty, line);
                Assert.That(Examples.PathOf(parsed.CommandResult.Command), Is.EqualTo(verb), line);
            }

            foreach (var (number, meaning) in examples.ExitCodes)
            {
                Assert.That(help.Output, Does.Contain($"  {number}  {meaning}"));
            }
        }
    }

    [TestCaseSource(nameof(Verbs))]
    public async Task The_examples_and_exit_codes_fit_a_terminal_of_80_columns(string verb)
    {
        var help = await ConsoleRun.StartAsync(["help", .. verb.Split(' ')]);

        // A command is copied: it is never broken.
        Assert.That(help.Output[help.Output.IndexOf("Examples:", StringComparison.Ordinal)..].ReplaceLineEndings("\n").Split('\n')
            .Where(line => line.Length > 80 && !line.StartsWith("  autostack-db ", StringComparison.Ordinal)), Is.Empty);
    }

    [TestCase("feature needs a verb: list, enable, disable.", "feature")]
    [TestCase("bench needs a verb: pool.", "bench")]
    [TestCase("downgrade needs -N|VERSION|base: The version to return to.", "downgrade")]
    [TestCase("feature enable needs FEATURE: The name of the feature.", "feature", "enable")]
    [TestCase("--scripts needs a value: --scripts NAME=FOLDER.", "upgrade", "--scripts")]
    [TestCase("--timeout needs a value: --timeout SECONDS.", "upgrade", "--timeout")]
    public async Task What_is_missing_is_named_in_our_own_words(string message, params string[] args)
    {
        var run = await ConsoleRun.StartAsync(args);

        Assert.That(run.Code, Is.EqualTo(ExitCode.Usage));
        Assert.That(run.Error, Does.StartWith(message).And.Not.Contain("Required"));
    }

    [TestCase("junit")]
    [TestCase("sarif")]
    [TestCase("github")]
    [TestCase("text")]
    public async Task Another_format_beside_json_is_wrong_usage(string format)
    {
        var run = await ConsoleRun.StartAsync(["check", "--json", "--format", format]);

        Assert.That(run.Code, Is.EqualTo(ExitCode.Usage));
        Assert.That(run.Json.GetProperty("error").GetProperty("message").GetString(),
            Is.EqualTo($"--json and --format {format} exclude each other."));
    }

    [TestCase("help", "frobnicate")]
    [TestCase("help", "feature", "frobnicate")]
    public async Task Help_for_an_unknown_verb_is_wrong_usage(params string[] args)
    {
        var run = await ConsoleRun.StartAsync(args);

        Assert.That(run.Code, Is.EqualTo(ExitCode.Usage));
        Assert.That(run.Error, Does.Contain("The verbs are upgrade"));
    }

    [TestCase("upgrade", "upgrdae")]
    [TestCase("upgrade", "Upgrade")]
    [TestCase("upgrade", "migrate")]
    [TestCase("downgrade", "rollback")]
    [TestCase("history", "hist")]
    [TestCase("--dry-run", "upgrade", "--dryrun")]
    [TestCase("enable", "feature", "enble")]
    [TestCase("--pool-sizes", "bench", "pool", "--pool-size", "3")]
    [TestCase("upgrade", "help", "upgarde")]
    public async Task A_misspelt_word_names_the_one_that_was_meant(string meant, params string[] args)
    {
        var run = await ConsoleRun.StartAsync(args);

        Assert.That(run.Code, Is.EqualTo(ExitCode.Usage));
        Assert.That(run.Error, Does.Contain($"Did you mean {meant}?"));
    }

    [TestCase("frobnicate")]
    [TestCase("x")]
    [TestCase("upgrade", "--zebra")]
    public async Task A_word_that_is_near_none_names_none(params string[] args)
    {
        var run = await ConsoleRun.StartAsync(args);

        Assert.That(run.Code, Is.EqualTo(ExitCode.Usage));
        Assert.That(run.Error, Does.Not.Contain("Did you mean"));
    }

    private static RootCommand Root() =>
        AutoStackDb.CreateRoot(new Session(new CliHost(TextWriter.Null, TextWriter.Null, TextReader.Null, _ => null), []));

    private static IEnumerable<Command> Leaves(Command command) =>
        command.Subcommands.Count == 0 ? [command] : command.Subcommands.SelectMany(Leaves);

    // An example may redirect, pipe or substitute.
    private static string Call(string line)
    {
        var call = line[line.IndexOf("autostack-db", StringComparison.Ordinal)..];
        return call[..(call.IndexOfAny(['|', '>', ')']) is var end and >= 0 ? end : call.Length)];
    }
}
