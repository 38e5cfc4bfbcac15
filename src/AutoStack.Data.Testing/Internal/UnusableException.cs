namespace AutoStack.Data.Testing.Internal;

/// <summary>Why a candidate is passed over, in words that follow its name and a colon.</summary>
internal sealed class UnusableException(string reason) : Exception(reason);
