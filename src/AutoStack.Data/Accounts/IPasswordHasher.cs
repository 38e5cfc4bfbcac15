namespace AutoStack.Data.Accounts;

/// <summary>
/// Hashes and verifies passwords with bcrypt. A hash takes about a quarter of a second of one core at work factor 12. At most
/// <see cref="PasswordHasherOptions.MaxConcurrency"/> hashes run at once, on threads of the pool; callers wait without blocking a thread.
/// </summary>
public interface IPasswordHasher
{
    /// <summary>The maximum length of a password in UTF-8 bytes: bcrypt ignores further bytes.</summary>
    const int MaxPasswordBytes = 72;

    /// <summary>Hashes a password.</summary>
    /// <param name="password">The password.</param>
    /// <param name="cancellationToken">Cancels the wait for a core; a hash that has started runs to its end.</param>
    /// <returns>The hash.</returns>
    /// <exception cref="PasswordHasherBusyException"><see cref="PasswordHasherOptions.MaxWaiting"/> calls are waiting.</exception>
    /// <exception cref="ArgumentException">
    /// The password is null, empty, longer than <see cref="MaxPasswordBytes"/>, or contains U+0000 or a lone surrogate.
    /// </exception>
    Task<PasswordHash> HashAsync(string password, CancellationToken cancellationToken = default);

    /// <summary>
    /// Verifies a password. The call takes as long as a hash of <see cref="PasswordHasherOptions.WorkFactor"/>, whatever is stored and
    /// whether or not the password is right.
    /// </summary>
    /// <param name="password">The password as it was typed; null, a password that is too long and malformed text are wrong.</param>
    /// <param name="hash">
    /// The stored hash, also one of the Python services: <c>$2a$</c>, <c>$2b$</c> or <c>$2y$</c>, work factor 04 to
    /// <see cref="PasswordHasherOptions.WorkFactor"/>. A hash with a higher work factor matches no password, and a warning is logged. Null
    /// for an account without a password, or for no account.
    /// </param>
    /// <param name="cancellationToken">Cancels the wait for a core; a verification that has started runs to its end.</param>
    /// <returns>Whether the password is right, and whether to hash it anew.</returns>
    /// <exception cref="PasswordHasherBusyException"><see cref="PasswordHasherOptions.MaxWaiting"/> calls are waiting.</exception>
    Task<VerificationOutcome> VerifyAsync(string? password, PasswordHash? hash, CancellationToken cancellationToken = default);
}

/// <summary>How <see cref="IPasswordHasher.VerifyAsync"/> ended.</summary>
public enum VerificationOutcome
{
    /// <summary>The password is wrong.</summary>
    Failed,

    /// <summary>The password is right.</summary>
    Succeeded,

    /// <summary>
    /// The password is right, and its hash is weaker than new ones. Hash the password again, and store the hash with
    /// <see cref="IIdentityRepository.RehashAsync"/> after the session was added; <see cref="IIdentityRepository.ChangePasswordAsync"/>
    /// would end the other sessions.
    /// </summary>
    SucceededRehashNeeded,
}
