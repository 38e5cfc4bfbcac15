namespace AutoStack.Data;

/// <summary>A stored secret cannot be decrypted: its key is not configured, or the value was changed or moved to another row.</summary>
public sealed class SecretUnreadableException : AutoStackDataException
{
    internal SecretUnreadableException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }
}
