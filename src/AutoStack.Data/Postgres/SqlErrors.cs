using System.Data;
using System.Net.Sockets;
using System.Security.Authentication;
using Npgsql;

namespace AutoStack.Data.Postgres;

/// <summary>The one table of what a SQLSTATE means to callers and to the retry policy.</summary>
internal static class SqlErrors
{
    private const string IdleSessionTimeout = "57P05";
    private const string IdleInTransactionTimeout = "25P03";
    private const string TransactionTimeout = "25P04";

    /// <summary>The library's exception for an answer of the server; null for an error that callers get as the driver threw it.</summary>
    public static AutoStackDataException? Translate(Exception exception) => exception is not PostgresException error
        ? null
        : ShardErrors.SqlState(error) switch
        {
            PostgresErrorCodes.UniqueViolation => new DuplicateException(Canonical(ShardErrors.Constraint(error)), error),
            PostgresErrorCodes.ForeignKeyViolation => new MissingReferenceException(ShardErrors.Constraint(error), error),
            PostgresErrorCodes.CheckViolation => new InvalidValueException(
                "A value violates a check constraint", constraint: ShardErrors.Constraint(error), innerException: error),
            PostgresErrorCodes.NotNullViolation =>
                new InvalidValueException("A required value is null", column: error.ColumnName, innerException: error),
            PostgresErrorCodes.StringDataRightTruncation =>
                new InvalidValueException("A text is longer than its column", innerException: error),
            PostgresErrorCodes.UntranslatableCharacter =>
                new InvalidValueException("A text contains a character that the server cannot store", innerException: error),
            PostgresErrorCodes.NumericValueOutOfRange =>
                new InvalidValueException("A number is outside the range of its column", innerException: error),
            PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected =>
                new ConflictException("The transaction was rolled back by a deadlock or serialization failure; it can be retried.", error),
            PostgresErrorCodes.LockNotAvailable =>
                new StatementTimeoutException("Another transaction held a lock for longer than the lock timeout; nothing changed.", error),
            PostgresErrorCodes.QueryCanceled =>
                new StatementTimeoutException("The server stopped the statement at its time limit; nothing changed.", error),
            PostgresErrorCodes.ReadOnlySqlTransaction =>
                new DatabaseUnavailableException("The server accepts no changes at present; nothing changed.", false, error),
            IdleInTransactionTimeout or TransactionTimeout =>
                new DatabaseUnavailableException("The server ended the transaction at its time limit; nothing changed.", false, error),
            IdleSessionTimeout =>
                new DatabaseUnavailableException("The server had closed the idle connection; nothing changed.", false, error),
            PostgresErrorCodes.InvalidAuthorizationSpecification when IsRaised(error) => new IdentityRefusedException(
                "The database does not accept the identity of the user: AutoStackDataOptions.IdentityKey is not a key of the database, " +
                "or the clock of this host is minutes behind the database's; nothing changed.", error),
            PostgresErrorCodes.DiskFull =>
                new DatabaseUnavailableException("The disk of the server is full; nothing changed.", false, error),
            PostgresErrorCodes.TooManyConnections =>
                new DatabaseUnavailableException("The server has no connection left; nothing changed.", false, error),
            PostgresErrorCodes.ConnectionFailure =>
                new DatabaseUnavailableException("The server cannot reach another node; nothing changed.", false, error),
            _ => null,
        };

    /// <summary>
    /// The library's exception for a failed attempt at a call; null for an error that callers get as the driver threw it.
    /// </summary>
    /// <param name="exception">The failure.</param>
    /// <param name="isOpen">Whether there was a connection, and still is.</param>
    public static AutoStackDataException? Translate(Exception exception, bool isOpen) => exception switch
    {
        _ when !isOpen && IsUnreachable(exception) => DatabaseUnavailableException.NoConnection(exception),
        NpgsqlException { InnerException: TimeoutException } when isOpen =>
            new StatementTimeoutException("The statement took longer than the command timeout; nothing changed.", exception),
        _ => Translate(exception),
    };

    /// <summary>True when the server rolled the statement back because of a concurrent one, so that a retry may succeed.</summary>
    public static bool IsConflict(Exception exception) =>
        exception is ConflictException
            or PostgresException { SqlState: PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected };

    /// <summary>
    /// True when the connection was lost during a statement: the server had closed it, the network failed, or the server did not answer in
    /// time. The driver has closed such a connection.
    /// </summary>
    public static bool IsLostConnection(Exception exception, NpgsqlConnection connection) => exception switch
    {
        PostgresException error =>
            error.SqlState is PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown || IsOfThePooler(error),
        NpgsqlException { InnerException: IOException or SocketException } => true,
        NpgsqlException => connection.State != ConnectionState.Open,
        _ => false,
    };

