using System.CommandLine;
using AutoStack.Data.Cli.Output;
using AutoStack.Data.Migrations;
using Spectre.Console;

namespace AutoStack.Data.Cli;

/// <summary>One run of the console: its options, and where its words go.</summary>
internal sealed class Session
{
    public Session(CliHost host, bool json)
    {
        Host = host;
        var output = Screen.On(host.Output, host.OutputRedirected);
        Error = Screen.On(host.Error, host.ErrorRedirected);
        Progress = new ProgressLines(json ? Error : output, Error);
        Results = json ? new JsonResults(host.Output, Error) : new HumanResults(output, Error);
    }

    public CliHost Host { get; }

    public SharedOptions Options { get; } = new();

    /// <summary>Standard error: warnings, questions, failures.</summary>
    public IAnsiConsole Error { get; }

    public ProgressLines Progress { get; }

    public IResults Results { get; }

    /// <summary>The database that is named; null when none is.</summary>
    public string? Connection(ParseResult parsed)
    {
        var connection = parsed.GetValue(Options.Connection);
        if (string.IsNullOrWhiteSpace(connection))
        {
            connection = Host.Environment(SharedOptions.ConnectionVariable);
        }

        return string.IsNullOrWhiteSpace(connection) ? null : connection;
    }

    public SchemaMigrator Migrator(ParseResult parsed) =>
        Connection(parsed) is not { } connection
            ? throw Failure.Usage($"No database is given: use --connection or set {SharedOptions.ConnectionVariable}.")
            : new SchemaMigrator(connection, new SchemaMigratorOptions
            {
                LockWait = TimeSpan.FromSeconds(parsed.GetValue(Options.Timeout)),
                ServerWait = TimeSpan.FromSeconds(parsed.GetValue(Options.Wait)),
                Progress = Progress,
            });
}
