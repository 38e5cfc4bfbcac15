using System.CommandLine;
using AutoStack.Data.Cli.Roles;
using AutoStack.Data.Migrations.Internal;

namespace AutoStack.Data.Cli.Commands;

/// <summary><c>roles apply|check</c>: the roles of <c>scripts/roles.sql</c>, and where a database differs from them.</summary>
internal static class RolesCommand
{
    public static Command Create(Session session) =>
        new("roles", "Sets up the roles of a database with the least rights, and finds the rights that differ.")
        {
            Apply(session),
            Check(session),
        };

    private static Command Apply(Session session)
    {
        var (prefix, shared) = (Prefix(), Shared());
        var dryRun = new Option<bool>("--dry-run")
        {
            Description = "Prints what would change: runs the script in a transaction that is rolled back.",
            Arity = ArgumentArity.Zero,
        };
        var command = new Command(
            "apply", "Creates the roles, and gives each its rights and no other, in one transaction. Prints what changed.")
        {
            prefix, shared, dryRun,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var keeps = !parsed.GetValue(dryRun);
            var report = await RunAsync(session, parsed, parsed.GetValue(prefix), parsed.GetValue(shared), keeps, cancellationToken)
                .ConfigureAwait(false);
            session.HasChanged |= keeps;
            if (report.Refused is { } refused)
            {
                throw new CliException(new Failure(ExitCode.Failed, "otherGrantor", $"{refused} Nothing was changed."));
            }

            session.Results.RolesApplied(report, dryRun: !keeps);
            return ExitCode.Done;
        });
        return command;
    }

    private static Command Check(Session session)
    {
        var (prefix, shared, format) = (Prefix(), Shared(), FormatOption.Create());
        var command = new Command("check", "Reports each right that apply would grant or revoke. Changes nothing.")
        {
            prefix, shared, format,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var report = await RunAsync(
                session, parsed, parsed.GetValue(prefix), parsed.GetValue(shared), keeps: false, cancellationToken).ConfigureAwait(false);
            var findings = RoleFindings.Of(report);
            return FormatOption.Report(
                session, parsed.GetValue(format), "roles check", findings, results => results.RolesChecked(report, findings));
        });
        return command;
    }

    private static Task<RoleReport> RunAsync(
        Session session, ParseResult parsed, string? prefix, bool shared, bool keeps, CancellationToken cancellationToken)
    {
        var server = new MigrationServer(session.RequiredConnection(parsed), session.ShowsValues, session.AskPassword);
        return new RoleScript(server, prefix, shared).RunAsync(
            keeps, TimeSpan.FromSeconds(parsed.GetValue(session.Options.Wait)), session.Progress, cancellationToken);
    }

    private static Option<string?> Prefix() => new("--prefix")
    {
        Description = "The prefix of the roles' names; each database of a server needs another one. Default: autostack.",
        HelpName = "NAME",
        CustomParser = result =>
        {
            if (string.IsNullOrWhiteSpace(result.Tokens[0].Value))
            {
                result.AddError("--prefix is empty.");
            }

            return result.Tokens[0].Value;
        },
    };

    private static Option<bool> Shared() => new("--shared")
    {
        Description = "Leaves advisory locks, large objects and notifications to everybody, for a database that other programs share.",
        Arity = ArgumentArity.Zero,
    };
}
