namespace AutoStack.Data.Migrations;

/// <summary>What <see cref="SchemaMigrator.AdoptAsync"/> found and will change.</summary>
/// <param name="Found">The kind of database, in a sentence.</param>
/// <param name="AlembicRevision">The revision that Alembic recorded; null when there is none. Adoption does not change it.</param>
/// <param name="CurrentVersion">The version in the journal; 0 without a journal.</param>
/// <param name="StampedVersion">
/// The version that the changes lead to and the journal then records; 0 when the journal needs no such row.
/// </param>
/// <param name="Changes">The changes that lead to that version, in the order of the run; empty when the database has a journal.</param>
/// <param name="Scripts">The versions that follow, as an upgrade would apply them.</param>
/// <param name="Kept">The objects that are not part of the schema and stay: columns, constraints, indexes, triggers.</param>
/// <param name="Obstacles">
/// Rows that violate a change or script, or rights that the role lacks; the adoption stops before that step. Empty when the adoption
/// reaches the newest version.
/// </param>
public sealed record AdoptionPlan(
    string Found,
    string? AlembicRevision,
    int CurrentVersion,
    int StampedVersion,
    IReadOnlyList<AdoptionChange> Changes,
    IReadOnlyList<MigrationScript> Scripts,
    IReadOnlyList<string> Kept,
    IReadOnlyList<AdoptionObstacle> Obstacles)
{
    /// <summary>True when the adoption has nothing to change.</summary>
    public bool IsDone => Changes.Count == 0 && StampedVersion == 0 && Scripts.Count == 0;
}

/// <summary>One change of an adoption: one transaction, or one statement outside a transaction.</summary>
/// <param name="Description">The change in words, without a full stop.</param>
/// <param name="Step">The statements; the file name is invented, for example <c>adopt_users.sql</c>.</param>
public sealed record AdoptionChange(string Description, MigrationStep Step);

/// <summary>Rows that a person has to correct, or a right that a person has to grant.</summary>
/// <param name="Before">The file name of the change or script that they block.</param>
/// <param name="What">The problem, without a full stop.</param>
/// <param name="Query">A query that lists the rows or roles.</param>
/// <param name="Hint">How to correct them; a statement where one usually suffices.</param>
public sealed record AdoptionObstacle(string Before, string What, string Query, string Hint);

/// <summary>What an adoption did.</summary>
/// <param name="Plan">What the adoption found and planned.</param>
/// <param name="Migration">The changes, as steps of version 0, and the scripts that ran.</param>
public sealed record AdoptionResult(AdoptionPlan Plan, MigrationResult Migration);

/// <summary>What an adoption leaves out.</summary>
public sealed class AdoptionOptions
{
    /// <summary>
    /// True keeps the type of the columns of <c>webhook_payloads</c> that are <c>json</c>. The change to <c>jsonb</c> rewrites that table
    /// and blocks its readers and writers. The repositories work with both types; a check of the schema reports the different type.
    /// </summary>
    public bool KeepJson { get; init; }
}

/// <summary>The lock is acquired and the database to adopt is recognised; <see cref="MigrationPlanned"/> follows.</summary>
/// <param name="Plan">What was found, and what will be changed.</param>
public sealed record AdoptionPlanned(AdoptionPlan Plan) : MigrationEvent;
