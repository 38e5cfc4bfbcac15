namespace AutoStack.Data.Testing;

/// <summary>
/// There is no PostgreSQL to test against. The message is one sentence: what to install or set, and why each candidate was passed over.
/// It holds no password.
/// </summary>
public sealed class PostgresUnavailableException : Exception
{
    internal PostgresUnavailableException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }
}
