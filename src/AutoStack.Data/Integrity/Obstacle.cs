using AutoStack.Data.Monitoring;
using Npgsql;

namespace AutoStack.Data.Integrity;

/// <summary>Why a check could not be made, or not to its end.</summary>
/// <param name="Severity">A warning where a fault may exist that was not seen.</param>
/// <param name="Why">The reason, in one sentence.</param>
/// <param name="Mend">What to do; null when there is nothing.</param>
internal sealed record Obstacle(Severity Severity, string Why, string? Mend)
{
    /// <summary>The obstacle that an error is; null for an error that ends the run.</summary>
    public static Obstacle? Of(Exception exception) => exception switch
    {
        PostgresException { SqlState: PostgresErrorCodes.InsufficientPrivilege } error =>
            new(Severity.Warning, $"the role may not read it ({error.MessageText}).", "Run verify as the owner or as a superuser."),
        PostgresException { SqlState: PostgresErrorCodes.UndefinedTable or PostgresErrorCodes.UndefinedColumn } error =>
            new(Severity.Warning, $"the schema lacks it ({error.MessageText}).", "Run autostack-db check, then upgrade."),
        StatementTimeoutException timeout when IsLock(timeout) =>
            new(Severity.Warning, "another session has locked it, as a migration does.", "Run the check again."),
        StatementTimeoutException =>
            new(Severity.Warning, "the statement reached its time limit.", "Run the check again with a longer statement timeout."),
        ConflictException => new(
            Severity.Warning, "the standby cancelled the statement, to replay what removes its rows.",
            "Run the check again, or on the primary."),

        // Without the message, which may quote a value.
        PostgresException error => new(Severity.Warning, $"the server refused the statement (SQLSTATE {error.SqlState}).", null),
        AutoStackDataException { InnerException: PostgresException error } and not DatabaseUnavailableException =>
            new(Severity.Warning, $"the server refused the statement (SQLSTATE {error.SqlState}).", null),
        _ => null,
    };

    /// <summary>True when a lock, and not the amount of work, was the reason of a timeout.</summary>
    public static bool IsLock(StatementTimeoutException exception) =>
        exception.InnerException is PostgresException { SqlState: PostgresErrorCodes.LockNotAvailable };
}
