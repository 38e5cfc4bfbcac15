using System.CommandLine;
using AutoStack.Data.Cli.Databases;
using AutoStack.Data.Cli.Output;
using AutoStack.Data.Partitions;

namespace AutoStack.Data.Cli.Commands;

/// <summary><c>partitions status|maintain|archive|archives|restore</c>: the partitions of the feature <c>log-partitions</c>.</summary>
internal static class PartitionsCommand
{
    // A large default partition is read as a whole.
    private static readonly TimeSpan Longest = TimeSpan.FromHours(1);

    public static Command Create(Session session)
    {
        var status = new Command("status", "Prints the partitions of logs and health checks, and for how many days there are any.");
        status.SetAction((parsed, cancellationToken) =>
            RunAsync(session, parsed, limit: null, (partitions, token) => partitions.FindStatusAsync(token), cancellationToken));
        var maintain = new Command("maintain", "Creates the partitions of the next periods.");
        maintain.SetAction((parsed, cancellationToken) =>
            RunAsync(session, parsed, Longest, (partitions, token) => partitions.MaintainAsync(token), cancellationToken));
        return new Command("partitions", "Shows, creates and archives the partitions of the feature log-partitions.")
        {
            status, maintain, ArchiveCommand.Create(session), ArchivesCommand.Create(session), RestoreCommand.Create(session),
        };
    }

    private static async Task<int> RunAsync(
        Session session,
        ParseResult parsed,
        TimeSpan? limit,
        Func<IPartitionMaintenance, CancellationToken, Task<PartitionStatus>> run,
        CancellationToken cancellationToken)
    {
        var services = await DataServices.OpenAsync(
            session, parsed, options => options.OperationTimeout = limit, cancellationToken).ConfigureAwait(false);
        await using (services.ConfigureAwait(false))
        {
            var status = await run(services.Get<IPartitionMaintenance>(), cancellationToken).ConfigureAwait(false);
            session.Results.Partitions(status);
            return FindingLines.ExitCodeOf(PartitionFindings.Of(status));
        }
    }
}
