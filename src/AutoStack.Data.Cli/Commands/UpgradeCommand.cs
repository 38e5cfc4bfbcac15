using System.CommandLine;
using AutoStack.Data.Migrations;

namespace AutoStack.Data.Cli.Commands;

/// <summary><c>upgrade [head|+N|VERSION]</c>: applies the pending scripts.</summary>
internal static class UpgradeCommand
{
    public static Command Create(Session session)
    {
        var target = Target.Argument("The version to reach.", "head|+N|VERSION", MigrationTarget.Head);
        var set = SetOption.Create("Upgrades this script set only. Default: every set, or with a version the core.");
        var yes = new Option<bool>("--yes", "-y")
        {
            Description = "Does not ask before --rehearse stops readers and writers.",
            Arity = ArgumentArity.Zero,
        };
        var command = new Command("upgrade", "Applies the pending scripts of every script set, or of one up to a version.")
        {
            target,
            set,
            yes,
        };
        var preview = Preview.AddTo(command, up: true, yes);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            UnknownScripts.Warn(session, parsed);
            var goal = parsed.GetValue(target).In(parsed, set);
            if (await preview.RunAsync(session, parsed, goal, cancellationToken).ConfigureAwait(false) is { } code)
            {
                return code;
            }

            var report = await session.Migrator(parsed)
                .UpgradeAsync(goal, session.Progress, cancellationToken).ConfigureAwait(false);
            session.Results.Migrated(report);
            return ExitCode.Done;
        });
        return command;
    }
}
