namespace AutoStack.Data.Accounts;

/// <summary>The part of the table <c>users</c> that says who somebody is: passwords and accounts at providers.</summary>
public interface IIdentityRepository
{
    /// <summary>Finds what is needed to check a password, or to send a reset.</summary>
    /// <param name="email">The address that was typed, in any spelling of the mailbox.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The user and the hash; null when no account has the address, or it is not one. Check the password against null then, so
    /// that it takes the same time.</returns>
    /// <exception cref="ArgumentException"><paramref name="email"/> is null or blank.</exception>
    Task<UserCredentials?> FindCredentialsAsync(string email, CancellationToken cancellationToken = default);

    /// <summary>Finds the user of a provider's account.</summary>
    /// <param name="provider">The provider.</param>
    /// <param name="providerId">The account there.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The user; null when the account is linked with nobody.</returns>
    /// <exception cref="ArgumentException"><paramref name="providerId"/> is null or blank, or <paramref name="provider"/> is not
    /// defined.</exception>
    Task<User?> FindByProviderAsync(IdentityProvider provider, string providerId, CancellationToken cancellationToken = default);

    /// <summary>Makes an account with a password. Of two registrations of one address at once, one is told that it is taken.</summary>
    /// <param name="account">The account.</param>
    /// <param name="cancellationToken">Stops the insert.</param>
    /// <returns>
    /// The account, or that its address is taken. Repeated with the same id, address and hash, the account that is there.
    /// </returns>
    /// <exception cref="ArgumentException">
    /// A value is missing, blank or too long, or the address is not that of one mailbox; the message names it.
    /// </exception>
    /// <exception cref="DuplicateException">The id belongs to an account with another address.</exception>
    Task<RegistrationResult> RegisterAsync(NewAccount account, CancellationToken cancellationToken = default);

    /// <summary>
    /// Finds the account of a user whom a provider has just signed in: by the account there, else by the address when the provider has
    /// verified it, else makes
    /// one. Parallel sign-ins of a new user make one account, also through two providers. An account whose address nobody has verified
    /// becomes the user's
    /// (<see cref="ProviderSignInOutcome.TookOver"/>).
    /// </summary>
    /// <param name="identity">What the provider says.</param>
    /// <param name="cancellationToken">Stops the sign-in.</param>
    /// <returns>The account, or why there is none.</returns>
    /// <exception cref="ArgumentException">A value is missing, blank or too long, or the address is not that of one mailbox; the message
    /// names it.</exception>
    /// <exception cref="ConflictException">Accounts with the address came and went meanwhile, several times.</exception>
    Task<ProviderSignInResult> SignInWithProviderAsync(ProviderIdentity identity, CancellationToken cancellationToken = default);

    /// <summary>
    /// Links a user with a provider's account; one linked before is replaced. Whoever links an account can sign in with it from then on.
    /// </summary>
    /// <param name="userId">The user.</param>
    /// <param name="provider">The provider.</param>
    /// <param name="providerId">The account there; up to 255 characters.</param>
    /// <param name="avatarUrl">The picture, stored when the user has none; null leaves it.</param>
    /// <param name="signedInAt"> When the user signed in: <see cref="Session.SignedInAt"/>. It is compared with the database's clock, and
    /// is at most <see cref="AccountOptions.FreshSignIn"/> ago and at most a minute ahead. A session of the user with this sign-in must
    /// still be stored: what was begun before a reset or a sign-out is not linked after it.
    /// </param>
    /// <param name="cancellationToken">Stops the update.</param>
    /// <returns>Whether they are linked, and if not, why.</returns>
    /// <exception cref="ArgumentException">
    /// <paramref name="providerId"/> is null, blank or too long, or <paramref name="provider"/> is not defined.
    /// </exception>
    Task<LinkOutcome> LinkAsync(
        Guid userId, IdentityProvider provider, string providerId, string? avatarUrl, DateTimeOffset signedInAt, CancellationToken cancellationToken = default);

    /// <summary>Ends the link of a user with a provider, unless it is the last way to sign in.</summary>
    /// <param name="userId">The user.</param>
    /// <param name="provider">The provider.</param>
    /// <param name="cancellationToken">Stops the update.</param>
    /// <returns>Whether the link ended, and if not, why.</returns>
    /// <exception cref="ArgumentException"><paramref name="provider"/> is not defined.</exception>
    Task<UnlinkOutcome> UnlinkAsync(Guid userId, IdentityProvider provider, CancellationToken cancellationToken = default);

    /// <summary>Sets a user's password, and ends the other sessions and all reset tokens; links stay. Not for a rehash: <see
    /// cref="RehashAsync"/>.</summary>
    /// <param name="userId">The user.</param>
    /// <param name="verified">
    /// The stored hash that the user's current password was just verified against: nothing changes when a reset or another change has
    /// replaced it meanwhile. Null sets the password whatever is stored: for a user who has no password, and for an administrator.
    /// </param>
    /// <param name="password">The hash of the new password.</param>
    /// <param name="exceptSessionId">A session to keep, together with every session of the same sign-in (it may be exchanged at this
    /// moment). Null ends all sessions.</param>
    /// <param name="cancellationToken">Stops the update.</param>
    /// <returns>False when there is no such user, or the stored hash is not <paramref name="verified"/> any more; then nothing has
    /// changed, and no session or token has ended.</returns>
    /// <exception cref="ArgumentException"><paramref name="password"/> is null, or too long.</exception>
    Task<bool> SetPasswordAsync(
        Guid userId, PasswordHash? verified, PasswordHash password, Guid? exceptSessionId, CancellationToken cancellationToken = default);

    /// <summary>
    /// Stores a stronger hash of the same password, after <see cref="VerificationOutcome.SucceededRehashNeeded"/>, unless the password was
    /// changed since it was verified. Sessions go on.
    /// </summary>
    /// <param name="userId">The user.</param>
    /// <param name="verified">The stored hash that the password was verified against.</param>
    /// <param name="renewed">The new hash of this password.</param>
    /// <param name="cancellationToken">Stops the update.</param>
    /// <returns>False when the user has another hash by now, or is gone.</returns>
    /// <exception cref="ArgumentException">An argument is null, or the new hash too long.</exception>
    Task<bool> RehashAsync(Guid userId, PasswordHash verified, PasswordHash renewed, CancellationToken cancellationToken = default);
}
