namespace AutoStack.Data.Accounts;

/// <summary>
/// Counts attempts to sign in with a password across all processes, and locks out after too many: <see cref="SignInThrottleOptions"/>.
/// Acquire an attempt before the password is checked, so that a flood costs no hash. Acquiring counts the attempt; concurrent guesses
/// cannot exceed the limit.
/// </summary>
/// <remarks>
/// An address without an account is counted alike. A lockout concerns passwords only: resets by mail and sign-ins through a provider stay
/// open. A client that has a session of the account is counted separately, so that a stranger's guesses do not lock out the owner.
/// </remarks>
public interface ISignInThrottle
{
    /// <summary>
    /// Acquires and counts an attempt. A repeated call for an allowed attempt with the same <see cref="SignInAttempt.Id"/> returns
    /// <see cref="SignInAttemptOutcome.Allowed"/> during <see cref="SignInThrottleOptions.Lockout"/> without counting; an attempt without
    /// an id is counted again.
    /// </summary>
    /// <param name="attempt">The attempt.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <returns>Whether the password may be checked.</returns>
    /// <exception cref="ArgumentException">
    /// <paramref name="attempt"/> is null, its e-mail address is null or blank, or its IP address is null.
    /// </exception>
    Task<SignInAttemptResult> AcquireAsync(SignInAttempt attempt, CancellationToken cancellationToken = default);

    /// <summary>
    /// Records that the password of an attempt was right: the attempt is no longer counted, and the failed ones for the account from this
    /// IP address are forgotten. Call it after the session was added, and never after a wrong password. A repeated call with the same
    /// <see cref="SignInAttempt.Id"/> changes nothing; without an id it may forget attempts that were counted since.
    /// </summary>
    /// <param name="attempt">The attempt that was acquired.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <returns>A task that completes when the counts are stored.</returns>
    /// <exception cref="ArgumentException">
    /// <paramref name="attempt"/> is null, its e-mail address is null or blank, or its IP address is null.
    /// </exception>
    Task RecordSuccessAsync(SignInAttempt attempt, CancellationToken cancellationToken = default);
}
