using Npgsql;

namespace AutoStack.Data.Audit;

/// <summary>
/// The audit log cannot be read: the database does not have the feature <c>audit</c>, or the role may not read its entries. The inner
/// exception is the driver's.
/// </summary>
public sealed class AuditUnavailableException : AutoStackDataException
{
    /// <summary>Creates the exception, as a fake of the audit log does.</summary>
    /// <param name="message">The message.</param>
    /// <param name="innerException">The cause; null for none.</param>
    public AuditUnavailableException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }

    /// <summary>The exception for an error of a statement that reads the log; null for any other error.</summary>
    internal static AuditUnavailableException? Of(PostgresException error) => error.SqlState switch
    {
        PostgresErrorCodes.UndefinedTable or PostgresErrorCodes.InvalidSchemaName => new(
            "The database does not have the feature audit. Switch it on: autostack-db feature enable audit.", error),
        PostgresErrorCodes.InsufficientPrivilege => new(
            "The role may not read the audit log. Of the roles of scripts/roles.sql, the read-only role and the owner may.", error),
        _ => null,
    };
}
