namespace AutoStack.Data.Accounts;

/// <summary>
/// Passwords are hashed on every core that hashing may use, and as many calls wait as <see
/// cref="PasswordHasherOptions.MaxWaiting"/> allows. Nothing
/// was hashed. Answer <c>503</c> with <c>Retry-After</c>: a hash takes a quarter of a second of a core.
/// </summary>
public sealed class PasswordHasherBusyException : AutoStackDataException
{
    internal PasswordHasherBusyException()
        : base("Too many passwords are being hashed. Try again in a few seconds.", innerException: null)
    {
    }
}
