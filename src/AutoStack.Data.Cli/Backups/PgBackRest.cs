using System.Text.Json;
using AutoStack.Data.LocalServer;

namespace AutoStack.Data.Cli.Backups;

/// <summary>
/// The program <c>pgbackrest</c>, which keeps the backups of one stanza. Started by root, it runs as the user <c>postgres</c>, to whom the
/// repository belongs.
/// </summary>
/// <param name="Program">The path of the program.</param>
/// <param name="Prefix">What its command line begins with: <c>setpriv</c> and a user, or nothing.</param>
/// <param name="Options">The options that every command takes: stanza, configuration, repository.</param>
/// <param name="Stanza">The name of the stanza.</param>
/// <param name="User">The user and group for files of its own; null for those of this process.</param>
internal sealed record PgBackRest(
    string Program, IReadOnlyList<string> Prefix, IReadOnlyList<string> Options, string Stanza, string? User)
{
    /// <exception cref="CliException">The program is missing, or cannot be run as another user than root.</exception>
    public static async Task<PgBackRest> FindAsync(
        string program, string? configuration, string stanza, int? repository, string directory, CancellationToken cancellationToken)
    {
        if (OperatingSystem.IsWindows())
        {
            throw Failed("pgBackRest does not run on Windows.");
        }

        var places = SearchPlaces.OfThisMachine();
        var path = program.Contains('/', StringComparison.Ordinal) ? Path.GetFullPath(program, directory) : places.FindProgram(program);
        if (path is null || !File.Exists(path))
        {
            throw Failed($"--pgbackrest: {program} is not there. Install the package pgbackrest, or give the path of the program.");
        }

        try
        {
            var user = Environment.IsPrivilegedProcess
                ? await Postmaster.FindUserAsync(places, cancellationToken).ConfigureAwait(false) : null;
            List<string> options = [$"--stanza={stanza}"];
            if (configuration is not null)
            {
                options.Add($"--config={Path.GetFullPath(configuration, directory)}");
            }

            if (repository is not null)
            {
                options.Add($"--repo={repository}");
            }

            return new PgBackRest(path, user?.Prefix ?? [], options, stanza, user is null ? null : $"{user.UserId}:{user.GroupId}");
        }
        catch (UnusableException exception)
        {
            throw Failed(exception.Message);
        }
    }

    /// <summary>The command line of a command.</summary>
    public IReadOnlyList<string> CommandLine(string command, params IEnumerable<string> options) =>
        [.. Prefix, Program, .. Options, .. options, command];

    /// <summary>The stanza with its backups and the range of its archive.</summary>
    public async Task<Stanza> ReadAsync(CancellationToken cancellationToken)
    {
        var text = await RunAsync("info", ["--output=json"], cancellationToken).ConfigureAwait(false);
        try
        {
            return Backups.Stanza.Parse(text, Stanza);
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw Failed($"pgbackrest info has answered in a form that this version does not know: {exception.Message}");
        }
    }

    /// <summary>The paths of all files in one archive of the stanza.</summary>
    public async Task<IReadOnlyList<string>> ListArchiveAsync(string archive, CancellationToken cancellationToken)
    {
        // This command takes the stanza as a part of the path.
        var command = this with { Options = [.. Options.Where(option => !option.StartsWith("--stanza=", StringComparison.Ordinal))] };
        var text = await command.RunAsync("repo-ls", ["--recurse"], cancellationToken, $"archive/{Stanza}/{archive}")
            .ConfigureAwait(false);
        return text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    /// <summary>Writes a value beside a backup.</summary>
    public Task AnnotateAsync(string label, string key, string value, CancellationToken cancellationToken) =>
        RunAsync("annotate", [$"--set={label}", $"--annotation={key}={value}"], cancellationToken);

    public static CliException Failed(string message) => new(new Failure(ExitCode.Failed, "backup", message));

    private async Task<string> RunAsync(
        string command, IReadOnlyList<string> options, CancellationToken cancellationToken, params string[] arguments)
    {
        string[] line =
            [.. CommandLine(command, [.. options, "--log-level-console=off", "--log-level-stderr=error"]), .. arguments];
        var (exitCode, output, error) = await Shell.RunAsync(line[0], line[1..], folder: null, cancellationToken).ConfigureAwait(false);
        return exitCode == 0 ? output : throw Failed($"pgbackrest {command} failed: {Reason(error)}");
    }

    /// <summary>The messages in the output of pgBackRest, in one line.</summary>
    public static string Reason(string output)
    {
        var lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var errors = lines.SkipWhile(line => !line.Contains("ERROR:", StringComparison.Ordinal))
            .Select(line => line[(line.IndexOf("ERROR:", StringComparison.Ordinal) is >= 0 and var at ? at + 6 : 0)..].Trim());
        return string.Join(' ', errors.DefaultIfEmpty(string.Join(' ', lines)));
    }
}
