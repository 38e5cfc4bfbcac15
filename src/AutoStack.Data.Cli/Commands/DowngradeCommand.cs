using System.CommandLine;
using AutoStack.Data.Migrations;

namespace AutoStack.Data.Cli.Commands;

/// <summary><c>downgrade -1|-N|VERSION|base</c>: prints what the down scripts lose, then runs them.</summary>
internal static class DowngradeCommand
{
    public static Command Create(Session session)
    {
        var target = Target.Argument("The version to return to.", "-N|VERSION|base");
        var yes = new Option<bool>("--yes", "-y") { Description = "Does not ask for confirmation.", Arity = ArgumentArity.Zero };
        var set = SetOption.Create("The script set to revert. Default: the core.");
        var command = new Command("downgrade", "Reverts versions, newest first. Data in dropped tables and columns is lost.")
        {
            target,
            set,
            yes,
            session.Options.Reason,
        };
        var preview = Preview.AddTo(command, up: false, yes);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var goal = parsed.GetValue(target).In(parsed, set);
            return await preview.RunAsync(session, parsed, goal, cancellationToken).ConfigureAwait(false)
                ?? await RunAsync(session, parsed, goal, !parsed.GetValue(yes), cancellationToken).ConfigureAwait(false);
        });
        return command;
    }

    /// <summary>Prints what is lost, asks unless that was declined, and reverts the scripts of one set.</summary>
    public static async Task<int> RunAsync(
        Session session, ParseResult parsed, MigrationTarget target, bool asks, CancellationToken cancellationToken)
    {
        if (asks && session.Host.InputRedirected)
        {
            throw Failure.Usage(
                $"{parsed.CommandResult.Command.Name} asks before it drops anything, and nobody can answer: add --yes.");
        }

        var migrator = session.Migrator(parsed);
        var plan = await migrator.PlanDowngradeAsync(target, cancellationToken).ConfigureAwait(false);
        if (plan.Scripts.Count > 0)
        {
            await DataLoss.AnnounceAsync(session, parsed, plan, cancellationToken).ConfigureAwait(false);
            if (asks && !await Question.AskAsync(session, cancellationToken).ConfigureAwait(false))
            {
                throw Failure.Cancelled("Not confirmed. Nothing was changed.");
            }
        }

        // The announced target, not -1 again: after a concurrent downgrade, -1 would revert a second version.
        var announced = plan.Scripts is [.., var oldest] ? Before(oldest) : target;
        session.Progress.Expect(plan.Scripts.Count);
        session.Results.Migrated(await migrator.DowngradeAsync(announced, session.Progress, cancellationToken).ConfigureAwait(false));
        return ExitCode.Done;
    }

    private static MigrationTarget Before(MigrationScript script) =>
        (script.Version == 1 ? MigrationTarget.Base : MigrationTarget.Version(script.Version - 1)).In(script.Set);
}
