using System.CommandLine;
using AutoStack.Data.Cli.Backups;

namespace AutoStack.Data.Cli.Commands;

/// <summary>
/// Which repository of pgBackRest, and how to reach it. Each verb has its own options, since a symbol belongs to one command.
/// </summary>
internal sealed class RepositoryOptions
{
    /// <summary>The variable that pgBackRest itself reads.</summary>
    public const string Variable = "PGBACKREST_STANZA";

    private readonly Option<string> program = new("--pgbackrest")
    {
        Description = "The program. Default: pgbackrest on PATH.",
        HelpName = "PROGRAM",
        DefaultValueFactory = _ => "pgbackrest",
    };

    private readonly Option<string?> configuration = new("--pgbackrest-config")
    {
        Description = "The configuration of pgBackRest. Default: the file that pgBackRest finds.",
        HelpName = "FILE",
    };

    private readonly Option<int?> repo = new("--repo")
    {
        Description = "The number of the repository; needed when there are several.",
        HelpName = "N",
    };

    private readonly Option<string?> stanza;
    private readonly string? otherwise;

    /// <param name="otherwise">The stanza when none is named; null when the repository is then left alone.</param>
    public RepositoryOptions(string? otherwise)
    {
        this.otherwise = otherwise;
        stanza = new("--stanza")
        {
            Description = otherwise is null
                ? $"Examines the backups of this stanza, which is pgBackRest's name for a server. Default: the variable {Variable}."
                : $"The stanza, which is pgBackRest's name for a server. Default: {otherwise}.",
            HelpName = "NAME",
        };
    }

    public void AddTo(Command command)
    {
        command.Options.Add(stanza);
        command.Options.Add(repo);
        command.Options.Add(configuration);
        command.Options.Add(program);
    }

    /// <summary>The named stanza; null when none is named and there is no other one.</summary>
    public string? StanzaOf(Session session, ParseResult parsed) => parsed.GetValue(stanza) ?? otherwise
        ?? (session.Host.Environment(Variable) is { Length: > 0 } variable ? variable : null);

    public Task<PgBackRest> FindAsync(Session session, ParseResult parsed, CancellationToken cancellationToken) =>
        PgBackRest.FindAsync(
            parsed.GetValue(program)!, parsed.GetValue(configuration), StanzaOf(session, parsed)!, parsed.GetValue(repo),
            session.Host.Directory, cancellationToken);
}
