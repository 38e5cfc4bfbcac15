using System.CommandLine;
using System.CommandLine.Parsing;
using AutoStack.Data.Cli.Commands;

namespace AutoStack.Data.Cli;

/// <summary>Describes wrong arguments. An unknown argument may be a password: the message has its position, not its text.</summary>
internal static class WrongArguments
{
    private const string Password = " Every user of the machine can see a password on the command line: pass it in PGPASSWORD, PGPASSFILE, "
        + "~/.pgpass or --connection-file, or at the prompt. Change a password that was given here.";

    public static string Describe(RootCommand root, ParseResult parsed, IReadOnlyList<string> args)
    {
        var command = parsed.CommandResult.Command;

        // The parser reads a misspelt option as the argument of a verb that has one.
        var misspelt = parsed.Errors.Where(error => error.SymbolResult is ArgumentResult { Tokens: [{ Value: ['-', ..] }] }).ToList();
        List<string> tokens = [.. misspelt.Select(error => error.SymbolResult!.Tokens[0].Value), .. parsed.UnmatchedTokens];
        var unknown = tokens.Distinct().Select(token => Unknown(root, command, token, args)).ToList();
        var known = parsed.Errors.Except(misspelt)
            .Where(error => !tokens.Exists(token => error.Message.Contains(token, StringComparison.Ordinal)))
            .Select(error => Described(command, error)).Distinct();
        if (command != root)
        {
            return string.Join(" ", unknown.Concat(known));
        }

        var verbs = $"The verbs are {string.Join(", ", root.Subcommands.Select(c => c.Name))}; --help explains them.";
        return unknown is [var first, ..] ? $"{first} {verbs}"
            : parsed.Errors.FirstOrDefault(e => e.SymbolResult is OptionResult) is { } wrong ? $"{wrong.Message} {verbs}"
            : $"A verb is missing. {verbs}";
    }

    // The parser's own texts name neither the verbs nor the argument that is missing.
    private static string Described(Command command, ParseError error) => error.SymbolResult switch
    {
        CommandResult when command.Subcommands.Count > 0 =>
            $"{command.Name} needs a verb: {string.Join(", ", command.Subcommands.Select(c => c.Name))}.",
        ArgumentResult { Tokens.Count: 0, Argument: var argument, Parent: CommandResult } =>
            $"{Examples.PathOf(command)} needs {argument.HelpName ?? argument.Name}: {argument.Description}",
        CommandResult when command.Arguments is [var argument, ..] && error.Message.StartsWith("Required", StringComparison.Ordinal) =>
            $"{Examples.PathOf(command)} needs {argument.HelpName ?? argument.Name}: {argument.Description}",
        OptionResult { Tokens.Count: 0, Option: var option } when option.Arity.MinimumNumberOfValues > 0 =>
            $"{option.Name} needs a value{(option.HelpName is null ? "" : $": {option.Name} {option.HelpName}")}.",
        _ => error.Message,
    };

    private static string Unknown(RootCommand root, Command command, string token, IReadOnlyList<string> args)
    {
        var place = 1 + Enumerable.Range(0, args.Count)
            .FirstOrDefault(index => args[index] == token || args[index].StartsWith(token + "=", StringComparison.Ordinal));
        var what = command == root ? "not a verb or option of autostack-db" : $"not known to {command.Name}";
        var word = token.Split('=', ':')[0];
        var names = command.Subcommands.Select(c => c.Name);
        var meant = Nearest.To(word, root.Options.Concat(command.Options).SelectMany(o => o.Aliases.Append(o.Name))
            .Where(name => name.StartsWith("--", StringComparison.Ordinal))
            .Concat(names));
        var password = word.StartsWith('-') && word.TrimStart('-').StartsWith("p", StringComparison.OrdinalIgnoreCase) ? Password : "";
        return $"Argument {place} is {what}.{meant}{password}";
    }
}
