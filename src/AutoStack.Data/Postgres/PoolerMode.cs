namespace AutoStack.Data;

/// <summary>How long a pooler, such as PgBouncer, lends a session of the server to one client.</summary>
public enum PoolerMode
{
    /// <summary>For as long as the client stays connected. Everything works as it does without a pooler.</summary>
    Session,

    /// <summary>
    /// For one transaction. Statements are not prepared, unless the connection string sets <c>Max Auto Prepare</c> and the pooler keeps the
    /// prepared statements of its clients apart (PgBouncer 1.21 or newer with <c>max_prepared_statements</c> above 0). Waiters poll, unless
    /// <see cref="AutoStackDataOptions.ListenConnectionString"/> is set: such a pooler delivers no notifications.
    /// </summary>
    Transaction,
}
