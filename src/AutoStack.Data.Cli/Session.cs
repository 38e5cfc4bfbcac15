using System.CommandLine;
using System.Text.RegularExpressions;
using AutoStack.Data.Cli.Commands;
using AutoStack.Data.Cli.Configuration;
using AutoStack.Data.Cli.Output;
using AutoStack.Data.Migrations;
using Spectre.Console;

namespace AutoStack.Data.Cli;

/// <summary>One run of the console: its options and its outputs.</summary>
internal sealed partial class Session
{
    // The server cuts longer names.
    private const int NameLength = 63;

    private readonly IReadOnlyList<string> args;
    private readonly Func<string?> lostOutput;
    private ConfigurationFile? configuration;
    private bool configured;
    private string? password;

    public Session(CliHost host, IReadOnlyList<string> args)
    {
        this.args = args;
        var json = args.Contains(SharedOptions.JsonName) || FormatOption.AsksForJson(args);
        var output = new SafeWriter(host.Output);
        lostOutput = () => output.Failure;
        host = host with { Output = output, Error = new SafeWriter(host.Error) };
        Host = host;
        var screen = Screen.On(host.Output, host.OutputRedirected, host.Width);
        Error = Screen.On(host.Error, host.ErrorRedirected);
        Progress = new ProgressLines(json ? Error : screen, Error);
        Results = json ? new JsonResults(host.Output, Error, Progress) : new HumanResults(screen, Error);
    }

    public CliHost Host { get; }

    public SharedOptions Options { get; } = new();

    /// <summary>Standard error: warnings, questions, failures.</summary>
    public IAnsiConsole Error { get; }

    public ProgressLines Progress { get; }

    public IResults Results { get; }

    /// <summary>True when the run has changed something besides a database whose plan the progress has seen.</summary>
    public bool HasChanged { get; set; }

    /// <summary>
    /// The exit code of a run: that of its work. A run whose work is its output fails when the output is lost.
    /// </summary>
    public int Finish(int code)
    {
        if (lostOutput() is not { } reason)
        {
            return code;
        }

        var worked = HasChanged || Progress.Outcome is not null;
        Error.WriteLine(
            $"Standard output was lost ({reason.TrimEnd('.')}). " + (worked
                ? "The run continued without it; the exit code is that of the run."
                : "The result is incomplete. Nothing was changed."),
            new Style(Color.Red));
        return worked || code != ExitCode.Done ? code : ExitCode.Failed;
    }

    /// <summary>True when standard output is closed, so that nobody reads what follows.</summary>
    public bool IsOutputLost => lostOutput() is not null;

    /// <summary>The connection string from the options or the environment; null when neither has one.</summary>
    public string? Connection(ParseResult parsed)
    {
        var connection = parsed.GetValue(Options.Connection);
        if (parsed.GetValue(Options.Environment) is { } environment)
        {
            return connection is not null || parsed.GetValue(Options.ConnectionFile) is not null
                ? throw Failure.Usage("--environment excludes --connection and --connection-file.")
                : (Configuration(parsed) ?? throw Failure.Usage(
                    $"--environment needs {ConfigurationFile.Name} in the working directory, or --config."))
                .ConnectionOf(environment, Host.Environment);
        }

        if (parsed.GetValue(Options.ConnectionFile) is { } file)
        {
            return connection is null ? ConnectionFile.Read(file, Host.Directory)
                : throw Failure.Usage("--connection and --connection-file exclude each other.");
        }

        if (connection is null)
        {
            connection = Host.Environment(SharedOptions.ConnectionVariable);
        }
        else if (string.IsNullOrWhiteSpace(connection))
        {
            // An unset variable of a script must not select the database of the environment.
            throw Failure.Usage("--connection is empty.");
        }

        return string.IsNullOrWhiteSpace(connection) ? null : connection;
    }

    /// <summary>The connection string from the options or the environment.</summary>
    /// <exception cref="CliException">No database is given.</exception>
    public string RequiredConnection(ParseResult parsed) => Connection(parsed) ?? throw Failure.Usage(
        "No database is given: use --connection or --connection-file, or set " +
        SharedOptions.ConnectionVariable +
        $"{(Configuration(parsed)?.Environments.Count > 0 ? ", or choose an --environment" : "")}.");

