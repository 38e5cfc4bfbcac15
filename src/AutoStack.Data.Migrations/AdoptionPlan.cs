namespace AutoStack.Data.Migrations;

/// <summary>What <see cref="SchemaMigrator.AdoptAsync"/> found, and what it does about it.</summary>
/// <param name="Found">What the database is, in a sentence.</param>
/// <param name="AlembicRevision">The revision that Alembic has noted; null when it has noted none. It is left alone.</param>
/// <param name="CurrentVersion">The version in the journal, 0 without one.</param>
/// <param name="StampedVersion">The version whose shape the changes bring about, and which is then noted; 0 when the database is ours already.</param>
/// <param name="Changes">What is missing to that version, in the order of the run; empty when the database is ours already.</param>
/// <param name="Scripts">The versions that follow, as an upgrade would apply them.</param>
/// <param name="Kept">What is not part of the schema and stays: columns, constraints, indexes, triggers.</param>
/// <param name="Obstacles">Rows that a change or a script will not bear, or rights that the role lacks; the adoption stops before it. Empty when it reaches the newest version.</param>
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
    /// <summary>True when nothing is left to do.</summary>
    public bool IsDone => Changes.Count == 0 && StampedVersion == 0 && Scripts.Count == 0;
}

/// <summary>One change of an adoption: a transaction of its own, or a statement outside of one.</summary>
/// <param name="Description">What it does, without a full stop.</param>
/// <param name="Step">The statements; its file name is made up, for example <c>adopt_users.sql</c>.</param>
public sealed record AdoptionChange(string Description, MigrationStep Step);

/// <summary>Rows that have to be mended by somebody who knows what they mean, or a right that somebody has to grant.</summary>
/// <param name="Before">The file name of the change or script that will not bear them.</param>
/// <param name="What">What is wrong, without a full stop.</param>
/// <param name="Query">Lists what is in the way.</param>
/// <param name="Hint">How it can be mended; a statement where one will usually do.</param>
public sealed record AdoptionObstacle(string Before, string What, string Query, string Hint);

/// <summary>What an adoption did.</summary>
/// <param name="Plan">What it found.</param>
/// <param name="Migration">The changes, as steps to version 0, and the scripts that ran.</param>
public sealed record AdoptionReport(AdoptionPlan Plan, MigrationReport Migration);

/// <summary>What an adoption does not do.</summary>
public sealed class AdoptionOptions
{
    /// <summary>
    /// True leaves the columns of <c>webhook_payloads</c> what they are when they are <c>json</c>. The change to <c>jsonb</c> rewrites that table,
    /// and nobody reads or writes it meanwhile. The repositories work with both; a check of the schema will say that the type differs.
    /// </summary>
    public bool KeepJson { get; init; }
}
