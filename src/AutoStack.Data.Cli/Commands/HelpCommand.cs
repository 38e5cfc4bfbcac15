using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace AutoStack.Data.Cli.Commands;

/// <summary><c>help VERB</c>, and what <c>--help</c> adds to the options: examples and exit codes.</summary>
internal static class HelpCommand
{
    public static Command Create(Session session)
    {
        var verb = new Argument<string[]>("verb")
        {
            Description = "The verb, for example upgrade or feature enable.",
            Arity = ArgumentArity.ZeroOrMore,
        };
        verb.CompletionSources.Add(context => context.ParseResult.RootCommandResult.Command.Subcommands.Select(c => c.Name));
        var command = new Command("help", "Explains a verb: its options, examples and exit codes.") { verb };
        command.SetAction(parsed =>
        {
            var asked = parsed.GetValue(verb) ?? [];
            var root = (RootCommand)parsed.RootCommandResult.Command;
            return Find(root, asked) is null
                ? throw Failure.Usage($"help: there is no such verb.{Nearest.To(asked[^1], root.Subcommands.Select(c => c.Name))} " +
                    $"The verbs are {string.Join(", ", root.Subcommands.Select(c => c.Name))}.")
                : root.Parse([.. asked, "--help"]).Invoke(new InvocationConfiguration
                {
                    Output = session.Host.Output,
                    Error = session.Host.Error,
                    EnableDefaultExceptionHandler = false,
                });
        });
        return command;
    }

    /// <summary>Adds examples and exit codes to the help of every verb.</summary>
    public static void Explain(RootCommand root)
    {
        var help = root.Options.OfType<HelpOption>().Single();
        help.Action = new Explained((HelpAction)help.Action!);
    }

    private static Command? Find(Command command, IEnumerable<string> names) =>
        names.Aggregate<string, Command?>(command, (parent, name) => parent?.Subcommands.FirstOrDefault(child => child.Name == name));

    private sealed class Explained(HelpAction options) : SynchronousCommandLineAction
    {
        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parseResult)
        {
            var code = options.Invoke(parseResult);
            var output = parseResult.InvocationConfiguration.Output;
            if (Examples.Of(parseResult.CommandResult.Command) is { } examples)
            {
                output.WriteLine("Examples:");
                foreach (var (what, line) in examples.Lines)
                {
                    output.WriteLine($"  # {what}");
                    output.WriteLine($"  {line}");
                }

                output.WriteLine();
                output.WriteLine("Exit codes:");
                foreach (var (number, meaning) in examples.ExitCodes)
                {
                    output.WriteLine($"  {number}  {meaning}");
                }

                output.WriteLine();
            }

            return code;
        }
    }
}
