using System.CommandLine;
using System.Globalization;

namespace AutoStack.Data.Cli;

/// <summary>The options that every verb has. One set per run: a symbol of System.CommandLine belongs to one tree.</summary>
internal sealed class SharedOptions
{
    public const string JsonName = "--json";
    public const string ConnectionVariable = "AUTOSTACK_CONNECTION";

    public Option<string?> Connection { get; } = new("--connection")
    {
        Description = $"The database, for example Host=localhost;Database=autostack;Username=autostack. Without it: {ConnectionVariable}.",
        HelpName = "STRING",
        Recursive = true,
    };

    public Option<bool> Json { get; } = new(JsonName)
    {
        Description = "Prints the result as one JSON object, and nothing else, to standard output.",
        Arity = ArgumentArity.Zero,
        Recursive = true,
    };

    public Option<int> Timeout { get; } = new("--timeout")
    {
        Description = "How long to wait for another migrator.",
        HelpName = "SECONDS",
        DefaultValueFactory = _ => 300,
        CustomParser = result =>
        {
            if (!int.TryParse(result.Tokens[0].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds))
            {
                result.AddError("--timeout is a whole number of seconds, 0 or more.");
            }

            return seconds;
        },
        Recursive = true,
    };
}
