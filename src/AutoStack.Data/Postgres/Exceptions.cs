namespace AutoStack.Data;

/// <summary>
/// An error of the data layer that a caller can act on; the driver's exception is kept inside. Errors that are none of these
/// (no connection, a timeout, a cancelled token) reach the caller as the driver threw them. No message holds a value that was sent.
/// </summary>
public abstract class AutoStackDataException : Exception
{
    private protected AutoStackDataException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }
}

/// <summary>A row with that value exists already (SQLSTATE 23505).</summary>
public sealed class DuplicateException : AutoStackDataException
{
    internal DuplicateException(string? constraint, Exception innerException)
        : base($"A row with the same value exists already ({constraint ?? "unnamed constraint"}).", innerException) =>
        Constraint = constraint ?? "";

    private DuplicateException(string message, string constraint)
        : base($"{message} ({constraint}).", innerException: null) => Constraint = constraint;

    /// <summary>
    /// The unique constraint or index that refused the row. A taken e-mail address is always <c>users_email_key</c> and a taken session
    /// token always <c>sessions_token_key</c>, whatever the database calls the index that noticed.
    /// </summary>
    public string Constraint { get; }

    /// <summary>An id that a caller chose is taken by a row that is none of the caller's.</summary>
    internal static DuplicateException OfId(string constraint) => new("The id belongs to another row already", constraint);

    /// <summary>A row has the same value in another spelling, which no unique index notices.</summary>
    internal static DuplicateException OfValue(string constraint) => new("A row with the same value exists already", constraint);
}

/// <summary>A row that is referred to does not exist (SQLSTATE 23503), for example the deployment of a log line.</summary>
public sealed class MissingReferenceException : AutoStackDataException
{
    internal MissingReferenceException(string? constraint, Exception innerException)
        : base($"A row that is referred to does not exist ({constraint ?? "unnamed constraint"}).", innerException) =>
        Constraint = constraint ?? "";

    private MissingReferenceException(string constraint)
        : base($"A row that is referred to does not exist ({constraint}).", innerException: null) => Constraint = constraint;

    /// <summary>The foreign key that refused the row, for example <c>deployment_logs_deployment_id_fkey</c>.</summary>
    public string Constraint { get; }

    /// <summary>The statement has seen by itself that the row is not there.</summary>
    internal static MissingReferenceException Of(string constraint) => new(constraint);
}

/// <summary>
/// The server refused a value: a check, a missing value, a length, a character, a number (SQLSTATE 23514, 23502, 22001, 22P05, 22003).
/// </summary>
public sealed class InvalidValueException : AutoStackDataException
{
    internal InvalidValueException(string? subject, string reason, Exception innerException)
        : base(subject is null ? reason : $"{reason} ({subject})", innerException) =>
        Subject = subject;

    /// <summary>The constraint or column that refused the value; null when the server does not say.</summary>
    public string? Subject { get; }
}

/// <summary>
/// The server ended a statement in favour of another one, a deadlock or a serialization failure (SQLSTATE 40P01, 40001), or rows came and
/// went between two statements. It was repeated several times already; nothing of it was stored.
/// </summary>
public sealed class ConflictException : AutoStackDataException
{
    internal ConflictException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }
}

/// <summary>
/// A unit of work went on after one of its statements had failed. PostgreSQL has rolled everything back, and would answer a COMMIT as if
/// nothing had happened; the failed statement's exception is inside.
/// </summary>
public sealed class UnitOfWorkFailedException : AutoStackDataException
{
    internal UnitOfWorkFailedException(Exception cause)
        : base("A statement of this unit of work failed before, so that nothing of it can be committed.", cause)
    {
    }
}
