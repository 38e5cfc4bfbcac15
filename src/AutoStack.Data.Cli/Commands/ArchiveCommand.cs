using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using AutoStack.Data.Archives;
using AutoStack.Data.Cli.Databases;
using AutoStack.Data.Cli.Output;
using AutoStack.Data.Partitions;
using AutoStack.Data.Retention;

namespace AutoStack.Data.Cli.Commands;

/// <summary><c>partitions archive</c>: copies past partitions into files, which are compared with them.</summary>
internal static class ArchiveCommand
{
    private const int MaxDays = 36_500;

    public static Command Create(Session session)
    {
        var names = new Argument<string[]>("partition")
        {
            Description = "A partition whose period has ended. May be repeated. Default: all such partitions.",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var to = ArchiveOptions.Folder("--to", "The folder to write to; it is created.");
        var format = ArchiveOptions.Format("--format");
        var before = new Option<DateTimeOffset?>("--before")
        {
            Description = "Archives partitions whose period has ended before this day, in UTC.",
            HelpName = "DATE",
            CustomParser = result =>
            {
                if (DateTimeOffset.TryParseExact(
                    result.Tokens[0].Value, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var day))
                {
                    return day;
                }

                result.AddError("--before is a day: 2026-09-01.");
                return null;
            },
        };
        var keep = new Option<int?>("--keep")
        {
            Description = "Archives partitions whose period ended this long ago or earlier. Default: the library's ages, by table.",
            HelpName = "AGE",
            CustomParser = result =>
            {
                if (result.Tokens[0].Value is [.. var number, 'd']
                    && int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var days) && days is > 0 and <= MaxDays)
                {
                    return days;
                }

                result.AddError($"--keep is a number of days, up to {MaxDays}: 90d.");
                return null;
            },
        };
        var dryRun = new Option<bool>("--dry-run")
        {
            Description = "Lists the partitions that would be archived, and writes nothing.",
            Arity = ArgumentArity.Zero,
        };
        var command = new Command(
            "archive",
            "Copies past partitions into compressed files, and compares each file with its partition. Changes nothing in the database.")
        {
            names, to, format, before, keep, dryRun,
        };
        command.Validators.Add(result =>
        {
            var given = new Symbol[] { names, before, keep }.Count(symbol =>
                symbol is Option option ? result.GetResult(option) is { Implicit: false } : result.GetResult(names)?.Tokens.Count > 0);
            if (given > 1)
            {
                result.AddError("--before, --keep and names of partitions exclude each other.");
            }
        });
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var store = ArchiveOptions.Store(session, parsed, to);
            var services = await DataServices.OpenAsync(
                session, parsed, options => ArchiveOptions.SetFormats(options, parsed.GetValue(format)), cancellationToken)
                .ConfigureAwait(false);
            await using var closing = services.ConfigureAwait(false);
            var status = await services.Get<IPartitionMaintenance>().FindStatusAsync(cancellationToken).ConfigureAwait(false);
            var chosen = parsed.GetValue(names) is { Length: > 0 } given
                ? Named(status, given)
                : Past(status, parsed.GetValue(before), parsed.GetValue(keep));
            if (parsed.GetValue(dryRun))
            {
                var archives = await services.Get<ILogArchive>().ListAsync(store, cancellationToken).ConfigureAwait(false);
                session.Results.ArchivePlanned(new ArchivePlan(
                    status.IsEnabled,
                    [.. chosen.Select(partition => (partition, archives.LastOrDefault(entry =>
                        entry.State == ArchiveState.Complete && entry.Manifest!.Partition == partition.Name)?.Name))]));
                return ExitCode.Done;
            }

            var report = await RunAsync(session, services.Get<ILogArchive>(), status.IsEnabled, chosen, store, cancellationToken)
                .ConfigureAwait(false);
            session.Results.Archived(report);
            return report.Results.Any(result => result.Failure is not null) ? ExitCode.Failed : ExitCode.Done;
        });
        return command;
    }

    private static async Task<ArchiveReport> RunAsync(
        Session session, ILogArchive archive, bool isEnabled, IEnumerable<LogPartition> chosen, FolderArchiveStore store,
        CancellationToken cancellationToken)
    {
        var progress = new ArchiveProgressLine(session.Error);
        var results = new List<ArchiveResult>();
        var durations = new Dictionary<string, TimeSpan>(StringComparer.Ordinal);
        try
        {
            foreach (var partition in chosen)
            {
                var started = Stopwatch.GetTimestamp();
                try
                {
                    if (await archive.ArchiveAsync(partition.Name, store, progress, cancellationToken).ConfigureAwait(false) is { } result)
                    {
                        results.Add(result);
                    }
                }
                catch (Exception exception) when (exception is AutoStackDataException and not DatabaseUnavailableException)
                {
                    results.Add(new(partition, ArchiveOutcome.Failed) { Failure = exception });
                }

                durations[partition.Name] = Stopwatch.GetElapsedTime(started);
            }
        }
        finally
        {
            progress.Close();
        }

        return new ArchiveReport(isEnabled, results, durations);
    }

    private static List<LogPartition> Named(PartitionStatus status, string[] names)
    {
        var all = status.Tables.SelectMany(table => table.Partitions).ToList();
        return [.. names.Distinct(StringComparer.Ordinal).Select(name => all.FirstOrDefault(partition => partition.Name == name) switch
        {
            null => throw Failure.Usage(
                $"There is no partition {Migrations.Internal.Visible.Text(name)}.{Nearest.To(name, all.Select(one => one.Name))}"),
            { From: null } or { Until: null } => throw Failure.Usage(
                $"{name} has no period: rows that belong to no period are not archived."),
            { Until: var until } when until > status.ReadAt => throw Failure.Usage(
                $"The period of {name} has not ended: it ends at {Figures.Time(until)}."),
            var found => found,
        })];
    }

    private static List<LogPartition> Past(PartitionStatus status, DateTimeOffset? before, int? keep)
    {
        var policy = new RetentionPolicy();
        var ages = new Dictionary<string, TimeSpan?>(StringComparer.Ordinal)
        {
            ["deployment_logs"] = policy.DeploymentLogs,
            ["deployment_runtime_logs"] = policy.RuntimeLogs,
            ["deployment_health_checks"] = policy.HealthChecks,
        };
        return
        [
            .. from table in status.Tables
               let moment = before ?? status.ReadAt - (keep is { } days ? TimeSpan.FromDays(days) : ages[table.Name]!.Value)
               from partition in table.Partitions
               where partition.From is not null && partition.Until <= moment && partition.Until <= status.ReadAt
               select partition,
        ];
    }
}
