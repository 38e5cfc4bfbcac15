using System.CommandLine;
using AutoStack.Data.Migrations;

namespace AutoStack.Data.Cli.Commands;

/// <summary><c>upgrade [head|+N|VERSION]</c>: applies the pending scripts.</summary>
internal static class UpgradeCommand
{
    public static Command Create(Session session)
    {
        var target = Target.Argument("The version to reach.", "head|+N|VERSION", MigrationTarget.Head);
        var command = new Command("upgrade", "Applies the pending scripts, up to a version.") { target };
        var preview = Preview.AddTo(command, up: true);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            if (await preview.RunAsync(session, parsed, parsed.GetValue(target), cancellationToken).ConfigureAwait(false))
            {
                return ExitCode.Done;
            }

            var report = await session.Migrator(parsed)
                .UpgradeAsync(parsed.GetValue(target), session.Progress, cancellationToken).ConfigureAwait(false);
            session.Results.Migrated(report);
            return ExitCode.Done;
        });
        return command;
    }
}
