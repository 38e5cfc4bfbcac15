using System.CommandLine;
using AutoStack.Data.Cli.Output;
using AutoStack.Data.Migrations;

namespace AutoStack.Data.Cli.Commands;

/// <summary><c>check</c>: compares the database with the scripts; <c>--fix</c> runs the statements that mend it.</summary>
internal static class CheckCommand
{
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
        var format = FormatOption.Create();
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

            if (result.GetResult(fix) is not null && result.GetValue(format).IsForBuildServers())
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
                return report.Failures.Count > 0 ? ExitCode.Failed : Code(report.Left);
            }

            var drift = await migrator.CheckAsync(cancellationToken).ConfigureAwait(false);
            if (parsed.GetValue(format) is var asked && asked.IsForBuildServers())
            {
                CheckFormats.Write(asked, command.Name, CheckFinding.Of(drift), session.Host.Output);
            }
            else
            {
                session.Results.Checked(drift);
            }

            return Code(drift);
        });
        return command;
    }

    private static int Code(SchemaCheckResult drift) =>
        drift.HasDrifted ? ExitCode.Changed : drift.IsClean ? ExitCode.Done : ExitCode.Pending;

    private static Option<bool> Switch(string name, string description) => new(name)
    {
        Description = description,
        Arity = ArgumentArity.Zero,
    };
}
