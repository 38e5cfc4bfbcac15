using System.CommandLine;

namespace AutoStack.Data.Cli.Commands;

/// <summary><c>history</c>: every script with its state.</summary>
internal static class HistoryCommand
{
    public static Command Create(Session session)
    {
        var changes = new Option<bool>("--changes")
        {
            Description = "Prints who changed the journal, when and why: stamps, adoptions, repairs and downgrades.",
            Arity = ArgumentArity.Zero,
        };
        var command = new Command("history", "Prints every script with its state, the time it was applied, its duration and its checksum.")
        {
            changes,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            if (parsed.GetValue(changes))
            {
                session.Results.Changes(await session.Migrator(parsed).ReadJournalChangesAsync(cancellationToken).ConfigureAwait(false));
                return ExitCode.Done;
            }

            session.Results.History(await session.Migrator(parsed).ReadHistoryAsync(cancellationToken).ConfigureAwait(false));
            return ExitCode.Done;
        });
        return command;
    }
}
