using System.CommandLine;
using AutoStack.Data.Cli.Backups;
using AutoStack.Data.Cli.Databases;
using AutoStack.Data.Cli.Keys;
using AutoStack.Data.Monitoring;

namespace AutoStack.Data.Cli.Commands;

/// <summary>
/// What the doctor finds outside the server: the backups of a stanza, and the keys that stored secrets name. Both are examined on request
/// only: the machine of the doctor may be neither that of the repository nor that of the services.
/// </summary>
internal sealed class UpkeepFindings
{
    private const string NotExamined = "not-examined";
    private const string NotRead = "backup-unknown";

    private readonly RepositoryOptions repository = new(otherwise: null);
    private readonly Option<string?> keys = KeyFile.Option("Their ids are compared with those that are stored.");

    /// <summary>The rules.</summary>
    public static IReadOnlyList<string> Rules { get; } = [NotExamined, NotRead, KeyFindings.Missing, .. BackupRules.OfRepository];

    public void AddTo(Command command)
    {
        repository.AddTo(command);
        command.Options.Add(keys);
    }

    public async Task<IReadOnlyList<Finding>> FindAsync(
        Session session, ParseResult parsed, DataServices services, CancellationToken cancellationToken) =>
    [
        .. await FindBackupsAsync(session, parsed, cancellationToken).ConfigureAwait(false),
        .. await FindKeysAsync(services, KeyFile.Read(parsed.GetValue(keys), session.Host), cancellationToken).ConfigureAwait(false),
    ];

    private async Task<IReadOnlyList<Finding>> FindBackupsAsync(Session session, ParseResult parsed, CancellationToken cancellationToken)
    {
        if (repository.StanzaOf(session, parsed) is not { } stanza)
        {
            return
            [
                new Finding(NotExamined, Severity.Information, "backups", "Backups were not examined: no stanza is named.")
                {
                    Mend = $"On the machine of the repository, name it with --stanza, or set {RepositoryOptions.Variable}.",
                },
            ];
        }

        try
        {
            var pgBackRest = await repository.FindAsync(session, parsed, cancellationToken).ConfigureAwait(false);
            return (await BackupStatus.ReadAsync(pgBackRest, measure: null, BackupLimits.Usual, cancellationToken)
                .ConfigureAwait(false)).Findings;
        }
        catch (CliException exception) when (exception.Failure.ExitCode == ExitCode.Failed)
        {
            return
            [
                new Finding(NotRead, Severity.Error, stanza, $"The backups of {stanza} cannot be read. {exception.Message}")
                {
                    Cost = "The age of the newest backup is not known.",
                    Mend = "Run the doctor on the machine of the repository, as a user that may read it.",
                },
            ];
        }
    }

    private static async Task<IReadOnlyList<Finding>> FindKeysAsync(
        DataServices services, IReadOnlyList<SecretKey> given, CancellationToken cancellationToken)
    {
        if (given.Count == 0)
        {
            return
            [
                new Finding(NotExamined, Severity.Information, "keys", "The keys of stored secrets were not examined: no key is given.")
                {
                    Mend = $"Name the services' file of keys with --keys, or set {KeyFile.Variable}.",
                },
            ];
        }

        var (report, notRead) = await KeyPresence.ReadAsync(services, given, KeyPresence.Limit, cancellationToken).ConfigureAwait(false);
        return notRead.Count == 0 ? [.. KeyFindings.MissingKeys(report)] :
        [
            .. KeyFindings.MissingKeys(report),
            new Finding(NotExamined, Severity.Information, "keys", $"Not all stored secrets were examined: {string.Join(", ", notRead)}.")
            {
                Mend = "Run 'autostack-db keys verify'.",
            },
        ];
    }
}
