namespace AutoStack.Data.Accounts;

/// <summary>
/// Hashes and checks passwords with bcrypt. A hash takes about a quarter of a second of one core at work factor 12; at most
/// <see cref="PasswordHasherOptions.MaxConcurrency"/> run at once, on threads of the pool, and callers wait without blocking a thread.
/// </summary>
public interface IPasswordHasher
{
    /// <summary>The longest password in UTF-8 bytes: bcrypt would not look at more.</summary>
    const int MaxPasswordBytes = 72;

    /// <summary>Hashes a password.</summary>
    /// <param name="password">The password.</param>
    /// <param name="cancellationToken">Stops waiting for a core; a hash once begun is finished.</param>
    /// <returns>The hash.</returns>
    /// <exception cref="PasswordHasherBusyException"><see cref="PasswordHasherOptions.MaxWaiting"/> calls wait already.</exception>
    /// <exception cref="ArgumentException">
    /// The password is null, empty, longer than <see cref="MaxPasswordBytes"/>, or holds U+0000 or half of a surrogate pair.
    /// </exception>
    Task<PasswordHash> HashAsync(string password, CancellationToken cancellationToken = default);

    /// <summary>
    /// Checks a password. A check takes as long as one of <see cref="PasswordHasherOptions.WorkFactor"/>, whatever is stored and whether
    /// the password is right.
    /// </summary>
    /// <param name="password">The password as it was typed; null, too long and malformed ones are wrong.</param>
    /// <param name="hash">
    /// The stored hash, also one of the Python services: <c>$2a$</c>, <c>$2b$</c> or <c>$2y$</c>, work factor 04 to
    /// <see cref="PasswordHasherOptions.WorkFactor"/>. No password fits a higher one; a warning is logged. Null for an account without a
    /// password, or for no account.
    /// </param>
    /// <param name="cancellationToken">Stops waiting for a core; a check once begun is finished.</param>
    /// <returns>Whether it is the password, and whether to hash it anew.</returns>
    /// <exception cref="PasswordHasherBusyException"><see cref="PasswordHasherOptions.MaxWaiting"/> calls wait already.</exception>
    Task<VerificationOutcome> VerifyAsync(string? password, PasswordHash? hash, CancellationToken cancellationToken = default);
}

/// <summary>What came of a check.</summary>
public enum VerificationOutcome
{
    /// <summary>It is not the password.</summary>
    Failed,

    /// <summary>It is the password.</summary>
    Succeeded,

    /// <summary>
    /// It is the password, and its hash is weaker than new ones are: hash it again and store it with
    /// <see cref="IIdentityRepository.RehashAsync"/>, when the session is made. Not with
    /// <see cref="IIdentityRepository.SetPasswordAsync"/>, which ends the other sessions.
    /// </summary>
    SucceededRehashNeeded,
}
