using AutoStack.Data.Archives;
using AutoStack.Data.Audit;
using AutoStack.Data.Cli.Backups;
using AutoStack.Data.Cli.Bench;
using AutoStack.Data.Cli.Commands;
using AutoStack.Data.Cli.Databases;
using AutoStack.Data.Cli.Dumping;
using AutoStack.Data.Cli.Keys;
using AutoStack.Data.Cli.Lint;
using AutoStack.Data.Cli.Roles;
using AutoStack.Data.Cli.Upkeep;
using AutoStack.Data.Integrity;
using AutoStack.Data.Migrations;
using AutoStack.Data.Monitoring;
using AutoStack.Data.Partitions;
using Spectre.Console;
using Finding = AutoStack.Data.Monitoring.Finding;

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
            output.WriteUnwrapped($"{step.FileName.PadRight(width)}  {(step.Transactional ? "" : "no transaction")}".TrimEnd());
        }

        ForesightLines.Write(output, plan.Obstacles);
        output.WriteLine(plan.Scripts.Count == 0
            ? $"{SetLines.AlreadyAt(plan.Sets)}, nothing to do."
            : plan.Obstacles.Count > 0
            ? $"{SetLines.Ways(plan.Sets)}: {Screen.Count(plan.Scripts.Count, "script")} would not all run. Nothing was changed."
            : $"{SetLines.Ways(plan.Sets)}: {Screen.Count(plan.Scripts.Count, "script")} would run. Nothing was changed.");
    }

    // Bypasses the console, which would wrap and colour the script.
    public void Script(MigrationPlan plan) => output.Profile.Out.Writer.Write(plan.ToPsqlScript());

    public void Rehearsed(RehearsalResult report)
    {
        var skipped = report.Steps.Count(s => s.Outcome == RehearsalOutcome.Skipped);
        var unreached = report.Steps.Count(s => s.Outcome == RehearsalOutcome.CannotBeRehearsed);
        ForesightLines.Write(output, report.Stops);
        if (report.EndedEarly is { } reason)
        {
            output.WriteLine(reason, new Style(Color.Yellow));
        }

        output.WriteLine(report.Steps.Count == 0
            ? $"{SetLines.AlreadyAt(report.Sets)}, nothing to rehearse."
            : $"{SetLines.Ways(report.Sets)}: {Screen.Count(report.Steps.Count - skipped - unreached, "script")} rehearsed" +
              (skipped == 0 ? "" : $", {skipped} skipped") + (unreached == 0 ? "" : $", {unreached} not,") +
              $" in {Screen.Duration(Sum(report.Steps.Select(step => step.Duration)))} and rolled back. Nothing was changed.");
    }

    public void RehearsedOnCopy(CopyRehearsalResult report)
    {
        Migrated(report.Migration);
        if (report.Database is not null)
        {
            output.WriteLine("That was a copy; the database itself was not changed.");
        }
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

        JournalLines.Write(output, history.Findings);
    }

    public void History(SchemaHistory history)
    {
        SetTables.Write(output, history);
        JournalLines.Write(output, history.Findings);
    }

    public void Changes(IReadOnlyList<JournalChange> changes) => JournalLines.Write(output, changes);

    public void Repaired(JournalRepairResult result, bool dryRun) => JournalLines.Write(output, result, dryRun);

    public void Partitions(PartitionStatus status, DeploymentIds? ids) => PartitionLines.Write(output, status, ids);

    public void AuditEntries(IReadOnlyList<AuditEntry> entries, bool more) => AuditLines.Write(output, entries, more);

    public void AuditStatus(AuditStatus status) => AuditLines.Write(output, status);

    public void Queue(QueueReport report) => QueueLines.Write(output, report);

    public void ArchivePlanned(ArchivePlan plan) => ArchiveLines.Write(output, plan);

    public void Archived(ArchiveReport report) => ArchiveLines.Write(output, report);

    public void Archives(IReadOnlyList<ArchiveEntry> entries, bool verified) => ArchiveLines.Write(output, entries, verified);

    public void Restored(RestoreResult result) => ArchiveLines.Write(output, result);

    public void Features(IReadOnlyList<FeatureStatus> features) => SetTables.Write(output, features);

    public void Linted(LintReport report)
    {
        foreach (var finding in report.Findings)
        {
            output.WriteLine($"{finding.File}:{finding.Line}: {finding.Rule.Id}: {finding.Message}", new Style(Color.Yellow));
            output.WriteIndented(4, finding.Rule.Safer);
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

    public void RepairPlanned(SchemaRepairPlan plan) => RepairText.Write(output, plan);

    public void Repaired(SchemaRepairResult report) => RepairText.Write(output, report);

    public void Measured(PoolReport report) => PoolLines.Write(output, report);

    public void DatabaseCreated(DatabaseFacts facts, bool created) => DatabaseLines.Created(output, facts, created);

    public void DatabaseDropped(string name, bool dropped) => DatabaseLines.Dropped(output, name, dropped);

    // Bypasses the console, which would wrap the text.
    public void Dumped(SchemaDump dump, string? file) =>
        output.Profile.Out.Writer.Write(
            file is null ? dump.Text : $"{Screen.Count(dump.Objects, "object")} in {file}.{Environment.NewLine}");

    public void AccountExported(long lines, string file) =>
        output.Profile.Out.Writer.Write($"{Screen.Count(lines, "line")} in {file}.{Environment.NewLine}");

    public void RolesApplied(RoleReport report, bool dryRun) => RolesLines.Applied(output, report, dryRun);

    public void RolesChecked(RoleReport report, IReadOnlyList<Finding> findings) => RolesLines.Checked(output, report, findings);
    public void Looked(DatabaseStats stats, StatsChange? change, bool watched) => StatsLines.Write(output, stats, change, watched);

    public void Examined(IReadOnlyList<Finding> findings) => DoctorLines.Write(output, findings);
    public void PrunePlanned(PrunePlan plan) => PruneLines.Write(output, plan, dryRun: true);

    public void Pruned(PruneReport report) => PruneLines.Write(output, report);

    public void KeysVerified(KeyReport report) => KeyLines.Verified(output, report);

    public void KeyRotationPlanned(KeyReport report) => KeyLines.Planned(output, report);

    public void KeysRotated(KeyRotationReport report) => KeyLines.Rotated(output, report);
    public void Verified(VerificationResult result, string where) => VerifyLines.Write(output, result, where);
    public void BackupsRead(BackupStatus status) => BackupLines.Write(output, status);

    public void BackupMarked(Backup backup, RowMark mark, bool isArchived) => BackupLines.Write(output, backup, mark, isArchived);

    public void BackupRehearsed(RehearsalReport report) => BackupLines.Write(output, report);

    public void Fail(Failure failure) => error.WriteLine(failure.Message, new Style(Color.Red));

    private static TimeSpan Sum(IEnumerable<TimeSpan> durations) => durations.Aggregate(TimeSpan.Zero, (sum, duration) => sum + duration);
}
