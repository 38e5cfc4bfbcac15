using AutoStack.Data.Migrations.Internal;

namespace AutoStack.Data.Migrations;

/// <summary>Why a migration failed.</summary>
public enum MigrationError
{
    /// <summary>A script failed and was rolled back, or the journal could not be read or written.</summary>
    ScriptFailed,

    /// <summary>A script was changed after it was applied.</summary>
    ScriptChanged,

    /// <summary>The database has versions that the given scripts do not have: a newer package applied them, or newer scripts.</summary>
    SchemaNewer,

    /// <summary>The target is not a version, or an upgrade's target is below, or a downgrade's above, the current version.</summary>
    TargetInvalid,

    /// <summary>
    /// A script needs a version of another set, an extension or a setting that the database does not have. Nothing was changed.
    /// </summary>
    RequirementMissing,

    /// <summary>
    /// The database has AutoStack's tables without a journal, or tables and columns of versions that its journal does not have. Adopt or
    /// stamp it before upgrading. Nothing was changed.
    /// </summary>
    NotAdopted,

    /// <summary>The database to adopt is not one that the Python services created. Nothing was changed.</summary>
    NotRecognised,

    /// <summary>
    /// Other roles have created objects on the search path whose names are PostgreSQL's own, or the journal is not the plain table that the
    /// migrator creates: a statement could run their code. Nothing was changed.
    /// </summary>
    ForeignObjects,

    /// <summary>Existing rows violate the next step and must be corrected by hand.</summary>
    RowsInTheWay,

    /// <summary>
    /// Another migrator held the migration lock, or another session locked a table, for longer than the allowed wait, in every attempt.
    /// </summary>
    Locked,

    /// <summary>The server cannot be reached, the database or password is wrong, or the connection string cannot be read.</summary>
    NoConnection,

    /// <summary>
    /// The connection goes through a pooler that shares sessions among its clients (PgBouncer in transaction or statement mode), where the
    /// migration lock cannot exclude other migrators. Connect to the server directly.
    /// </summary>
    PooledConnection,

    /// <summary>
    /// The session that holds the migration lock ended during the run, for example by <c>pg_terminate_backend</c>. The running script was
    /// cancelled and rolled back; scripts before it stay applied.
    /// </summary>
    LockLost,

    /// <summary>
    /// Something would stop the run in its middle: rights, an object of the same name, a dependent view, a standby. Nothing was changed;
    /// see <see cref="MigrationPlan.Obstacles"/> and <see cref="SchemaMigratorOptions.IgnoreObstacles"/>.
    /// </summary>
    Obstacles,

    /// <summary>A rehearsal took longer than <see cref="SchemaMigratorOptions.RehearsalLimit"/> and was rolled back.</summary>
    TimeLimit,
}

/// <summary>A failed migration. The message is a sentence for the operator and contains no secret.</summary>
public sealed class MigrationException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="error">The reason for the failure.</param>
    /// <param name="message">The message; characters that a terminal would obey are shown as escapes.</param>
    /// <param name="innerException">The cause; null for none.</param>
    public MigrationException(MigrationError error, string message, Exception? innerException = null)
        : base(Visible.Lines(message), innerException) => Error = error;

    /// <summary>The reason for the failure.</summary>
    public MigrationError Error { get; }

    /// <summary>What was applied before the failure; null when no script was attempted.</summary>
    public MigrationResult? Result { get; init; }
}
