using System.Net.Sockets;
using Npgsql;

namespace AutoStack.Data.Postgres;

/// <summary>The one table of what a SQLSTATE means to callers and to the retry policy.</summary>
internal static class SqlErrors
{
    /// <summary>The library's exception for an error of the server; null for an error that callers get as the driver threw it.</summary>
    public static AutoStackDataException? Translate(Exception exception) => exception is not PostgresException error
        ? null
        : error.SqlState switch
        {
            PostgresErrorCodes.UniqueViolation => new DuplicateException(Canonical(error.ConstraintName), error),
            PostgresErrorCodes.ForeignKeyViolation => new MissingReferenceException(error.ConstraintName, error),
            PostgresErrorCodes.CheckViolation =>
                new InvalidValueException(error.ConstraintName, "A value violates a check constraint", error),
            PostgresErrorCodes.NotNullViolation => new InvalidValueException(error.ColumnName, "A required value is null", error),
            PostgresErrorCodes.StringDataRightTruncation => new InvalidValueException(null, "A text is longer than its column", error),
            PostgresErrorCodes.UntranslatableCharacter =>
                new InvalidValueException(null, "A text contains a character that the server cannot store", error),
            PostgresErrorCodes.NumericValueOutOfRange =>
                new InvalidValueException(null, "A number is outside the range of its column", error),
            PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected =>
                new ConflictException("The transaction was rolled back by a deadlock or serialization failure; it can be retried.", error),
            _ => null,
        };

    /// <summary>True when the server rolled the statement back because of a concurrent one, so that a retry may succeed.</summary>
    public static bool IsConflict(Exception exception) =>
        exception is ConflictException
            or PostgresException { SqlState: PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected };

    /// <summary>
    /// True when the connection was lost: the server had closed a pooled connection, or the network failed during the call.
    /// </summary>
    public static bool IsLostConnection(Exception exception) => exception switch
    {
        PostgresException error => error.SqlState is PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown,
        NpgsqlException { InnerException: IOException or SocketException } => true,
        _ => false,
    };

    /// <summary>
    /// True when the server had closed the idle connection before the statement arrived: the statement was never executed.
    /// </summary>
    public static bool IsIdleTimeout(Exception exception) => exception is PostgresException { SqlState: "57P05" };

    /// <summary>True when retrying with the same values would fail again.</summary>
    public static bool IsOfTheValues(Exception exception) => exception switch
    {
        ConflictException => false,
        AutoStackDataException or ArgumentException => true,
        PostgresException error => error.SqlState is ['2', '2' or '3', ..] or ['5', '4', ..],
        _ => false,
    };

    /// <summary>True when the failure is in the server or the network, so that a retry may succeed.</summary>
    public static bool MayPass(Exception exception) => exception switch
    {
        ConflictException => true,
        AutoStackDataException or ArgumentException or ObjectDisposedException or OperationCanceledException => false,
        PostgresException error => error.SqlState is not (
            ['2', '2' or '3' or '8', ..] or ['4', '2', ..] or ['0', 'A', ..] or ['3', 'D' or 'F', ..]),
        _ => true,
    };

    // Databases of different origin name the same unique rule differently.
    private static string? Canonical(string? constraint) => constraint switch
    {
        "ix_users_email" or "users_lower_email_key" => "users_email_key",
        "ix_sessions_token" => "sessions_token_key",
        _ => constraint,
    };
}
