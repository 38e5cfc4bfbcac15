using System.CommandLine;
using System.Globalization;
using AutoStack.Data.Migrations;

namespace AutoStack.Data.Cli;

/// <summary>The options of every verb. Each run has its own set, since a symbol of System.CommandLine belongs to one tree.</summary>
internal sealed class SharedOptions
{
    public const string JsonName = "--json";
    public const string ShowValuesName = "--show-values";
    public const string ConnectionVariable = "AUTOSTACK_CONNECTION";

    public Option<string?> Connection { get; } = new("--connection")
    {
        Description =
            "The database, for example postgresql://autostack@localhost/autostack or " +
            $"Host=localhost;Database=autostack;Username=autostack. Default: {ConnectionVariable}. Other users of the machine can see " +
            "the option: pass the password in PGPASSWORD, PGPASSFILE, ~/.pgpass or --connection-file, or at the prompt.",
        HelpName = "STRING",
        Recursive = true,
    };

    public Option<string?> ConnectionFile { get; } = new("--connection-file")
    {
        Description =
            "A file or pipe with the connection string, readable by its owner and group only; the process list does not show it.",
        HelpName = "FILE",
        Recursive = true,
    };

    public Option<string?> Configuration { get; } = new("--config")
    {
        Description = "The configuration file, with environments and script sets. Default: autostack-db.json in the working directory.",
        HelpName = "FILE",
        Recursive = true,
    };

    public Option<string?> Environment { get; } = new("--environment", "-e")
    {
        Description = "An environment of the configuration file, which names the variable with the connection string.",
        HelpName = "NAME",
        Recursive = true,
    };

    public Option<string[]> Scripts { get; } = new("--scripts")
    {
        Description = "The scripts of a service as a set, for example billing=db/billing. May be repeated.",
        HelpName = "NAME=FOLDER",
        Recursive = true,
        DefaultValueFactory = _ => [],
    };

    public Option<bool> AllowForeignObjects { get; } = Switch(
        "--allow-foreign-objects", "Continues when other roles have objects on the search path with the names of PostgreSQL's own.");

    public Option<bool> IgnoreObstacles { get; } = Switch(
        "--ignore-obstacles", "Starts a run although something was found that would stop it.");

    public Option<bool> ShowValues { get; } = Switch(
        ShowValuesName, "Shows the full error messages of the server, which may quote values of rows.");

    public Option<bool> Json { get; } = new(JsonName)
    {
        Description = "Prints the result as one JSON object to standard output, and nothing else.",
        Arity = ArgumentArity.Zero,
        Recursive = true,
    };

    public Option<int> Timeout { get; } = Seconds("--timeout", "The longest wait for another migrator.", 300);

    public Option<int> Wait { get; } = Seconds("--wait", "The longest wait for a server that is still starting.", 0);

    public Option<int> LockAttempts { get; } = new("--lock-attempts")
    {
        Description =
            $"How often a script is attempted that does not get a table's lock in time, 1 to {SchemaMigratorOptions.MaxAttempts}.",
        HelpName = "N",
        DefaultValueFactory = _ => SchemaMigratorOptions.DefaultAttempts,
        CustomParser = result =>
        {
            if (!int.TryParse(result.Tokens[0].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var attempts)
                || attempts is < 1 or > SchemaMigratorOptions.MaxAttempts)
            {
                result.AddError($"--lock-attempts is a whole number from 1 to {SchemaMigratorOptions.MaxAttempts}.");
            }

            return attempts;
        },
        Recursive = true,
    };

    /// <summary>Belongs to the verbs that change the journal.</summary>
    public Option<string?> Reason { get; } = new("--reason")
    {
        Description = "Why the journal is changed; history --changes shows it.",
        HelpName = "TEXT",
        CustomParser = result =>
        {
            var text = result.Tokens[0].Value;
            if (string.IsNullOrWhiteSpace(text) || text.Length > SchemaMigratorOptions.MaxReasonLength)
            {
                result.AddError($"--reason is a text of 1 to {SchemaMigratorOptions.MaxReasonLength} characters.");
            }

            return text;
        },
    };

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
