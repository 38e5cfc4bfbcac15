namespace AutoStack.Data;

/// <summary>
/// The base of the errors that a caller can act on; the driver's exception is the inner exception. Other errors (a wrong password, a
/// missing table) reach the caller as the driver threw them. No message contains a value that was sent.
/// </summary>
public abstract class AutoStackDataException : Exception
{
    private protected AutoStackDataException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }

    /// <summary>
    /// True when changes of the call may have been stored although the call failed, because no answer came. False when nothing of the call
    /// was stored: it was not sent, it only reads, or the server has refused it.
    /// </summary>
    public virtual bool OutcomeUnknown => false;

    /// <summary>
    /// True when the same call may succeed later. Before a change is repeated, see <see cref="OutcomeUnknown"/>: the first call may have
    /// stored it.
    /// </summary>
    public virtual bool IsTransient => false;
}

/// <summary>
/// The database could not be reached, the connection was lost, or no answer came within
/// <see cref="AutoStackDataOptions.OperationTimeout"/>; or the server accepts no work at present: it is read-only (SQLSTATE 25006), its
/// disk is full (53100), it has no connection left (53300), it cannot reach another node of its cluster (08006), or it ended an idle
/// connection or transaction (57P05, 25P03, 25P04).
/// </summary>
public sealed class DatabaseUnavailableException : AutoStackDataException
{
    /// <summary>Creates the exception, as a fake of a repository does.</summary>
    /// <param name="message">The message.</param>
    /// <param name="outcomeUnknown">Whether changes of the call may have been stored.</param>
    /// <param name="innerException">The cause; null for none.</param>
    public DatabaseUnavailableException(string message, bool outcomeUnknown = false, Exception? innerException = null)
        : base(message, innerException) => OutcomeUnknown = outcomeUnknown;

    /// <inheritdoc/>
    public override bool OutcomeUnknown { get; }

    /// <inheritdoc/>
    public override bool IsTransient => true;

    /// <summary>No connection could be opened.</summary>
    internal static DatabaseUnavailableException NoConnection(Exception cause) =>
        new("The database cannot be reached; nothing was sent.", outcomeUnknown: false, cause);

    /// <summary>The pool has no connection for the call.</summary>
    internal static DatabaseUnavailableException PoolExhausted(string problem) =>
        new($"{problem}; nothing was sent.", outcomeUnknown: false, innerException: null);

    /// <summary>The connection was lost after the statement was sent.</summary>
    internal static DatabaseUnavailableException Lost(bool mayChange, Exception cause) => mayChange
        ? new("The connection to the database was lost before the answer; the change may have been stored.", outcomeUnknown: true, cause)
        : new("The connection to the database was lost before the answer; nothing was stored.", outcomeUnknown: false, cause);

    /// <summary>The time of a call is over.</summary>
    /// <param name="bound">The time.</param>
    /// <param name="sent">Whether a statement was sent.</param>
    /// <param name="mayChange">Whether it may have changed rows.</param>
    /// <param name="pool">Who uses the pool that the call waits for; null when it does not wait for one.</param>
    internal static DatabaseUnavailableException TooLate(TimeSpan bound, bool sent, bool mayChange, string? pool = null)
    {
        var what = sent
            ? $"The database did not answer within {bound.TotalSeconds:0.###} s"
            : $"No connection to the database was free within {bound.TotalSeconds:0.###} s{(pool is null ? "" : $": {pool}")}";
        return sent && mayChange
            ? new($"{what}; the change may have been stored.", outcomeUnknown: true, innerException: null)
            : new($"{what}; nothing was stored.", outcomeUnknown: false, innerException: null);
    }
}

/// <summary>
/// A statement reached a time limit and was stopped: the command timeout, a limit of the server (SQLSTATE 57014), or its limit for locks
/// (55P03). The server has confirmed it; nothing was stored.
/// </summary>
public sealed class StatementTimeoutException : AutoStackDataException
{
    /// <summary>Creates the exception, as a fake of a repository does.</summary>
    /// <param name="message">The message.</param>
    /// <param name="innerException">The cause; null for none.</param>
    public StatementTimeoutException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }

    /// <inheritdoc/>
    public override bool IsTransient => true;
}

/// <summary>A row with the same value already exists (SQLSTATE 23505).</summary>
public sealed class DuplicateException : AutoStackDataException
{
    /// <summary>Creates the exception, as a fake of a repository does.</summary>
    /// <param name="constraint">The unique constraint or index; null for one without a name.</param>
    /// <param name="innerException">The cause; null for none.</param>
    public DuplicateException(string? constraint, Exception? innerException = null)
        : base($"A row with the same value already exists ({constraint ?? "unnamed constraint"}).", innerException) =>
        Constraint = constraint;

