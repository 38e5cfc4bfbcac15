using AutoStack.Data.Cli.Bench;
using AutoStack.Data.Cli.Commands;
using AutoStack.Data.Cli.Databases;
using AutoStack.Data.Cli.Dumping;
using AutoStack.Data.Cli.Lint;
using AutoStack.Data.Migrations;
using AutoStack.Data.Partitions;

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

    void Partitions(PartitionStatus status);

    void Stamped(StampResult report);

    void Repaired(JournalRepairResult result, bool dryRun);

    void Changes(IReadOnlyList<JournalChange> changes);

    void Measured(PoolReport report);

    void DatabaseCreated(DatabaseFacts facts, bool created);

    void DatabaseDropped(string name, bool dropped);

    void Dumped(SchemaDump dump, string? file);

    void Fail(Failure failure);
}
