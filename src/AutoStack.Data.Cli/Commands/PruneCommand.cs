using System.CommandLine;
using System.Globalization;
using AutoStack.Data.Cli.Databases;
using AutoStack.Data.Cli.Output;
using AutoStack.Data.Cli.Upkeep;
using AutoStack.Data.Retention;

namespace AutoStack.Data.Cli.Commands;

/// <summary><c>prune</c>: removes old rows as the services do, with the lease that they use.</summary>
internal static class PruneCommand
{
    // A count reads the rows that it counts: at the first run of an old database, most of a table.
    private static readonly TimeSpan CountTime = TimeSpan.FromHours(12);

    public static Command Create(Session session)
    {
        var dryRun = Switch("--dry-run", "Counts the rows that would be removed, and removes none.");
        var policyFile = new Option<string?>("--policy")
        {
            Description = "A JSON file with the ages, as in \"deploymentLogs\": \"30d\"; null keeps the rows. Default: the library's.",
            HelpName = "FILE",
        };
        var tables = new Option<string[]>("--table")
        {
            Description = "Removes rows of this table only. May be repeated.",
            HelpName = "TABLE",
            DefaultValueFactory = _ => [],
        };
        var maxRows = Number("--max-rows", "ROWS", "Ends the run after ROWS rows.");
        var maxMinutes = Number("--max-minutes", "MINUTES", "Ends the run after MINUTES minutes.");
        var archiveTo = new Option<string?>("--archive-to")
        {
            Description = "Archives partitions of logs into this folder before they are dropped; see partitions archive.",
            HelpName = "FOLDER",
        };
        var archiveFormat = ArchiveOptions.Format("--archive-format");
        var yes = new Option<bool>("--yes", "-y") { Description = "Does not ask for confirmation.", Arity = ArgumentArity.Zero };
        var command = new Command("prune", "Removes old rows: logs, checks, deleted deployments, expired sessions and so on.")
        {
            dryRun, policyFile, tables, maxRows, maxMinutes, archiveTo, archiveFormat, yes,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var (policy, pacing) = PolicyFile.Read(parsed.GetValue(policyFile), session.Host.Directory);
            var chosen = Chosen(parsed.GetValue(tables)!, policy);
            var asks = !parsed.GetValue(yes);
            if (asks && !parsed.GetValue(dryRun) && session.Host.InputRedirected)
            {
                throw Failure.Usage("prune asks before it removes anything, and nobody can answer: add --yes.");
            }

            if (parsed.GetValue(archiveFormat) is not null && parsed.GetValue(archiveTo) is null)
            {
                throw Failure.Usage("--archive-format needs --archive-to.");
            }

            var pruning = new Pruning(session, policy);
            if (parsed.GetValue(dryRun) || asks)
            {
                var plan = await PlanAsync(session, parsed, pruning, chosen, cancellationToken).ConfigureAwait(false);
                if (parsed.GetValue(dryRun))
                {
                    session.Results.PrunePlanned(plan);
                    return plan.NotVisible.Count == 0 ? ExitCode.Done : ExitCode.Warnings;
                }

                PruneLines.Write(session.Error, plan, dryRun: false);
                if (plan.Counts.Sum(count => count.Rows) > 0 && !await Question.AskAsync(session, cancellationToken).ConfigureAwait(false))
                {
                    throw Failure.Cancelled("Not confirmed. Nothing was removed.");
                }
            }

            var options = new RetentionRunOptions
            {
                Pacing = pacing,
                Tables = chosen,
                MaxRows = parsed.GetValue(maxRows),
                MaxDuration = parsed.GetValue(maxMinutes) is { } minutes ? TimeSpan.FromMinutes(minutes) : null,
            };
            var store = parsed.GetValue(archiveTo) is null ? null : ArchiveOptions.Store(session, parsed, archiveTo);
            var services = await DataServices.OpenAsync(
                session,
                parsed,
                settings =>
                {
                    settings.ArchiveStore = store;
                    ArchiveOptions.SetFormats(settings, parsed.GetValue(archiveFormat));
                },
                cancellationToken).ConfigureAwait(false);
            await using var closing = services.ConfigureAwait(false);
            var patience = TimeSpan.FromSeconds(parsed.GetValue(session.Options.Timeout));
            var report = await pruning.RunAsync(services, options, patience, cancellationToken).ConfigureAwait(false);
            session.Results.Pruned(report);
            return report.Run.Outcome switch
            {
                RetentionRunOutcome.Failed => ExitCode.Failed,
                RetentionRunOutcome.LeaseLost => ExitCode.Locked,
                _ => ExitCode.Done,
            };
        });
        return command;
    }

    private static async Task<PrunePlan> PlanAsync(
        Session session, ParseResult parsed, Pruning pruning, IReadOnlyCollection<string>? tables, CancellationToken cancellationToken)
    {
        var services = await DataServices.OpenAsync(
            session, parsed, options => options.CommandTimeout = CountTime, cancellationToken).ConfigureAwait(false);
        await using var closing = services.ConfigureAwait(false);
        return await pruning.PlanAsync(services, tables, cancellationToken).ConfigureAwait(false);
    }

    // A table that the policy keeps would be left out in silence.
    private static string[]? Chosen(string[] given, RetentionPolicy policy)
    {
        foreach (var table in given)
        {
            var rule = RetentionRules.All.FirstOrDefault(rule => rule.Table == table) ?? throw Failure.Usage(
                $"--table: there is no such table.{Nearest.To(table, RetentionRules.All.Select(rule => rule.Table))} "
                + $"The tables are {string.Join(", ", RetentionRules.All.Select(rule => rule.Table))}.");
            if (rule.Age(policy) is null)
            {
                throw Failure.Usage($"--table {table}: the policy keeps the rows of this table.");
            }
        }

        return given.Length == 0 ? null : given;
    }

    private static Option<int?> Number(string name, string unit, string description) => new(name)
    {
        Description = description,
        HelpName = unit,
        CustomParser = result =>
        {
            if (!int.TryParse(result.Tokens[0].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                || number < 1 || (unit == "MINUTES" && number > 525_600))
            {
                result.AddError($"{name} is a whole number, 1 or more{(unit == "MINUTES" ? ", up to a year" : "")}.");
            }

            return number;
        },
    };

    private static Option<bool> Switch(string name, string description) => new(name)
    {
        Description = description,
        Arity = ArgumentArity.Zero,
    };
}
