namespace AutoStack.Data.Testing;

/// <summary>
/// No PostgreSQL server can be used for tests. The message says what to install or set, and why each candidate was skipped. The message
/// never contains a password.
/// </summary>
public sealed class PostgresUnavailableException : Exception
{
    internal PostgresUnavailableException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }
}
