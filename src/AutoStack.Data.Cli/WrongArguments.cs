using System.CommandLine;
using System.CommandLine.Parsing;

namespace AutoStack.Data.Cli;

/// <summary>What is wrong with the arguments, in words of the console's own: an argument that it does not know may be a password, and is named by its place.</summary>
internal static class WrongArguments
{
    private const int Near = 2;

    private const string Password = " A password on the command line can be seen by every user of the machine, and is taken from PGPASSWORD, PGPASSFILE or "
        + "~/.pgpass, --connection-file, or asked for at a terminal. Change one that was given here.";

    public static string Describe(RootCommand root, ParseResult parsed, IReadOnlyList<string> args)
    {
        var command = parsed.CommandResult.Command;

        // A misspelt option is taken for the argument where there is one.
        var misspelt = parsed.Errors.Where(error => error.SymbolResult is ArgumentResult { Tokens: [{ Value: ['-', ..] }] }).ToList();
        List<string> tokens = [.. misspelt.Select(error => error.SymbolResult!.Tokens[0].Value), .. parsed.UnmatchedTokens];
        var unknown = tokens.Distinct().Select(token => Unknown(root, command, token, args)).ToList();
        var known = parsed.Errors.Except(misspelt).Where(error => !tokens.Exists(token => error.Message.Contains(token, StringComparison.Ordinal)))
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
        var place = 1 + Enumerable.Range(0, args.Count).FirstOrDefault(index => args[index] == token || args[index].StartsWith(token + "=", StringComparison.Ordinal));
        var what = command == root ? "not a verb or option of autostack-db" : $"not known to {command.Name}";
        var word = token.Split('=', ':')[0];
        var names = command == root ? root.Subcommands.Select(c => c.Name) : [];
        var nearest = root.Options.Concat(command.Options).SelectMany(o => o.Aliases.Append(o.Name)).Where(name => name.StartsWith("--", StringComparison.Ordinal))
            .Concat(names)
            .Select(name => (Name: name, Distance: Distance(word, name)))
            .Where(near => near.Distance <= Near).OrderBy(near => near.Distance).FirstOrDefault().Name;
        var meant = nearest is null ? "" : $" Did you mean {nearest}?";
        return $"Argument {place} is {what}.{meant}{(word.StartsWith("-p", StringComparison.OrdinalIgnoreCase) || word.StartsWith("--p", StringComparison.OrdinalIgnoreCase) ? Password : "")}";
    }

    // Of Levenshtein.
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
