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
        target.Arity = ArgumentArity.ZeroOrOne;
        var detect = new Option<bool>("--detect")
        {
            Description = "Takes the version of the core whose objects the database has.",
            Arity = ArgumentArity.Zero,
        };
        var yes = new Option<bool>("--yes", "-y") { Description = "Does not ask for confirmation.", Arity = ArgumentArity.Zero };
        var set = SetOption.Create("The script set to stamp. Default: the core.");
        var command = new Command("stamp", "Sets the version in the journal without running a script.")
        {
            target,
            detect,
            set,
            yes,
            session.Options.Reason,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var asks = !parsed.GetValue(yes);
            if (asks && session.Host.InputRedirected)
            {
                throw Failure.Usage("stamp asks before it changes the journal, and nobody can answer: add --yes.");
            }

            var migrator = session.Migrator(parsed);
            var goal = parsed.GetValue(detect)
                ? await DetectAsync(migrator, parsed, target, set, cancellationToken).ConfigureAwait(false)
                : parsed.GetResult(target) is { Tokens.Count: > 0 } ? parsed.GetValue(target).In(parsed, set)
                : throw Failure.Usage("stamp needs the version that the schema has, or --detect.");
            var plan = await migrator.PlanStampAsync(goal, cancellationToken).ConfigureAwait(false);
            var changes = plan.Added.Count + plan.Removed.Count;
            if (asks && changes > 0)
            {
                session.Error.WriteLine(
                    $"Stamping {SetLines.Of(plan.Set, plan.FromVersion)} → {plan.ToVersion} records {Screen.Count(changes, "script")} as "
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

    private static async Task<MigrationTarget> DetectAsync(
        SchemaMigrator migrator,
        ParseResult parsed,
        Argument<MigrationTarget> target,
        Option<string?> set,
        CancellationToken cancellationToken)
    {
        if (parsed.GetResult(target) is { Tokens.Count: > 0 } || parsed.GetValue(set) is not (null or ScriptSet.CoreName))
        {
            throw Failure.Usage("--detect excludes a version and another set than the core.");
        }

        return await migrator.DetectVersionAsync(cancellationToken).ConfigureAwait(false) switch
        {
            { IsExact: true } detected => MigrationTarget.Version(detected.Version),
            { } closest => throw new CliException(new Failure(ExitCode.Changed, "notDetected",
                $"The objects of the database are those of no version. Closest is {closest.Version}, from which " +
                $"{Screen.Count(closest.Differences, "object")} differ{(closest.Differences == 1 ? "s" : "")}: stamp {closest.Version}, " +
                "then see them with autostack-db check. Nothing was changed.")),
            null => throw new CliException(new Failure(ExitCode.Failed, "notDetected",
                "The database has none of AutoStack's tables. Create them: autostack-db upgrade. Nothing was changed.")),
        };
    }
}
