using AutoStack.Data.Cli.Bench;
using AutoStack.Data.Cli.Commands;
using AutoStack.Data.Cli.Lint;
using AutoStack.Data.Migrations;

namespace AutoStack.Data.Cli.Output;

/// <summary>The output of results: as text for people or as JSON for programs.</summary>
internal interface IResults
{
    void Migrated(MigrationResult report);

    void Planned(MigrationPlan plan);

    void Script(MigrationPlan plan);

    void Rehearsed(RehearsalResult report);

    void AdoptionPlanned(AdoptionPlan plan);

    void Adopted(AdoptionResult report);

    void Current(SchemaHistory history);

    void History(SchemaHistory history);

    void Checked(SchemaCheckResult drift);

    void RepairPlanned(RepairPlan plan);

    void Repaired(RepairResult report);

    void Linted(LintReport report);

    void Revised(Revision revision);

    void Features(IReadOnlyList<FeatureStatus> features);

    void Stamped(StampResult report);

    void Measured(PoolReport report);

    void Fail(Failure failure);
}
