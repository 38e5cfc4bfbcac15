using System.CommandLine;

namespace AutoStack.Data.Cli.Commands;

/// <summary><c>current</c>: the version of the database, in one line.</summary>
internal static class CurrentCommand
{
    public static Command Create(Session session)
    {
        var command = new Command("current", "Prints the version of the database and the number of pending scripts.");
        command.SetAction(async (parsed, cancellationToken) =>
        {
            session.Results.Current(await session.Migrator(parsed).ReadHistoryAsync(cancellationToken).ConfigureAwait(false));
            return ExitCode.Done;
        });
        return command;
    }
}
