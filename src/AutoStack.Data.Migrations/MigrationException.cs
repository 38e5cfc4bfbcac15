using AutoStack.Data.Migrations.Internal;

namespace AutoStack.Data.Migrations;

/// <summary>Why a migration did not happen.</summary>
public enum MigrationError
{
    /// <summary>A script failed; what it had done was rolled back.</summary>
    ScriptFailed,

    /// <summary>A script was changed after it had been applied.</summary>
    ScriptChanged,

    /// <summary>The database has versions that this package does not know: a newer package has been here.</summary>
    SchemaNewer,

    /// <summary>The target is no version, or lies in the other direction.</summary>
    TargetInvalid,

    /// <summary>
    /// The database has tables of ours and no journal of them, or tables and columns that the journal does not know yet: it is to be adopted or stamped before it
    /// is upgraded; nothing was changed.
    /// </summary>
    NotAdopted,

    /// <summary>The database to be taken over is none that the Python services made; nothing was changed.</summary>
    NotRecognised,

    /// <summary>
    /// Other roles have put objects with names of PostgreSQL's own on the search path, or the journal is not the plain table that the migrator makes: a statement
    /// could run their code. Nothing was changed.
    /// </summary>
    ForeignObjects,

    /// <summary>Rows that are there break what the next step asks of them; they have to be mended by hand.</summary>
    RowsInTheWay,

    /// <summary>Another migrator held the lock, or another session the table to be checked, for longer than the time allowed.</summary>
    Locked,

    /// <summary>No connection: server not there, wrong database, wrong password, or the connection string is no such string.</summary>
    NoConnection,

    /// <summary>The connection goes through a pooler that shares sessions among its clients (PgBouncer in transaction or statement mode), where the
    /// migration lock would hold nobody off. Connect to the server directly.</summary>
    PooledConnection,
}

/// <summary>A migration that did not happen. The message is a sentence for the operator and holds no secret.</summary>
public sealed class MigrationException : Exception
{
    internal MigrationException(MigrationError error, string message, Exception? innerException = null)
        : base(Visible.Lines(message), innerException) => Error = error;

    /// <summary>Why.</summary>
    public MigrationError Error { get; }

    /// <summary>What was applied before the failure; null when nothing was tried.</summary>
    public MigrationReport? Report { get; internal init; }
}
