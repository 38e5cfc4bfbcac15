namespace AutoStack.Data.LocalServer;

/// <summary>A candidate cannot be used. The message is the reason, in words that follow the candidate's name and a colon.</summary>
internal sealed class UnusableException(string reason, Exception? innerException = null) : Exception(reason, innerException);
