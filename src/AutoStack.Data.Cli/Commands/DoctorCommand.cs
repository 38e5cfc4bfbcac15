using System.CommandLine;
using System.Globalization;
using AutoStack.Data.Audit;
using AutoStack.Data.Cli.Databases;
using AutoStack.Data.Cli.Output;
using AutoStack.Data.Monitoring;
using AutoStack.Data.Partitions;

namespace AutoStack.Data.Cli.Commands;

/// <summary><c>doctor</c>: one page of findings about the database and its server, with an exit code for alerts.</summary>
internal static class DoctorCommand
{
    /// <summary>The rules of the library and of the console.</summary>
    internal static IReadOnlyList<string> Rules { get; } =
    [
        .. DoctorRules.Ids.Concat(SchemaFindings.Rules).Concat(PartitionFindings.Rules).Concat(AuditFindings.Rules)
            .Concat(UpkeepFindings.Rules)
            .Order(StringComparer.Ordinal),
    ];

    public static Command Create(Session session)
    {
        var instances = Number("--instances", "The processes that each have a pool.", DoctorOptions.MaxInstances, 1);
        var pool = Number("--pool", "The connections of each pool.", DoctorOptions.MaxPoolSize, 60);
        var ignore = new Option<string[]>("--ignore")
        {
            Description = "A rule to leave out, for example archive-off. May be repeated.",
            HelpName = "RULE",
            DefaultValueFactory = _ => [],
        };
        ignore.CompletionSources.Add(_ => Rules);
        ignore.Validators.Add(result =>
        {
            foreach (var unknown in result.Tokens.Select(token => token.Value).Where(rule => !Rules.Contains(rule)))
            {
                result.AddError($"--ignore: {unknown} is not a rule.{Nearest.To(unknown, Rules)}");
            }
        });
        var format = FormatOption.Create();
        var command = new Command("doctor", "Examines rights, settings, indexes, transactions, replication, the schema, backups and keys.")
        {
            instances, pool, ignore, format,
        };
        var upkeep = new UpkeepFindings();
        upkeep.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var ignored = parsed.GetValue(ignore) ?? [];
            var options = new DoctorOptions
            {
                Instances = parsed.GetValue(instances),
                PoolSize = parsed.GetValue(pool),
                IgnoredRules = [.. ignored.Intersect(DoctorRules.Ids)],
            };
            var findings = await FindAsync(session, parsed, options, upkeep, cancellationToken).ConfigureAwait(false);
            findings = [.. FindingLines.Ordered(findings.Where(finding => !ignored.Contains(finding.Rule)))];
            return FormatOption.Report(
                session, parsed.GetValue(format), command.Name, findings, results => results.Examined(findings));
        });
        return command;
    }

    // A further source of findings is a further line here.
    private static async Task<IReadOnlyList<Finding>> FindAsync(
        Session session, ParseResult parsed, DoctorOptions options, UpkeepFindings upkeep, CancellationToken cancellationToken)
    {
        var services = await DataServices.OpenAsync(session, parsed, configure: null, cancellationToken).ConfigureAwait(false);
        await using (services.ConfigureAwait(false))
        {
            return
            [
                .. await services.Get<IDatabaseDoctor>().ListFindingsAsync(options, cancellationToken).ConfigureAwait(false),
                .. PartitionFindings.Of(
                    await services.Get<IPartitionMaintenance>().FindStatusAsync(cancellationToken).ConfigureAwait(false)),
                .. AuditFindings.Of(await services.Get<IAuditMaintenance>().FindStatusAsync(cancellationToken).ConfigureAwait(false)),
                .. await SchemaFindings.FindAsync(session.Migrator(parsed), cancellationToken).ConfigureAwait(false),
                .. await upkeep.FindAsync(session, parsed, services, cancellationToken).ConfigureAwait(false),
            ];
        }
    }

    private static Option<int> Number(string name, string description, int most, int otherwise) => new(name)
    {
        Description = description,
        HelpName = "N",
        DefaultValueFactory = _ => otherwise,
        CustomParser = result =>
        {
            if (!int.TryParse(result.Tokens[0].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                || number < 1 || number > most)
            {
                result.AddError($"{name} is a whole number from 1 to {most}.");
            }

            return number;
        },
    };
}
