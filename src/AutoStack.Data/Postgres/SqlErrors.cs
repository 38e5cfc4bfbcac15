using System.Net.Sockets;
using Npgsql;

namespace AutoStack.Data.Postgres;

/// <summary>What a SQLSTATE means to callers: the one table of it.</summary>
internal static class SqlErrors
{
    /// <summary>The exception of ours for an error of the server; null when it passes untouched.</summary>
    public static AutoStackDataException? Translate(Exception exception) => exception is not PostgresException error
        ? null
        : error.SqlState switch
        {
            PostgresErrorCodes.UniqueViolation => new DuplicateException(Canonical(error.ConstraintName), error),
            PostgresErrorCodes.ForeignKeyViolation => new MissingReferenceException(error.ConstraintName, error),
            PostgresErrorCodes.CheckViolation => new InvalidValueException(error.ConstraintName, "A value breaks a rule of the table.", error),
            PostgresErrorCodes.NotNullViolation => new InvalidValueException(error.ColumnName, "A value is missing.", error),
            PostgresErrorCodes.StringDataRightTruncation => new InvalidValueException(null, "A text is longer than its column.", error),
            PostgresErrorCodes.UntranslatableCharacter => new InvalidValueException(null, "A text holds a character that the server cannot store.", error),
            PostgresErrorCodes.NumericValueOutOfRange => new InvalidValueException(null, "A number is out of the range that the server can store.", error),
            PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected =>
                new ConflictException("The server ended the statement in favour of another one.", error),
            _ => null,
        };

    /// <summary>True when the statement was rolled back because of another one, so that repeating it may succeed.</summary>
    public static bool IsConflict(Exception exception) =>
        exception is ConflictException
            or PostgresException { SqlState: PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected };

    /// <summary>
    /// True when the connection is gone: the pool handed out one whose server had closed it, or it was cut in the middle.
    /// </summary>
    public static bool IsLostConnection(Exception exception) => exception switch
    {
        PostgresException error => error.SqlState is PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown,
        NpgsqlException { InnerException: IOException or SocketException } => true,
        _ => false,
    };

    /// <summary>True when the server had closed the idle connection before the statement came: it was never carried out.</summary>
    public static bool IsIdleTimeout(Exception exception) => exception is PostgresException { SqlState: "57P05" };

    /// <summary>True when it is the values that were refused: sent again, they would be again.</summary>
    public static bool IsOfTheValues(Exception exception) => exception switch
    {
        ConflictException => false,
        AutoStackDataException or ArgumentException => true,
        PostgresException error => error.SqlState is ['2', '2' or '3', ..] or ['5', '4', ..],
        _ => false,
    };

    /// <summary>True when it is the server or the way to it: the same may succeed later.</summary>
    public static bool MayPass(Exception exception) => exception switch
    {
        ConflictException => true,
        AutoStackDataException or ArgumentException or ObjectDisposedException or OperationCanceledException => false,
        PostgresException error => error.SqlState is not (['2', '2' or '3' or '8', ..] or ['4', '2', ..] or ['0', 'A', ..] or ['3', 'D' or 'F', ..]),
        _ => true,
    };

    // The same rule under the names that databases of different origin give it.
    private static string? Canonical(string? constraint) => constraint switch
    {
        "ix_users_email" or "users_lower_email_key" => "users_email_key",
        "ix_sessions_token" => "sessions_token_key",
        _ => constraint,
    };
}
