using System.CommandLine;
using AutoStack.Data.Cli.Databases;
using AutoStack.Data.Cli.Output;
using AutoStack.Data.Partitions;

namespace AutoStack.Data.Cli.Commands;

/// <summary><c>partitions status|maintain|archive|archives|restore</c>: the partitions of the feature <c>log-partitions</c>.</summary>
internal static class PartitionsCommand
{
    public static Command Create(Session session)
    {
        var status = new Command("status", "Prints the partitions of logs and health checks, and the number of days that they cover.");
        status.SetAction((parsed, cancellationToken) =>
            RunAsync(session, parsed, (partitions, token) => partitions.FindStatusAsync(token), cancellationToken));
        var maintain = new Command("maintain", "Creates the partitions of the next periods.");
        maintain.SetAction((parsed, cancellationToken) =>
            RunAsync(session, parsed, (partitions, token) => partitions.MaintainAsync(token), cancellationToken));
        return new Command("partitions", "Shows, creates and archives the partitions of the feature log-partitions.")
        {
            status, maintain, ArchiveCommand.Create(session), ArchivesCommand.Create(session), RestoreCommand.Create(session),
        };
    }

    private static async Task<int> RunAsync(
        Session session,
        ParseResult parsed,
        Func<IPartitionMaintenance, CancellationToken, Task<PartitionStatus>> run,
        CancellationToken cancellationToken)
    {
        var services = await DataServices.OpenAsync(session, parsed, configure: null, cancellationToken).ConfigureAwait(false);
        await using (services.ConfigureAwait(false))
        {
            var partitions = services.Get<IPartitionMaintenance>();
            var status = await run(partitions, cancellationToken).ConfigureAwait(false);
            var ids = status.IsEnabled ? await partitions.CountIdsAsync(cancellationToken).ConfigureAwait(false) : null;
            session.Results.Partitions(status, ids);
            return FindingLines.ExitCodeOf(PartitionFindings.Of(status));
        }
    }
}
