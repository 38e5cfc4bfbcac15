using System.CommandLine;

namespace AutoStack.Data.Cli.Commands;

/// <summary><c>check</c>: compares the database with the scripts, without changing anything.</summary>
internal static class CheckCommand
{
    public static Command Create(Session session)
    {
        var command = new Command(
            "check", "Compares the database with the scripts: reports pending and changed scripts, and every object that differs.");
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var drift = await session.Migrator(parsed).CheckAsync(cancellationToken).ConfigureAwait(false);
            session.Results.Checked(drift);
            return drift.HasDrifted ? ExitCode.Changed : drift.IsClean ? ExitCode.Done : ExitCode.Pending;
        });
        return command;
    }
}
