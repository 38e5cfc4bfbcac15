using System.CommandLine;
using System.Globalization;

namespace AutoStack.Data.Cli;

/// <summary>The options that every verb has. One set per run: a symbol of System.CommandLine belongs to one tree.</summary>
internal sealed class SharedOptions
{
    public const string JsonName = "--json";
    public const string ShowValuesName = "--show-values";
    public const string ConnectionVariable = "AUTOSTACK_CONNECTION";

    public Option<string?> Connection { get; } = new("--connection")
    {
        Description = "The database, for example postgresql://autostack@localhost/autostack or Host=localhost;Database=autostack;Username=autostack. " +
            $"Without it: {ConnectionVariable}. Other users of the machine can see it: leave the password to PGPASSWORD, PGPASSFILE, ~/.pgpass, --connection-file or the prompt.",
        HelpName = "STRING",
        Recursive = true,
    };

    public Option<string?> ConnectionFile { get; } = new("--connection-file")
    {
        Description = "A file or pipe that holds the connection string, which its owner and group at most can read: the process list does not show it.",
        HelpName = "FILE",
        Recursive = true,
    };

    public Option<bool> AllowForeignObjects { get; } = Switch(
        "--allow-foreign-objects", "Goes on where other roles have put objects with names of PostgreSQL's own on the search path.");

    public Option<bool> ShowValues { get; } = Switch(ShowValuesName, "Shows the server's own words in errors, which may quote values of rows.");

    public Option<bool> Json { get; } = new(JsonName)
    {
        Description = "Prints the result as one JSON object, and nothing else, to standard output.",
        Arity = ArgumentArity.Zero,
        Recursive = true,
    };

    public Option<int> Timeout { get; } = Seconds("--timeout", "How long to wait for another migrator.", 300);

    public Option<int> Wait { get; } = Seconds("--wait", "How long to wait for a server that is still starting.", 0);

    private static Option<bool> Switch(string name, string description) => new(name)
    {
        Description = description,
        Arity = ArgumentArity.Zero,
        Recursive = true,
    };

    private static Option<int> Seconds(string name, string description, int otherwise) => new(name)
    {
        Description = description,
        HelpName = "SECONDS",
        DefaultValueFactory = _ => otherwise,
        CustomParser = result =>
        {
            if (!int.TryParse(result.Tokens[0].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds))
            {
                result.AddError($"{name} is a whole number of seconds, 0 or more.");
            }

            return seconds;
        },
        Recursive = true,
    };
}
