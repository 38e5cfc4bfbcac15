using System.CommandLine;
using System.Globalization;
using AutoStack.Data.Cli.Databases;
using AutoStack.Data.Migrations.Internal;
using Npgsql;
using Spectre.Console;

namespace AutoStack.Data.Cli.Commands;

/// <summary><c>drop</c>: drops the database of the connection string after its name was given.</summary>
internal static class DropCommand
{
    public static Command Create(Session session)
    {
        var confirm = new Option<string?>("--confirm")
        {
            Description = "The name of the database, instead of the question.",
            HelpName = "NAME",
        };
        var force = Switch("--force", "Ends the sessions that are on the database.");
        var exists = Switch("--if-exists", "Succeeds when the database does not exist.");
        var through = Maintenance.Option();
        var command = new Command("drop", "Drops the database of the connection string with all its data. Asks for its name.")
        {
            confirm, force, exists, through,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            if (parsed.GetValue(confirm) is null && session.Host.InputRedirected)
            {
                throw Failure.Usage("drop asks for the name of the database, and nobody can answer: add --confirm NAME.");
            }

            var server = await Maintenance.ConnectAsync(session, parsed, through, cancellationToken).ConfigureAwait(false);
            await using var closing = server.ConfigureAwait(false);
            var name = Visible.Text(server.Database);
            if (await DatabaseFacts.ReadAsync(server, cancellationToken).ConfigureAwait(false) is not { } facts)
            {
                session.Results.DatabaseDropped(server.Database, parsed.GetValue(exists) ? false
                    : throw Fail("missing", $"There is no database {name}."));
                return ExitCode.Done;
            }

            if (facts.IsTemplate)
            {
                throw Fail("unexpected", $"The database {name} is a template. Nothing was changed.");
            }

            await RefuseSessionsAsync(server, parsed.GetValue(force), cancellationToken).ConfigureAwait(false);
            await ConfirmAsync(session, parsed.GetValue(confirm), server, facts, cancellationToken).ConfigureAwait(false);
            try
            {
                await server.ExecuteAsync(
                    $"DROP DATABASE {Maintenance.Identifier(server.Database)}{(parsed.GetValue(force) ? " WITH (FORCE)" : "")}",
                    cancellationToken).ConfigureAwait(false);
            }
            catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.ObjectInUse)
            {
                throw Fail("inUse", $"{exception.MessageText}. Nothing was changed.");
            }

            session.Results.DatabaseDropped(server.Database, dropped: true);
            return ExitCode.Done;
        });
        return command;
    }

    private static async Task RefuseSessionsAsync(Maintenance server, bool force, CancellationToken cancellationToken)
    {
        var sessions = await DatabaseSession.ListAsync(server, cancellationToken).ConfigureAwait(false);
        if (sessions.Count > 0 && !force)
        {
            throw Fail("inUse", $"{Output.Screen.Count(sessions.Count, "session")} on the database {Visible.Text(server.Database)}: "
                + string.Join(", ", sessions.Take(5).Select(s => Visible.Text($"pid {s.Pid} ({s.User}, {s.Application}, {s.State})")))
                + (sessions.Count > 5 ? " and others" : "")
                + ". Stop the services, or add --force, which ends the sessions. Nothing was changed.");
        }
    }

    private static async Task ConfirmAsync(
        Session session, string? given, Maintenance server, DatabaseFacts facts, CancellationToken cancellationToken)
    {
        if (given is null)
        {
            var sizes = await server.ListAsync(
                """
                SELECT pg_database_size(d.oid)
                FROM pg_database d
                WHERE d.datname = $1::text::name AND has_database_privilege(d.oid, 'CONNECT')
                """,
                row => row.GetInt64(0),
                cancellationToken).ConfigureAwait(false);
            var size = sizes is [var bytes] ? string.Create(CultureInfo.InvariantCulture, $" ({bytes / 1024.0 / 1024.0:0.#} MB)") : "";
            session.Error.WriteLine(
                $"Dropping the database {Visible.Text(facts.Name)}{size} of {Visible.Text(facts.Owner)} loses all its data.",
                new Style(Color.Yellow));
            given = await Question.ReadAsync(session, "Type its name to drop it: ", cancellationToken).ConfigureAwait(false);
        }

        if (given != server.Database)
        {
            throw Failure.Cancelled("That is not the name of the database. Nothing was changed.");
        }
    }

    private static CliException Fail(string kind, string message) => new(new Failure(ExitCode.Failed, kind, message));

    private static Option<bool> Switch(string name, string description) => new(name)
    {
        Description = description,
        Arity = ArgumentArity.Zero,
    };
}