    public SchemaMigrator Migrator(
        ParseResult parsed, TimeSpan? rehearsalLimit = null, IgnoreList? ignored = null,
        IReadOnlyDictionary<string, string>? variables = null) =>
        new(RequiredConnection(parsed), MigratorOptions(parsed, rehearsalLimit, ignored, variables));

    /// <summary>The options of a migrator, with the script sets that were given.</summary>
    public SchemaMigratorOptions MigratorOptions(
        ParseResult parsed, TimeSpan? rehearsalLimit = null, IgnoreList? ignored = null,
        IReadOnlyDictionary<string, string>? variables = null) =>
        new()
        {
            Variables = variables ?? new Dictionary<string, string>(),
            RehearsalLimit = rehearsalLimit ?? SchemaMigratorOptions.DefaultRehearsalLimit,
            Ignored = ignored ?? IgnoreList.Empty,
            LockWait = TimeSpan.FromSeconds(parsed.GetValue(Options.Timeout)),
            ServerWait = TimeSpan.FromSeconds(parsed.GetValue(Options.Wait)),
            AllowForeignObjects = parsed.GetValue(Options.AllowForeignObjects),
            Attempts = parsed.GetValue(Options.LockAttempts),
            Reason = parsed.GetValue(Options.Reason),
            IgnoreObstacles = parsed.GetValue(Options.IgnoreObstacles),
            ShowValues = ShowsValues,
            ScriptSets = GivenSets(parsed).Load(),
            Features = Host.Features,
            AskPassword = AskPassword,
            Progress = Progress,
        };

    /// <summary>The script sets of the configuration file and the options.</summary>
    public GivenSets GivenSets(ParseResult parsed) =>
        Cli.Configuration.GivenSets.Of(Configuration(parsed), parsed.GetValue(Options.Scripts) ?? [], Host.Directory);

    private ConfigurationFile? Configuration(ParseResult parsed)
    {
        if (!configured)
        {
            configuration = ConfigurationFile.Read(parsed.GetValue(Options.Configuration), Host.Directory);
            configured = true;
        }

        return configuration;
    }

    /// <summary>True when errors may quote values of rows.</summary>
    public bool ShowsValues => args.Contains(SharedOptions.ShowValuesName);

    /// <summary>Asks for a password that the server requires and that is missing; null when nobody can answer.</summary>
    public Func<string, CancellationToken, Task<string?>>? AskPassword => Host.InputRedirected ? null : AskAsync;

    private async Task<string?> AskAsync(string question, CancellationToken cancellationToken)
    {
        if (password is not null)
        {
            // A verb that connects twice asks once.
            return password;
        }

        Error.Write(question, Style.Plain);
        try
        {
            // Reading the console blocks, and Ctrl-C must not wait for the answer.
            return password = await Task.Run(Host.ReadSecret, cancellationToken).WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            Error.WriteLine();
        }
    }

    /// <summary>
    /// A message about the arguments, without texts that may contain a password: after a misspelt --connection, the connection string is an
    /// argument of another kind.
    /// </summary>
    public string Masked(string message) => Hide(message, text =>
        text.Contains("://", StringComparison.Ordinal) || text.IndexOfAny(['=', '@']) >= 0);

    /// <summary>
    /// A failure's message without the connection strings of the arguments: an option for a name, folder or file may have been given one.
    /// </summary>
    public string WithoutConnections(string message) => Hide(message, text => Credentials().IsMatch(text));

    // A message may quote an argument as a full path, in which slashes are not doubled, or cut to the length of a name on the server.
    private string Hide(string message, Predicate<string> isSecret) =>
        args.Concat(args.Where(text => text.StartsWith("--", StringComparison.Ordinal))
                .Select(text => text[(text.IndexOfAny(['=', ':']) + 1)..]))
            .Concat(args.Select(text => text[(text.IndexOf('=', StringComparison.Ordinal) + 1)..]))
            .Where(text => isSecret(text))
            .SelectMany(text => (string[])[text, Slashes().Replace(text, "/"), text[..Math.Min(text.Length, NameLength)]])
            .OrderByDescending(text => text.Length)
            .Aggregate(message, (clean, text) =>
                clean.Replace(text, text[..(text.IndexOfAny(['=', ':', '@']) + 1)] + "…", StringComparison.Ordinal));

    [GeneratedRegex("/+")]
    private static partial Regex Slashes();

    [GeneratedRegex("://.*@|(password|pwd)\\s*=", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant)]
    private static partial Regex Credentials();
}