    /// <summary>True when no connection could be opened, for a reason that may pass: the server is away, starts, or is full.</summary>
    public static bool IsUnreachable(Exception exception) => exception switch
    {
        PostgresException error => error.SqlState is PostgresErrorCodes.CannotConnectNow or PostgresErrorCodes.TooManyConnections
            or PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown || IsOfThePooler(error),
        SocketException error => error.SocketErrorCode != SocketError.HostNotFound,
        NpgsqlException { InnerException: AuthenticationException } => false,
        NpgsqlException { InnerException: SocketException error } => IsUnreachable(error),
        _ => exception is NpgsqlException or TimeoutException,
    };

    /// <summary>True when the server has no connection left for the role, for the database, or at all.</summary>
    public static bool IsFull(Exception exception) => exception switch
    {
        PostgresException error => error.SqlState == PostgresErrorCodes.TooManyConnections,
        NpgsqlException { InnerException: AggregateException hosts } => hosts.InnerExceptions.Any(IsFull),
        _ => false,
    };

    /// <summary>
    /// True when the session refused the statement, and another session may accept it: the server had closed the idle session (57P05), the
    /// session is read-only (25006), as on a former primary, or it prepared the statement before the type of a column was changed. The
    /// statement was not carried out.
    /// </summary>
    public static bool IsOfTheSession(Exception exception) =>
        exception is PostgresException { SqlState: IdleSessionTimeout or PostgresErrorCodes.ReadOnlySqlTransaction }
        || IsStalePlan(exception);

    /// <summary>
    /// True when the statement may have failed while the server bound its values: a read-only session, a missing right, no memory, a time
    /// limit, a cancel. If the driver was preparing the statement, it then takes it for one without a result, and fails the next time,
    /// after that was carried out.
    /// </summary>
    public static bool IsOfTheBinding(Exception exception) =>
        ServersAnswer(exception) is
        {
            SqlState: PostgresErrorCodes.ReadOnlySqlTransaction or PostgresErrorCodes.InsufficientPrivilege
                or PostgresErrorCodes.QueryCanceled or PostgresErrorCodes.LockNotAvailable or ['5', '3' or '4', ..] or ['X', 'X', ..]
        };

    /// <summary>True when row security hides the row that the statement met, or refuses the one that it wrote.</summary>
    public static bool IsOfAnothersRow(PostgresException exception) =>
        exception is { SqlState: PostgresErrorCodes.InsufficientPrivilege, Routine: "ExecWithCheckOptions" };

    /// <summary>
    /// True when retrying with the same values would fail again; also when a trigger of another program refuses them (P0001).
    /// </summary>
    public static bool IsOfTheValues(Exception exception) => exception switch
    {
        AutoStackDataException own => !own.IsTransient,
        ArgumentException => true,
        PostgresException error => ShardErrors.SqlState(error) is ['2', '2' or '3', ..] or ['5', '4', ..] or ['P', '0', ..],
        _ => false,
    };

    /// <summary>True when the failure is in the server or the network, so that a retry may succeed.</summary>
    public static bool IsTransient(Exception exception) => exception switch
    {
        AutoStackDataException own => own.IsTransient,
        ArgumentException or ObjectDisposedException or OperationCanceledException => false,
        PostgresException error => IsStalePlan(error) || ShardErrors.SqlState(error) is not (
            ['2', '2' or '3' or '8', ..] or ['4', '2', ..] or ['0', 'A', ..] or ['3', 'D' or 'F', ..]),
        _ => true,
    };

    // A cancelled statement fails with the cancellation, which has the answer of the server inside.
    private static PostgresException? ServersAnswer(Exception? exception)
    {
        while (exception is not null and not PostgresException)
        {
            exception = exception.InnerException;
        }

        return exception as PostgresException;
    }

    // The function of the policies raises it; the server itself reports a refused login with the same code.
    private static bool IsRaised(PostgresException error) => error.Routine == "exec_stmt_raise";

    // PgBouncer reports the loss of its server, and closes the connection.
    private static bool IsOfThePooler(PostgresException error) =>
        error is { SqlState: PostgresErrorCodes.ProtocolViolation, InvariantSeverity: "FATAL" };

    // "cached plan must not change result type": the code is that of every missing feature, and the text is in the server's language.
    private static bool IsStalePlan(Exception exception) =>
        exception is PostgresException { SqlState: PostgresErrorCodes.FeatureNotSupported, Routine: "RevalidateCachedQuery" };

    // Databases of different origin name the same unique rule differently.
    private static string? Canonical(string? constraint) => constraint switch
    {
        "ix_users_email" or "users_lower_email_key" => "users_email_key",
        "ix_sessions_token" => "sessions_token_key",
        _ => constraint,
    };
}
