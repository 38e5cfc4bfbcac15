using System.CommandLine;
using AutoStack.Data.Cli.Databases;
using AutoStack.Data.Migrations.Internal;
using Npgsql;
using static AutoStack.Data.Cli.Databases.Maintenance;

namespace AutoStack.Data.Cli.Commands;

/// <summary><c>create</c>: creates the database of the connection string, empty.</summary>
internal static class CreateCommand
{
    // The first version whose databases may have an ICU locale.
    private const int WithIcu = 15;

    public static Command Create(Session session)
    {
        var owner = Text("--owner", "ROLE", "The owner. Default: the role of the connection.");
        var encoding = Text("--encoding", "NAME", "The encoding: UTF8, the only one that upgrade accepts.");
        var locale = Text("--locale", "NAME", "The locale of the C library, for example C or de_DE.UTF-8. Default: that of the server.");
        var icu = Text("--icu-locale", "NAME", "An ICU locale, for example de-DE or und, for PostgreSQL 15 and newer.");
        var exists = new Option<bool>("--if-not-exists") { Description = "Succeeds when the database exists.", Arity = ArgumentArity.Zero };
        var through = Option();
        var command = new Command("create", "Creates the database of the connection string, empty. 'upgrade' then creates the tables.")
        {
            owner, encoding, locale, icu, exists, through,
        };
        command.Validators.Add(result =>
        {
            if (result.GetValue(encoding) is { } other && !IsUtf8(other))
            {
                result.AddError($"{encoding.Name} is {DatabaseEncoding.Name}: the schema stores texts of all languages.");
            }
        });
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var server = await ConnectAsync(session, parsed, through, cancellationToken).ConfigureAwait(false);
            await using var closing = server.ConfigureAwait(false);
            var before = await DatabaseFacts.ReadAsync(server, cancellationToken).ConfigureAwait(false);
            if (before is null)
            {
                await RunAsync(server, cancellationToken).ConfigureAwait(false);
            }
            else if (!parsed.GetValue(exists))
            {
                throw new CliException(new Failure(ExitCode.Failed, "exists",
                    $"The database {Visible.Text(server.Database)} exists, and belongs to {Visible.Text(before.Owner)}. " +
                    "Nothing was changed."));
            }
            else if (before.Encoding != DatabaseEncoding.Name)
            {
                throw new CliException(new Failure(ExitCode.Failed, "encoding",
                    $"The database {Visible.Text(server.Database)} exists. {DatabaseEncoding.Problem(before.Encoding)} " +
                    $"{DatabaseEncoding.Mend} Nothing was changed."));
            }

            var facts = before ?? await DatabaseFacts.ReadAsync(server, cancellationToken).ConfigureAwait(false);
            session.Results.DatabaseCreated(facts!, created: before is null);
            return ExitCode.Done;

            async Task RunAsync(Maintenance on, CancellationToken token)
            {
                var icuLocale = parsed.GetValue(icu);
                if (icuLocale is not null && on.ServerMajor < WithIcu)
                {
                    throw Failure.Usage($"--icu-locale needs PostgreSQL {WithIcu} or newer; this server has version {on.ServerMajor}.");
                }

                // template0 has no object of anybody, and allows another encoding and locale than its own.
                var parts = new List<string>
                {
                    $"CREATE DATABASE {Identifier(on.Database)} TEMPLATE template0",
                    $"ENCODING {Literal(DatabaseEncoding.Name)}",
                };
                Add("OWNER {0}", parsed.GetValue(owner), Identifier);
                Add("LOCALE {0}", parsed.GetValue(locale), Literal);
                Add("LOCALE_PROVIDER icu ICU_LOCALE {0}", icuLocale, Literal);
                try
                {
                    await on.ExecuteAsync(string.Join(' ', parts), token).ConfigureAwait(false);
                }
                catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.InsufficientPrivilege)
                {
                    throw new CliException(new Failure(ExitCode.Failed, "unexpected",
                        $"The role may not create this database: {exception.MessageText}. " +
                        "It needs CREATEDB, and membership in the owner."));
                }

                void Add(string part, string? value, Func<string, string> quote)
                {
                    if (value is not null)
                    {
                        parts.Add(part.Replace("{0}", quote(value), StringComparison.Ordinal));
                    }
                }
            }
        });
        return command;
    }

    // The server reads a name without its punctuation and case.
    private static bool IsUtf8(string encoding) =>
        string.Concat(encoding.Where(char.IsAsciiLetterOrDigit)).ToUpperInvariant() is "UTF8" or "UNICODE";

    private static Option<string?> Text(string name, string help, string description) =>
        new(name) { Description = description, HelpName = help };
}
