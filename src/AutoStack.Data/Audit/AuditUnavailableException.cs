namespace AutoStack.Data.Audit;

/// <summary>
/// The audit log cannot be read: the database does not have the feature <c>audit</c>, or the role may not read its entries. The inner
/// exception is the driver's.
/// </summary>
public sealed class AuditUnavailableException : AutoStackDataException
{
    private AuditUnavailableException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    internal static AuditUnavailableException NotEnabled(Exception cause) =>
        new("The database does not have the feature audit. Switch it on: autostack-db feature enable audit.", cause);

    internal static AuditUnavailableException NotReadable(Exception cause) =>
        new("The role may not read the audit log. Of the roles of scripts/roles.sql, the read-only role and the owner may.", cause);
}
