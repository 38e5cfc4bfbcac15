using System.CommandLine;
using AutoStack.Data.Migrations;

namespace AutoStack.Data.Cli.Commands;

/// <summary><c>adopt</c>: takes over a database that the Python services created. No data is lost, so that nobody is asked.</summary>
internal static class AdoptCommand
{
    public static Command Create(Session session)
    {
        var dryRun = new Option<bool>("--dry-run")
        {
            Description = "Prints what would be done, in a session in which the server refuses every write.",
            Arity = ArgumentArity.Zero,
        };
        var keepJson = new Option<bool>("--keep-json")
        {
            Description = "Keeps the type json of the columns of webhook_payloads, so that the table is not rewritten.",
            Arity = ArgumentArity.Zero,
        };
        var command = new Command("adopt", "Takes over a database of the Python services in place; every row stays.") { dryRun, keepJson };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var migrator = session.Migrator(parsed);
            var options = new AdoptionOptions { KeepJson = parsed.GetValue(keepJson) };
            if (parsed.GetValue(dryRun))
            {
                var plan = await migrator.PlanAdoptionAsync(options, cancellationToken).ConfigureAwait(false);
                session.Results.AdoptionPlanned(plan);
                return plan.Obstacles.Count == 0 ? ExitCode.Done : ExitCode.Failed;
            }

            session.Results.Adopted(await migrator.AdoptAsync(options, session.Progress, cancellationToken).ConfigureAwait(false));
            return ExitCode.Done;
        });
        return command;
    }
}
