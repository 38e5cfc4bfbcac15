namespace AutoStack.Data;

/// <summary>A stored secret cannot be decrypted: its key is not configured, or the value was changed or moved to another row.</summary>
public sealed class SecretUnreadableException : AutoStackDataException
{
    /// <summary>Creates the exception, as a fake of a repository does.</summary>
    /// <param name="message">The message.</param>
    /// <param name="innerException">The cause; null for none.</param>
    public SecretUnreadableException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }
}
