namespace AutoStack.Data.Migrations;

/// <summary>What <see cref="SchemaMigrator.RepairSchemaAsync"/> would run.</summary>
/// <param name="Check">The check that found the differences.</param>
/// <param name="Steps">The statements, in order.</param>
/// <param name="LeftOut">The statements of differences that cannot be repaired without losing data or security.</param>
public sealed record SchemaRepairPlan(SchemaCheckResult Check, IReadOnlyList<RepairStep> Steps, IReadOnlyList<RepairStep> LeftOut);

/// <summary>One statement of a repair.</summary>
/// <param name="Difference">The difference that it repairs.</param>
/// <param name="Statement">The statement.</param>
public sealed record RepairStep(SchemaDifference Difference, RepairStatement Statement);

/// <summary>A statement that failed and was rolled back; those of other differences ran all the same.</summary>
/// <param name="Step">The statement.</param>
/// <param name="Reason">The reason, without a value of a row unless <see cref="SchemaMigratorOptions.ShowValues"/> is set.</param>
public sealed record RepairFailure(RepairStep Step, string Reason)
{
    /// <summary>True when the statement did not get a lock in time, or was the victim of a deadlock: it can be run again.</summary>
    public bool IsBlocked { get; init; }
}

/// <summary>What a repair did.</summary>
/// <param name="Plan">What the repair planned.</param>
/// <param name="Applied">The statements that ran, in order.</param>
/// <param name="Failures">The statements that failed.</param>
/// <param name="Left">The check after the repair.</param>
public sealed record SchemaRepairResult(
    SchemaRepairPlan Plan, IReadOnlyList<RepairStep> Applied, IReadOnlyList<RepairFailure> Failures, SchemaCheckResult Left);

/// <summary>A statement of a repair failed; the repair continues with the next difference.</summary>
/// <param name="FileName">The name of the step.</param>
/// <param name="Failure">The statement and the reason.</param>
public sealed record RepairFailed(string FileName, RepairFailure Failure) : MigrationEvent;
