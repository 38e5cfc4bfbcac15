using System.CommandLine;
using AutoStack.Data.Cli.Output;
using AutoStack.Data.Migrations;

namespace AutoStack.Data.Cli.Commands;

/// <summary><c>check</c>: compares the database with the scripts; <c>--fix</c> runs the statements that mend it.</summary>
internal static class CheckCommand
{
    private const string FormatName = "--format";

    private static readonly string[] Formats = [.. Enum.GetNames<CheckFormat>().Select(name => name.ToLowerInvariant())];

    public static Command Create(Session session)
    {
        var fix = Switch("--fix", "Runs the statements that lose nothing, then checks again.");
        var dryRun = Switch("--dry-run", "With --fix: prints the statements, and runs none.");
        var loseData = Switch("--lose-data", "With --fix: runs statements that delete data, too.");
        var loseSecurity = Switch(
            "--lose-security", "With --fix: runs statements after which the database refuses less, too, for example DROP NOT NULL.");
        var ignore = new Option<string?>("--ignore")
        {
            Description =
                "A file that names the objects that are meant to differ: a kind and a name in each line, as in trigger users.audit_*.",
            HelpName = "FILE",
        };
        var format = FormatOption();
        var command = new Command(
            "check", "Compares the database with the scripts: reports pending and changed scripts, and every object that differs.")
        {
            fix, dryRun, loseData, loseSecurity, ignore, format,
        };
        command.Validators.Add(result =>
        {
            foreach (var option in new[] { dryRun, loseData, loseSecurity }.Where(o => result.GetResult(o) is not null))
            {
                if (result.GetResult(fix) is null)
                {
                    result.AddError($"{option.Name} needs --fix.");
                }
            }

            if (result.GetResult(session.Options.Json) is not null && result.GetResult(format) is { Implicit: false }
                && result.GetValue(format) != CheckFormat.Json)
            {
                result.AddError($"{SharedOptions.JsonName} and {FormatName} {result.GetValue(format).ToString().ToLowerInvariant()} " +
                    "exclude each other.");
            }

            if (result.GetResult(fix) is not null && result.GetValue(format) is not (CheckFormat.Text or CheckFormat.Json))
            {
                result.AddError("--fix has the formats text and json.");
            }
        });
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var migrator = session.Migrator(parsed, ignored: IgnoreFile.Read(parsed.GetValue(ignore), session.Host.Directory));
            var options = new SchemaRepairOptions { LoseData = parsed.GetValue(loseData), LoseSecurity = parsed.GetValue(loseSecurity) };
            if (parsed.GetValue(dryRun))
            {
                session.Results.RepairPlanned(await migrator.PlanSchemaRepairAsync(options, cancellationToken).ConfigureAwait(false));
                return ExitCode.Done;
            }

            if (parsed.GetValue(fix))
            {
                var report = await migrator.RepairSchemaAsync(options, session.Progress, cancellationToken).ConfigureAwait(false);
                session.Results.Repaired(report);
                return report.Failures.Count == 0 ? Code(report.Left)
                    : report.Failures.All(failure => failure.IsBlocked) ? ExitCode.Locked : ExitCode.Failed;
            }

            var drift = await migrator.CheckAsync(cancellationToken).ConfigureAwait(false);
            if (parsed.GetValue(format) is var asked and not (CheckFormat.Text or CheckFormat.Json))
            {
                CheckFormats.Write(asked, drift, session.Host.Output);
            }
            else
            {
                session.Results.Checked(drift);
            }

            return Code(drift);
        });
        return command;
    }

    /// <summary>True when the arguments ask for JSON with <c>--format</c>; failures are then JSON, too.</summary>
    public static bool AsksForJson(IReadOnlyList<string> args) => args.Index().Any(arg =>
        (arg.Item == FormatName && arg.Index + 1 < args.Count && args[arg.Index + 1] == "json")
        || arg.Item is FormatName + "=json" or FormatName + ":json");

    private static int Code(SchemaCheckResult drift) =>
        drift.HasDrifted ? ExitCode.Changed : drift.IsClean ? ExitCode.Done : ExitCode.Pending;

    private static Option<CheckFormat> FormatOption() => new(FormatName)
    {
        Description = $"The form of the report: {string.Join(", ", Formats)}. Default: text.",
        HelpName = string.Join('|', Formats),
        CustomParser = result =>
        {
            if (!Formats.Contains(result.Tokens[0].Value) || !Enum.TryParse<CheckFormat>(result.Tokens[0].Value, true, out var format))
            {
                result.AddError($"{FormatName} is one of {string.Join(", ", Formats)}.");
                return default;
            }

            return format;
        },
    };

    private static Option<bool> Switch(string name, string description) => new(name)
    {
        Description = description,
        Arity = ArgumentArity.Zero,
    };
}
