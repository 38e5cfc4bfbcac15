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
using Finding = AutoStack.Data.Monitoring.Finding;

namespace AutoStack.Data.Cli.Output;

/// <summary>The output of results: as text for people or as JSON for programs.</summary>
internal interface IResults
{
    void Migrated(MigrationResult report);

    void Planned(MigrationPlan plan);

    void Script(MigrationPlan plan);

    void Rehearsed(RehearsalResult report);

    void RehearsedOnCopy(CopyRehearsalResult report);

    void AdoptionPlanned(AdoptionPlan plan);

    void Adopted(AdoptionResult report);

    void Current(SchemaHistory history);

    void History(SchemaHistory history);

    void Checked(SchemaCheckResult drift);

    void RepairPlanned(SchemaRepairPlan plan);

    void Repaired(SchemaRepairResult report);

    void Linted(LintReport report);

    void Revised(Revision revision);

    void Features(IReadOnlyList<FeatureStatus> features);

    void Partitions(PartitionStatus status, DeploymentIds? ids);

    void AuditEntries(IReadOnlyList<AuditEntry> entries, bool more);

    void AuditStatus(AuditStatus status);

    void Queue(QueueReport report);

    void ArchivePlanned(ArchivePlan plan);

    void Archived(ArchiveReport report);

    void Archives(IReadOnlyList<ArchiveEntry> entries, bool verified);

    void Restored(RestoreResult result);

    void Stamped(StampResult report);

    void Repaired(JournalRepairResult result, bool dryRun);

    void Changes(IReadOnlyList<JournalChange> changes);

    void Measured(PoolReport report);

    void DatabaseCreated(DatabaseFacts facts, bool created);

    void DatabaseDropped(string name, bool dropped);

    void Dumped(SchemaDump dump, string? file);

    void AccountExported(long lines, string file);

    void RolesApplied(RoleReport report, bool dryRun);

    void RolesChecked(RoleReport report, IReadOnlyList<Finding> findings);
    void Looked(DatabaseStats stats, StatsChange? change, bool watched);

    void Examined(IReadOnlyList<Finding> findings);
    void PrunePlanned(PrunePlan plan);

    void Pruned(PruneReport report);

    void KeysVerified(KeyReport report);

    void KeyRotationPlanned(KeyReport report);

    void KeysRotated(KeyRotationReport report);
    void Verified(VerificationResult result, string where);
    void BackupsRead(BackupStatus status);

    void BackupMarked(Backup backup, RowMark mark, bool isArchived);

    void BackupRehearsed(RehearsalReport report);

    void Fail(Failure failure);
}
