namespace AutoStack.Data.Security;

/// <summary>
/// Hashes and checks passwords with bcrypt, work factor 12. A hash takes a good part of a second of one core: at most as many run at once as
/// there are cores, on threads of the pool, so that callers wait without blocking.
/// </summary>
public interface IPasswordHasher
{
    /// <summary>The longest password in UTF-8 bytes: bcrypt would not look at more.</summary>
    const int MaxPasswordBytes = 72;

    /// <summary>Hashes a password.</summary>
    /// <param name="password">The password.</param>
    /// <param name="cancellationToken">Stops waiting for a core; a hash once begun is finished.</param>
    /// <returns>The hash.</returns>
    /// <exception cref="ArgumentException">The password is null, empty, longer than <see cref="MaxPasswordBytes"/>, or holds U+0000 or half of a surrogate pair.</exception>
    Task<PasswordHash> HashAsync(string password, CancellationToken cancellationToken);

    /// <summary>
    /// Checks a password. Without a hash, with one that is no bcrypt hash, and with a weaker one, a wrong password takes as long as with a new hash.
    /// </summary>
    /// <param name="password">The password as it was typed; null, too long and malformed ones are wrong.</param>
    /// <param name="hash">
    /// The stored hash, also one that the Python services stored: <c>$2a$</c>, <c>$2b$</c> or <c>$2y$</c>, work factor 04 to 14. No password fits a higher one,
    /// whose check would take minutes of a core and more. Null for an account without a password.
    /// </param>
    /// <param name="cancellationToken">Stops waiting for a core; a check once begun is finished.</param>
    /// <returns>Whether it is the password, and whether to hash it anew.</returns>
    Task<PasswordVerification> VerifyAsync(string? password, PasswordHash? hash, CancellationToken cancellationToken);
}

/// <summary>What came of a check.</summary>
public enum PasswordVerification
{
    /// <summary>It is not the password.</summary>
    Failed,

    /// <summary>It is the password.</summary>
    Succeeded,

    /// <summary>
    /// It is the password, and its hash is weaker than new ones are: hash it again and store it with <see cref="Users.IIdentityRepository.RehashAsync"/>, when the
    /// session is made. Not with <see cref="Users.IIdentityRepository.SetPasswordAsync"/>, which would undo a reset that came in between.
    /// </summary>
    SucceededRehashNeeded,
}
