using System.Globalization;
using AutoStack.Data.Cli.Bench;
using AutoStack.Data.Cli.Commands;
using AutoStack.Data.Cli.Lint;
using AutoStack.Data.Migrations;
using Spectre.Console;

namespace AutoStack.Data.Cli.Output;

/// <summary>Results as text. Values are never parsed as markup, since a name may contain brackets.</summary>
internal sealed class HumanResults(IAnsiConsole output, IAnsiConsole error) : IResults
{
    public void Migrated(MigrationResult report) => output.WriteLine(report.Steps.Count == 0
        ? $"{SetLines.AlreadyAt(report.Sets)}, nothing to do."
        : $"{SetLines.Ways(report.Sets)}: {Screen.Count(report.Steps.Count, "script")} in " +
          Screen.Duration(Sum(report.Steps.Select(step => step.Duration))));

    public void Planned(MigrationPlan plan)
    {
        var width = plan.Scripts.Select(script => plan.StepOf(script).FileName.Length).DefaultIfEmpty().Max();
        foreach (var step in plan.Scripts.Select(plan.StepOf))
        {
            output.WriteLine($"{step.FileName.PadRight(width)}  {(step.Transactional ? "" : "no transaction")}".TrimEnd());
        }

        output.WriteLine(plan.Scripts.Count == 0
            ? $"{SetLines.AlreadyAt(plan.Sets)}, nothing to do."
            : $"{SetLines.Ways(plan.Sets)}: {Screen.Count(plan.Scripts.Count, "script")} would run. Nothing was changed.");
    }

    // Bypasses the console, which would wrap and colour the script.
    public void Script(MigrationPlan plan) => output.Profile.Out.Writer.Write(plan.ToPsqlScript());

    public void Rehearsed(RehearsalResult report)
    {
        var skipped = report.Steps.Count(s => s.Outcome == RehearsalOutcome.Skipped);
        output.WriteLine(report.Steps.Count == 0
            ? $"{SetLines.AlreadyAt(report.Sets)}, nothing to rehearse."
            : $"{SetLines.Ways(report.Sets)}: {Screen.Count(report.Steps.Count - skipped, "script")} rehearsed" +
              (skipped == 0 ? "" : $", {skipped} skipped") +
              $" in {Screen.Duration(Sum(report.Steps.Select(step => step.Duration)))} and rolled back. Nothing was changed.");
    }

    public void AdoptionPlanned(AdoptionPlan plan)
    {
        AdoptionLines.Write(output, plan, dryRun: true);
        output.WriteLine(plan.IsDone ? "Nothing to do." : "Nothing was changed.");
    }

    public void Adopted(AdoptionResult report)
    {
        if (report.Plan.IsDone)
        {
            output.WriteLine("Nothing to do.");
            return;
        }

        Migrated(report.Migration);
    }

    public void Current(SchemaHistory history)
    {
        foreach (var set in history.Sets)
        {
            output.WriteLine(SetLines.Current(set));
        }
    }

    public void History(SchemaHistory history) => SetTables.Write(output, history);

    public void Features(IReadOnlyList<FeatureStatus> features) => SetTables.Write(output, features);

    public void Linted(LintReport report)
    {
        foreach (var finding in report.Findings)
        {
            output.WriteLine($"{finding.File}:{finding.Line}: {finding.Rule.Id}: {finding.Message}", new Style(Color.Yellow));
            output.WriteLine($"    {finding.Rule.Safer}");
        }

        var found = report.Findings.Count == 0 ? "No findings" : Screen.Count(report.Findings.Count, "finding");
        output.WriteLine($"{found} in {Screen.Count(report.Files, "file")} of {report.Folder ?? "this package"}.");
    }

    public void Revised(Revision revision)
    {
        output.WriteLine(revision.Up);
        if (revision.Down is not null)
        {
            output.WriteLine(revision.Down);
        }
    }

    public void Stamped(StampResult report)
    {
        foreach (var name in report.Removed)
        {
            output.WriteLine($"- {name}");
        }

        foreach (var name in report.Added)
        {
            output.WriteLine($"+ {name}");
        }

        output.WriteLine(report.Added.Count + report.Removed.Count == 0
            ? $"{SetLines.AlreadyAt((report.Set, report.ToVersion))}, nothing to do."
            : $"{SetLines.Of(report.Set, report.FromVersion)} → {report.ToVersion}: only the journal was changed, no script was run.");
    }

    public void Checked(SchemaCheckResult drift) => CheckText.Write(output, drift);

    public void RepairPlanned(RepairPlan plan) => RepairText.Write(output, plan);

    public void Repaired(RepairResult report) => RepairText.Write(output, report);

    public void Measured(PoolReport report)
    {
        var table = new Table().NoBorder();
        foreach (var (heading, _) in PoolTable.Columns)
        {
            table.AddColumn(heading, c => c.RightAligned().NoWrap());
        }

        table.AddColumn("failed", c => c.PadRight(0));
        foreach (var point in report.Points)
        {
            table.AddRow(PoolTable.Columns.Select(column => column.Cell(point)).Append(PoolTable.Failed(point))
                .Select(cell => new Text(cell, point.Meets(report.Plan.P99) ? Style.Plain : new Style(Color.Yellow))));
        }

        output.Write(table);
        output.WriteLine(FormattableString.Invariant($"Milliseconds. Load: {report.Plan.Mix}; PostgreSQL {report.Server.Version}."));
        output.WriteLine();
        var best = report.Recommendation.Best;
        var asked = FormattableString.Invariant($"{report.Plan.P99.TotalMilliseconds:0} ms");
        if (report.ConnectionString is { } connectionString)
        {
            output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"Maximum Pool Size={best.PoolSize}: the smallest pool with {best.Throughput:0} of at most " +
                $"{report.Recommendation.BestThroughput:0} statements per second and a p99 of " +
                $"{PoolTable.Milliseconds(best.Total.P99Ms)} ms, within the {asked} asked for."),
                new Style(Color.Green));
            output.WriteUnwrapped((report.OwnServer ? "Add to the connection string: " : "") + connectionString);
            if (report.PasswordLeftOut)
            {
                output.WriteLine("The password is left out.");
            }
        }
        else
        {
            output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"No pool size kept its p99 within {asked}. Closest: {best.PoolSize} at {best.Rate:0.##} per second, " +
                $"with a p99 of {PoolTable.Milliseconds(best.Total.P99Ms)} ms."), new Style(Color.Red));
        }

        foreach (var warning in report.Warnings)
        {
            output.WriteLine(warning, new Style(Color.Yellow));
        }

        foreach (var file in report.Files)
        {
            output.WriteUnwrapped(file);
        }
    }

    public void Fail(Failure failure) => error.WriteLine(failure.Message, new Style(Color.Red));

    private static TimeSpan Sum(IEnumerable<TimeSpan> durations) => durations.Aggregate(TimeSpan.Zero, (sum, duration) => sum + duration);
}
