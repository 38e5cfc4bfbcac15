using System.CommandLine;

namespace AutoStack.Data.Cli.Commands;

/// <summary><c>history</c>: every script with its state.</summary>
internal static class HistoryCommand
{
    public static Command Create(Session session)
    {
        var command = new Command("history", "Prints every script with its state, the time it was applied, its duration and its checksum.");
        command.SetAction(async (parsed, cancellationToken) =>
        {
            session.Results.History(await session.Migrator(parsed).ReadHistoryAsync(cancellationToken).ConfigureAwait(false));
            return ExitCode.Done;
        });
        return command;
    }
}
