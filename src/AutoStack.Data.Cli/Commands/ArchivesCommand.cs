using System.CommandLine;
using AutoStack.Data.Archives;
using AutoStack.Data.Cli.Output;

namespace AutoStack.Data.Cli.Commands;

/// <summary><c>partitions archives</c>: lists the archives of a folder, and verifies them.</summary>
internal static class ArchivesCommand
{
    public static Command Create(Session session)
    {
        var from = ArchiveOptions.Folder("--from", "The folder of the archives.");
        var verify = new Option<bool>("--verify")
        {
            Description = "Reads every archive whole, and compares it with its manifest.",
            Arity = ArgumentArity.Zero,
        };
        var command = new Command(
            "archives", "Lists the archives of a folder. Exits with 8 when one is damaged, with 7 when one is incomplete.")
        {
            from, verify,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var store = ArchiveOptions.Store(session, parsed, from);
            var entries = await LogArchive.ListAsync(store, ArchiveOptions.Formats, cancellationToken).ConfigureAwait(false);
            if (parsed.GetValue(verify))
            {
                entries = await VerifyAsync(session, entries, store, cancellationToken).ConfigureAwait(false);
            }

            session.Results.Archives(entries, parsed.GetValue(verify));
            return entries.Any(entry => entry.State == ArchiveState.Damaged) ? ExitCode.Errors
                : entries.Any(entry => entry.State is ArchiveState.Incomplete or ArchiveState.UnknownFormat) ? ExitCode.Warnings
                : ExitCode.Done;
        });
        return command;
    }

    private static async Task<IReadOnlyList<ArchiveEntry>> VerifyAsync(
        Session session, IReadOnlyList<ArchiveEntry> entries, FolderArchiveStore store, CancellationToken cancellationToken)
    {
        var progress = new ArchiveProgressLine(session.Error);
        var verified = new List<ArchiveEntry>();
        try
        {
            foreach (var entry in entries)
            {
                verified.Add(await LogArchive.FindVerifiedAsync(
                    entry.Name, store, ArchiveOptions.Formats, progress, cancellationToken).ConfigureAwait(false)
                    ?? entry with { State = ArchiveState.Incomplete, Problem = "It was removed meanwhile." });
            }
        }
        finally
        {
            progress.Close();
        }

        return verified;
    }
}
