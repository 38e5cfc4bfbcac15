using System.CommandLine;
using AutoStack.Data.Cli.Output;
using AutoStack.Data.Migrations;
using Spectre.Console;

namespace AutoStack.Data.Cli.Commands;

/// <summary><c>stamp VERSION|head|base</c>: sets the journal without running a script.</summary>
internal static class StampCommand
{
    public static Command Create(Session session)
    {
        var target = Target.Argument("The version that the schema already has.", "VERSION|head|base");
        var yes = new Option<bool>("--yes", "-y") { Description = "Does not ask for confirmation.", Arity = ArgumentArity.Zero };
        var set = SetOption.Create("The script set to stamp. Default: the core.");
        var command = new Command("stamp", "Sets the version in the journal without running a script.") { target, set, yes };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var asks = !parsed.GetValue(yes);
            if (asks && session.Host.InputRedirected)
            {
                throw Failure.Usage("stamp asks before it changes the journal, and nobody can answer: add --yes.");
            }

            var migrator = session.Migrator(parsed);
            var plan = await migrator.PlanStampAsync(parsed.GetValue(target).In(parsed, set), cancellationToken).ConfigureAwait(false);
            var changes = plan.Added.Count + plan.Removed.Count;
            if (asks && changes > 0)
            {
                session.Error.WriteLine(
                    $"Stamping {(plan.Set == ScriptSet.CoreName ? "" : plan.Set + " ")}{plan.FromVersion} → {plan.ToVersion} records {Screen.Count(changes, "script")} as "
                    + (plan.Removed.Count > 0 ? "not applied without reverting" : "applied without running")
                    + $" {(changes == 1 ? "it" : "them")}. A wrong stamp makes later scripts fail or be skipped.");
                if (!await Question.AskAsync(session, cancellationToken).ConfigureAwait(false))
                {
                    throw Failure.Cancelled("Not confirmed. Nothing was changed.");
                }
            }

            session.Progress.Expect(changes);
            var announced = (plan.ToVersion == 0 ? MigrationTarget.Base : MigrationTarget.Version(plan.ToVersion)).In(plan.Set);
            session.Results.Stamped(await migrator.StampAsync(announced, session.Progress, cancellationToken).ConfigureAwait(false));
            return ExitCode.Done;
        });
        return command;
    }
}
