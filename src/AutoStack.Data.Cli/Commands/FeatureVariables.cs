using System.CommandLine;
using System.Text.RegularExpressions;
using AutoStack.Data.Migrations;
using AutoStack.Data.Partitions;
using Spectre.Console;

namespace AutoStack.Data.Cli.Commands;

/// <summary>The options of <c>feature enable</c> that become variables of the feature's scripts.</summary>
internal sealed partial class FeatureVariables
{
    private readonly Option<string[]> period = Create(
        "--period", "[TABLE=]day|week|month", "The period of a partition, of all tables or of one; may be repeated. (log-partitions)");

    private readonly Option<string[]> keep = Create(
        "--keep",
        "[TABLE=]90d",
        "The time for which rows are kept: chooses a period of about a quarter, where --period names none. (log-partitions) "
        + "How long entries are kept; for ever by default. (audit)");

    private readonly Option<string[]> tables = Create(
        "--tables", "TABLE", "A table whose changes are recorded besides, of logs, checks or stages; may be repeated. (audit)");

    // The tables that the feature audit records when they are named.
    private static readonly string[] AuditedByChoice =
        ["deployment_stages", "deployment_logs", "deployment_runtime_logs", "deployment_health_checks"];

    private FeatureVariables()
    {
    }

    public static FeatureVariables AddTo(Command command)
    {
        var variables = new FeatureVariables();
        foreach (var (option, form, what) in new[]
        {
            (variables.period, PeriodForm(), "day, week or month"), (variables.keep, TimeForm(), "a number of days or weeks, such as 90d"),
        })
        {
            option.Validators.Add(result =>
            {
                var values = result.Tokens.Select(token => token.Value.Split('=', 2)).ToList();
                if (values.Any(value => !form.IsMatch(value[^1]) || (value.Length == 2 && !PartitionMaintenance.Tables.Contains(value[0]))))
                {
                    result.AddError(
                        $"{option.Name} is {what}, or for one table TABLE=…; the tables are " +
                        $"{string.Join(", ", PartitionMaintenance.Tables)}.");
                }
                else if (values.GroupBy(value => value.Length == 2 ? value[0] : "").Any(group => group.Count() > 1))
                {
                    result.AddError($"{option.Name} is given twice for the same tables.");
                }
            });
            command.Options.Add(option);
        }

        variables.tables.Validators.Add(result =>
        {
            if (result.Tokens.Select(token => token.Value).Except(AuditedByChoice).Any())
            {
                result.AddError($"--tables is one of {string.Join(", ", AuditedByChoice)}.");
            }
        });
        command.Options.Add(variables.tables);
        return variables;
    }

    /// <summary>The variables that are given.</summary>
    /// <exception cref="CliException">The feature has no such variable.</exception>
    public IReadOnlyDictionary<string, string> Read(Session session, ParseResult parsed, string feature)
    {
        var given = new Dictionary<string, string>();
        foreach (var option in new[] { period, keep, tables }.Where(option => parsed.GetValue(option) is { Length: > 0 }))
        {
            var name = option.Name.TrimStart('-');
            if (feature == "audit" && parsed.GetValue(option)!.FirstOrDefault(value => value.Contains('=')) is { } ofTable)
            {
                throw Failure.Usage($"{option.Name} {ofTable}: the feature audit keeps all of its entries alike.");
            }

            given[name] = Scripts(session, feature).Any(script => script.Up.Variables.Contains(name))
                ? string.Join(',', parsed.GetValue(option)!)
                : throw Failure.Usage($"{option.Name} does not belong to the feature {feature}.");
        }

        return given;
    }

    /// <summary>Names the variables that no script of the run has read, because it was applied before.</summary>
    public static void WarnUnread(
        Session session, string feature, IReadOnlyDictionary<string, string> given, MigrationResult result)
    {
        var ran = result.Steps.Where(step => step.Set == feature).Select(step => step.Version).ToHashSet();
        var read = Scripts(session, feature).Where(script => ran.Contains(script.Version)).SelectMany(script => script.Up.Variables);
        var unread = given.Keys.Except(read).Select(name => $"--{name}").ToList();
        if (unread.Count > 0)
        {
            session.Error.WriteLine(
                $"{string.Join(" and ", unread)}: an earlier run has read this. Change it in the table of settings: docs/{feature}.md.",
                new Style(Color.Yellow));
        }
    }

    private static IReadOnlyList<MigrationScript> Scripts(Session session, string feature) =>
        session.Host.Features.First(set => set.Name == feature).Scripts;

    private static Option<string[]> Create(string name, string form, string description) => new(name)
    {
        Description = description,
        HelpName = form,
        DefaultValueFactory = _ => [],
    };

    [GeneratedRegex(@"^(day|week|month)\z", RegexOptions.CultureInvariant)]
    private static partial Regex PeriodForm();

    [GeneratedRegex(@"^[1-9][0-9]{0,3}[dw]\z", RegexOptions.CultureInvariant)]
    private static partial Regex TimeForm();
}
