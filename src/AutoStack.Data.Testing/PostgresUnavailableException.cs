namespace AutoStack.Data.Testing;

/// <summary>
/// No PostgreSQL server can be used for tests. The message says what to install or set, and why each candidate was skipped. The message
/// never contains a password.
/// </summary>
public sealed class PostgresUnavailableException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">The message.</param>
    /// <param name="innerException">The cause; null for none.</param>
    public PostgresUnavailableException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }
}
