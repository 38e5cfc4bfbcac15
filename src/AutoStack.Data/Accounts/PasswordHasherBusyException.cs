namespace AutoStack.Data.Accounts;

/// <summary>
/// The password was neither hashed nor verified: all cores that may hash are busy, and <see cref="PasswordHasherOptions.MaxWaiting"/> calls
/// are waiting. Answer <c>503</c> with <c>Retry-After</c>: a hash takes a quarter of a second of a core.
/// </summary>
public sealed class PasswordHasherBusyException : AutoStackDataException
{
    /// <summary>Creates the exception, as a fake of a hasher does.</summary>
    public PasswordHasherBusyException()
        : base("Too many passwords are being hashed. Try again in a few seconds.", innerException: null)
    {
    }

    /// <inheritdoc/>
    public override bool IsTransient => true;
}
