using System.CommandLine;
using System.CommandLine.Parsing;

namespace AutoStack.Data.Cli;

/// <summary>Describes wrong arguments. An unknown argument may be a password: the message has its position, not its text.</summary>
internal static class WrongArguments
{
    private const int Near = 2;

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
            .Select(error => error.Message).Distinct();
        if (command != root)
        {
            return string.Join(" ", unknown.Concat(known));
        }

        var verbs = $"The verbs are {string.Join(", ", root.Subcommands.Select(c => c.Name))}; --help explains them.";
        return unknown is [var first, ..] ? $"{first} {verbs}"
            : parsed.Errors.FirstOrDefault(e => e.SymbolResult is OptionResult) is { } wrong ? $"{wrong.Message} {verbs}"
            : $"A verb is missing. {verbs}";
    }

    private static string Unknown(RootCommand root, Command command, string token, IReadOnlyList<string> args)
    {
        var place = 1 + Enumerable.Range(0, args.Count)
            .FirstOrDefault(index => args[index] == token || args[index].StartsWith(token + "=", StringComparison.Ordinal));
        var what = command == root ? "not a verb or option of autostack-db" : $"not known to {command.Name}";
        var word = token.Split('=', ':')[0];
        var names = command.Subcommands.Select(c => c.Name);
        var nearest = root.Options.Concat(command.Options).SelectMany(o => o.Aliases.Append(o.Name))
            .Where(name => name.StartsWith("--", StringComparison.Ordinal))
            .Concat(names)
            .Select(name => (Name: name, Distance: Distance(word, name)))
            .Where(near => near.Distance <= Near).OrderBy(near => near.Distance).FirstOrDefault().Name;
        var meant = nearest is null ? "" : $" Did you mean {nearest}?";
        var password = word.StartsWith('-') && word.TrimStart('-').StartsWith("p", StringComparison.OrdinalIgnoreCase) ? Password : "";
        return $"Argument {place} is {what}.{meant}{password}";
    }

    // The Levenshtein distance.
    private static int Distance(string one, string other)
    {
        var row = Enumerable.Range(0, other.Length + 1).ToArray();
        for (var i = 1; i <= one.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= other.Length; j++)
            {
                (diagonal, row[j]) = (row[j], Math.Min(Math.Min(row[j], row[j - 1]) + 1, diagonal + (one[i - 1] == other[j - 1] ? 0 : 1)));
            }
        }

        return row[^1];
    }
}
