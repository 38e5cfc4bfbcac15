namespace AutoStack.Data.Accounts;

/// <summary>The part of the table <c>users</c> that identifies a user: passwords and accounts at providers.</summary>
public interface IIdentityRepository
{
    /// <summary>Finds what a password check or a reset needs.</summary>
    /// <param name="email">The address that was typed, in any spelling of the mailbox.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    /// <returns>
    /// The user and the hash; null when no account has the address, or the text is not an address. Check the password against null then, so
    /// that the answer takes the same time.
    /// </returns>
    /// <exception cref="ArgumentException"><paramref name="email"/> is null or blank.</exception>
    Task<UserCredentials?> FindCredentialsAsync(string email, CancellationToken cancellationToken = default);

    /// <summary>
    /// Finds an account together with the hash of its password, in one statement. <see cref="FindCredentialsAsync"/> reads less, for a
    /// reset.
    /// </summary>
    /// <param name="email">The address that was typed, in any spelling of the mailbox.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    /// <returns>
    /// The user and the hash, both null when no account has the address, or the text is not an address. Verify the password against
    /// <see cref="UserWithCredentials.Password"/> in any case, so that the answer takes the same time.
    /// </returns>
    /// <exception cref="ArgumentException"><paramref name="email"/> is null or blank.</exception>
    Task<UserWithCredentials> FindUserWithCredentialsAsync(string email, CancellationToken cancellationToken = default);

    /// <summary>Finds the user who is linked with a provider's account.</summary>
    /// <param name="provider">The provider.</param>
    /// <param name="providerId">The id of the account at the provider.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    /// <returns>The user; null when no user is linked with the account.</returns>
    /// <exception cref="ArgumentException">
    /// <paramref name="providerId"/> is null or blank, or <paramref name="provider"/> is not defined.
    /// </exception>
    Task<User?> FindByProviderAsync(IdentityProvider provider, string providerId, CancellationToken cancellationToken = default);

    /// <summary>Finds the provider's accounts that can sign in as a user, and the user's connection to GitHub.</summary>
    /// <param name="userId">The user.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    /// <returns>The links; null when the user does not exist.</returns>
    Task<LinkedAccounts?> FindLinksAsync(Guid userId, CancellationToken cancellationToken = default);

    /// <summary>
    /// Registers an account with a password. Of two concurrent registrations of one address, one returns
    /// <see cref="RegistrationOutcome.EmailTaken"/>.
    /// </summary>
    /// <param name="account">The account.</param>
    /// <param name="cancellationToken">Cancels the insert.</param>
    /// <returns>
    /// The account, or <see cref="RegistrationOutcome.EmailTaken"/>. A repeated request with the same id, address and hash returns the
    /// account of the first request.
    /// </returns>
    /// <exception cref="ArgumentException">
    /// A value is missing, blank or too long, or the address does not name one mailbox; the message names the value.
    /// </exception>
    /// <exception cref="DuplicateException">The id belongs to an account with another address.</exception>
    Task<RegistrationResult> RegisterAsync(NewAccount account, CancellationToken cancellationToken = default);

    /// <summary>
    /// Finds or creates the account of a user whom a provider has just signed in. The account at the provider is looked up first, then the
    /// address if the provider has verified it. Concurrent sign-ins of a new user create one account, also through two providers. A
    /// verified sign-in takes over an account whose address nobody has verified (<see cref="ProviderSignInOutcome.TookOver"/>).
    /// </summary>
    /// <param name="identity">What the provider reports.</param>
    /// <param name="cancellationToken">Cancels the sign-in.</param>
    /// <returns>
    /// The account, or why the user is not signed in. The library's own repetition after a lost answer returns the first answer; a caller's
    /// repeated call returns <see cref="ProviderSignInOutcome.SignedIn"/>, also after <see cref="ProviderSignInOutcome.TookOver"/>.
    /// </returns>
    /// <exception cref="ArgumentException"> A value is missing, blank or too long, or the address does not name one mailbox; the message
    /// names the value.
    /// </exception>
    /// <exception cref="ConflictException">Concurrent changes kept removing the account with the address.</exception>
    Task<ProviderSignInResult> SignInWithProviderAsync(ProviderIdentity identity, CancellationToken cancellationToken = default);

    /// <summary>
    /// Links a user with a provider's account, and replaces an earlier link with that provider. The linked account can sign in as the user
    /// from then on.
    /// </summary>
    /// <param name="userId">The user.</param>
    /// <param name="link">The provider's account, and the sign-in that allows the link.</param>
    /// <param name="cancellationToken">Cancels the update.</param>
    /// <returns>
    /// Whether the accounts are linked, and if not, why. A repeated call returns <see cref="LinkOutcome.Linked"/>, also after the sign-in
    /// has ended.
    /// </returns>
    /// <exception cref="ArgumentException">
    /// <paramref name="link"/> is null, its provider's id is null, blank or too long, or its provider is not defined.
    /// </exception>
    Task<LinkOutcome> LinkAsync(Guid userId, ProviderLink link, CancellationToken cancellationToken = default);

    /// <summary>Removes the link of a user with a provider, unless the link is the last way to sign in.</summary>
    /// <param name="userId">The user.</param>
    /// <param name="provider">The provider.</param>
    /// <param name="cancellationToken">Cancels the update.</param>
    /// <returns>
    /// Whether the link was removed, and if not, why. A repeated call returns <see cref="UnlinkOutcome.NotLinked"/>.
    /// </returns>
    /// <exception cref="ArgumentException"><paramref name="provider"/> is not defined.</exception>
    Task<UnlinkOutcome> UnlinkAsync(Guid userId, IdentityProvider provider, CancellationToken cancellationToken = default);

    /// <summary>
    /// Changes a user's password, and ends the other sessions and all reset tokens; links stay. To store a stronger hash of the same
    /// password use <see cref="RehashAsync"/>.
    /// </summary>
    /// <param name="userId">The user.</param>
    /// <param name="change">The new password, and the hash that it replaces.</param>
    /// <param name="cancellationToken">Cancels the update.</param>
    /// <returns>
    /// Whether the password was changed, and if not, why. A repeated call that finds its new hash stored returns
    /// <see cref="PasswordChangeOutcome.Changed"/> and ends no session.
    /// </returns>
    /// <exception cref="ArgumentException"><paramref name="change"/> or its password is null, or the password is too long.</exception>
    Task<PasswordChangeOutcome> ChangePasswordAsync(Guid userId, PasswordChange change, CancellationToken cancellationToken = default);

    /// <summary>
    /// Stores a stronger hash of the same password, after <see cref="VerificationOutcome.SucceededRehashNeeded"/>, unless the password was
    /// changed since it was verified. Sessions continue.
    /// </summary>
    /// <param name="userId">The user.</param>
    /// <param name="verified">The stored hash that the password was verified against.</param>
    /// <param name="renewed">The new hash of this password.</param>
    /// <param name="cancellationToken">Cancels the update.</param>
    /// <returns>
    /// True when the new hash is stored, by this call or by the same call before. False when the user has another hash by now, or does not
    /// exist; the stored hash then needs no renewal by this call.
    /// </returns>
    /// <exception cref="ArgumentException">An argument is null, or the new hash is too long.</exception>
    Task<bool> RehashAsync(Guid userId, PasswordHash verified, PasswordHash renewed, CancellationToken cancellationToken = default);
}
