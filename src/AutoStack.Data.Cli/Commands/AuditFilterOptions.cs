using System.CommandLine;
using System.Globalization;
using AutoStack.Data.Audit;

namespace AutoStack.Data.Cli.Commands;

/// <summary>The options that choose entries of the audit log.</summary>
internal sealed class AuditFilterOptions
{
    private readonly Option<string?> table = new("--table") { Description = "Entries of this table only.", HelpName = "TABLE" };

    private readonly Option<Guid?> row = new("--row")
    {
        Description = "Entries of the row with this id only.",
        HelpName = "ID",
        CustomParser = result =>
        {
            if (!Guid.TryParse(result.Tokens[0].Value, out var id))
            {
                result.AddError("--row is the id of a row, a UUID.");
            }

            return id;
        },
    };

    private readonly Option<string?> actor = new("--actor")
    {
        Description = "Entries of this actor only: an account, the id of a user, or a role.",
        HelpName = "ACTOR",
    };

    private readonly Option<DateTimeOffset?> since = Time("--since", "The earliest time");

    private readonly Option<DateTimeOffset?> until = Time("--until", "The end of the time, exclusive");

    private AuditFilterOptions()
    {
    }

    public static AuditFilterOptions AddTo(Command command)
    {
        var options = new AuditFilterOptions();
        foreach (var option in new Option[] { options.table, options.row, options.actor, options.since, options.until })
        {
            command.Options.Add(option);
        }

        return options;
    }

    public AuditFilter Read(ParseResult parsed) => new()
    {
        Table = parsed.GetValue(table),
        RowId = parsed.GetValue(row),
        Actor = parsed.GetValue(actor),
        Since = parsed.GetValue(since),
        Until = parsed.GetValue(until),
    };

    private static Option<DateTimeOffset?> Time(string name, string what) => new(name)
    {
        Description = $"{what}: 2026-12-01, 2026-12-01T08:30, in UTC, or with an offset.",
        HelpName = "TIME",
        CustomParser = result =>
        {
            if (!DateTimeOffset.TryParse(
                result.Tokens[0].Value, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time))
            {
                result.AddError($"{name} is a time: 2026-12-01 or 2026-12-01T08:30, in UTC, or with an offset.");
            }

            return time;
        },
    };
}