    private DuplicateException(string message, string constraint)
        : base($"{message} ({constraint}).", innerException: null) => Constraint = constraint;

    /// <summary>
    /// The unique constraint or index that rejected the row. A taken e-mail address is always <c>users_email_key</c> and a taken session
    /// token always <c>sessions_token_key</c>, whatever the name of the index in the database. Null when the server does not name it.
    /// </summary>
    public string? Constraint { get; }

    /// <summary>A row of another owner has the id that the caller chose.</summary>
    internal static DuplicateException OfId(string constraint) => new("The id already belongs to another row", constraint);

    /// <summary>A row has the same value in another spelling, which no unique index detects.</summary>
    internal static DuplicateException OfValue(string constraint) => new(constraint);
}

/// <summary>A referenced row does not exist (SQLSTATE 23503), for example the deployment of a log line.</summary>
public sealed class MissingReferenceException : AutoStackDataException
{
    /// <summary>Creates the exception, as a fake of a repository does.</summary>
    /// <param name="constraint">The foreign key; null for one without a name.</param>
    /// <param name="innerException">The cause; null for none.</param>
    public MissingReferenceException(string? constraint, Exception? innerException = null)
        : base($"A referenced row does not exist ({constraint ?? "unnamed constraint"}).", innerException) =>
        Constraint = constraint;

    /// <summary>
    /// The foreign key that rejected the row, for example <c>deployment_logs_deployment_id_fkey</c>; null when the server does not name it.
    /// </summary>
    public string? Constraint { get; }

    /// <summary>The statement itself found no such row.</summary>
    internal static MissingReferenceException Of(string constraint) => new(constraint);
}

/// <summary>
/// The server rejected a value: a check constraint, NULL, the length, a character, a number (SQLSTATE 23514, 23502, 22001, 22P05,
/// 22003).
/// </summary>
public sealed class InvalidValueException : AutoStackDataException
{
    /// <summary>Creates the exception, as a fake of a repository does.</summary>
    /// <param name="reason">What is wrong, as a sentence without its period.</param>
    /// <param name="constraint">The check constraint; null for none.</param>
    /// <param name="column">The column; null for none.</param>
    /// <param name="innerException">The cause; null for none.</param>
    public InvalidValueException(string reason, string? constraint = null, string? column = null, Exception? innerException = null)
        : base((constraint ?? column) is { } subject ? $"{reason} ({subject})." : $"{reason}.", innerException) =>
        (Constraint, Column) = (constraint, column);

    /// <summary>The check constraint that rejected the value; null when another rule did, or the server does not name it.</summary>
    public string? Constraint { get; }

    /// <summary>The column that rejected NULL; null when another rule rejected the value, or the server does not name it.</summary>
    public string? Column { get; }
}

/// <summary>
/// The database does not accept the signed identity of the user (SQLSTATE 28000): <see cref="AutoStackDataOptions.IdentityKey"/> is not a
/// key of the database, or the host's clock is minutes behind the database's. The readiness check says which. Nothing was stored.
/// </summary>
public sealed class IdentityRefusedException : AutoStackDataException
{
    /// <summary>Creates the exception, as a fake of a repository does.</summary>
    /// <param name="message">The message.</param>
    /// <param name="innerException">The cause; null for none.</param>
    public IdentityRefusedException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }
}

/// <summary>
/// A deadlock or serialization failure rolled the transaction back (SQLSTATE 40P01, 40001), or concurrent changes kept removing a row
/// between two statements. The library has retried several times; nothing was stored.
/// </summary>
public sealed class ConflictException : AutoStackDataException
{
    /// <summary>Creates the exception, as a fake of a repository does.</summary>
    /// <param name="message">The message.</param>
    /// <param name="innerException">The cause; null for none.</param>
    public ConflictException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }

    /// <inheritdoc/>
    public override bool IsTransient => true;
}

/// <summary>
/// A unit of work continued after one of its statements had failed. PostgreSQL has rolled the transaction back, and would answer COMMIT
/// without an error. The inner exception is the one of the failed statement.
/// </summary>
public sealed class UnitOfWorkFailedException : AutoStackDataException
{
    /// <summary>Creates the exception, as a fake of a unit of work does.</summary>
    /// <param name="cause">The exception of the failed statement.</param>
    public UnitOfWorkFailedException(Exception cause)
        : base("An earlier statement of this unit of work failed; nothing was committed.", cause)
    {
    }
}
