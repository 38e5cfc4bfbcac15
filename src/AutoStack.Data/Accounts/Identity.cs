namespace AutoStack.Data.Accounts;

/// <summary>A provider that signs users in.</summary>
public enum IdentityProvider
{
    /// <summary>GitHub: <c>users.github_id</c>.</summary>
    GitHub,

    /// <summary>Google: <c>users.google_id</c>.</summary>
    Google,

    /// <summary>
    /// GitLab: <c>user_identities</c>. An id is unique in one instance of GitLab: let users sign in through one instance only.
    /// </summary>
    GitLab,

    /// <summary>Bitbucket: <c>user_identities</c>.</summary>
    Bitbucket,
}

/// <summary>An account with a password, to register.</summary>
public sealed record NewAccount
{
    /// <summary>
    /// The id, not the empty one; null to generate one. A repeated request with the same id returns the account of the first request.
    /// </summary>
    public Guid? Id { get; init; }

    /// <summary>The name that is shown; up to 255 characters.</summary>
    public required string Name { get; init; }

    /// <summary>
    /// The address of one mailbox, up to 254 bytes; stored in its canonical spelling, and not verified by a registration.
    /// </summary>
    public required string Email { get; init; }

    /// <summary>The hash of the password.</summary>
    public required PasswordHash Password { get; init; }
}

/// <summary>What a provider reports about the user it has just signed in.</summary>
public sealed record ProviderIdentity
{
    /// <summary>The provider.</summary>
    public required IdentityProvider Provider { get; init; }

    /// <summary>The id of the user's account at the provider; up to 255 characters.</summary>
    public required string ProviderId { get; init; }

    /// <summary>The user's name; up to 255 characters.</summary>
    public required string Name { get; init; }

    /// <summary>The address of one mailbox, up to 254 bytes.</summary>
    public required string Email { get; init; }

    /// <summary>
    /// True when the provider has verified that the address belongs to this user. Only a verified address finds an existing account, and
    /// takes over an account whose address nobody has verified.
    /// </summary>
    public required bool EmailVerified { get; init; }

    /// <summary>
    /// The URL of the picture, up to <see cref="User.MaxAvatarUrlLength"/> characters, stored when the account has none; null
    /// for no picture.
    /// </summary>
    public string? AvatarUrl { get; init; }
}

/// <summary>A provider's account, to link with a user.</summary>
public sealed record ProviderLink
{
    /// <summary>The provider.</summary>
    public required IdentityProvider Provider { get; init; }

    /// <summary>The id of the user's account at the provider; up to 255 characters.</summary>
    public required string ProviderId { get; init; }

    /// <summary>
    /// When the user signed in: <see cref="Session.SignedInAt"/>. By the database's clock it is at most
    /// <see cref="AccountOptions.FreshSignIn"/> ago and at most a minute ahead, and a session of this sign-in must still be stored: a link
    /// that was begun before a reset or a sign-out does not succeed after it.
    /// </summary>
    public required DateTimeOffset SignedInAt { get; init; }

    /// <summary>
    /// The URL of the picture, up to <see cref="User.MaxAvatarUrlLength"/> characters, stored when the user has none; null for
    /// no picture.
    /// </summary>
    public string? AvatarUrl { get; init; }
}

/// <summary>A new password of a user.</summary>
public sealed record PasswordChange
{
    /// <summary>
    /// The stored hash that the user's current password was just verified against: nothing changes when a reset or another change has
    /// replaced that hash meanwhile. Null sets the password whatever is stored: for a user without a password, and for an administrator.
    /// </summary>
    public required PasswordHash? Verified { get; init; }

    /// <summary>The hash of the new password, up to 255 characters.</summary>
    public required PasswordHash Password { get; init; }

    /// <summary>
    /// A session to keep, together with every session from the same sign-in (it may be rotating concurrently). Null ends all sessions.
    /// </summary>
    public Guid? ExceptSessionId { get; init; }
}

/// <summary>What a password check, or a mail to the owner of an account, needs.</summary>
/// <param name="UserId">The user.</param>
/// <param name="Email">The stored address. Send mails to this address, never to the address that was typed.</param>
/// <param name="Password">The stored hash; null for an account without a password.</param>
public sealed record UserCredentials(Guid UserId, string Email, PasswordHash? Password);

/// <summary>What a sign-in with a password needs, in one read.</summary>
/// <param name="User">The account; null when no account has the address.</param>
/// <param name="Password">The stored hash; null for an account without a password, and for no account.</param>
/// <remarks>
/// The record is never null: pass <paramref name="Password"/> to <see cref="IPasswordHasher.VerifyAsync"/> before looking at
/// <paramref name="User"/>, so that the answer takes the same time whether or not the account exists.
/// </remarks>
public sealed record UserWithCredentials(User? User, PasswordHash? Password)
{
    internal static UserWithCredentials None { get; } = new(null, null);
}

/// <summary>The result of a registration.</summary>
/// <param name="Outcome">Whether the account was registered.</param>
/// <param name="User">The account; null unless the outcome is <see cref="RegistrationOutcome.Created"/>.</param>
public sealed record RegistrationResult(RegistrationOutcome Outcome, User? User);

/// <summary>How a registration ended.</summary>
public enum RegistrationOutcome
{
    /// <summary>The account was created.</summary>
    Created,

    /// <summary>An account with the address exists, in one of the spellings of the mailbox.</summary>
    EmailTaken,
}

/// <summary>The result of a sign-in through a provider.</summary>
/// <param name="Outcome">How the account was found, or why the user is not signed in.</param>
/// <param name="User">The account; null when the user is not signed in.</param>
public sealed record ProviderSignInResult(ProviderSignInOutcome Outcome, User? User);

/// <summary>How a sign-in through a provider ended.</summary>
public enum ProviderSignInOutcome
{
    /// <summary>The account was found or created, and is linked with the provider's account.</summary>
    SignedIn,

    /// <summary>
    /// An account had the address without a proof, and the provider has proved that the address belongs to this user. As after a reset, the
    /// account's password, links, sessions, reset tokens and GitHub connection ended, and the account is linked with the provider's
    /// account. Its projects stay; they may belong to whoever registered first, so show them to the user.
    /// </summary>
    TookOver,

    /// <summary>
    /// An account has the address, and the provider has not verified the address: a claimed address does not open another person's account.
    /// Let the user sign in as before, and link.
    /// </summary>
    EmailMatchedUnverified,

    /// <summary>An account has the address and is linked with another account of the provider.</summary>
    LinkedElsewhere,
}

/// <summary>How <see cref="IIdentityRepository.LinkAsync"/> ended.</summary>
public enum LinkOutcome
{
    /// <summary>The user is linked with the provider's account.</summary>
    Linked,

    /// <summary>The provider's account is linked with another user.</summary>
    LinkedElsewhere,

    /// <summary>The user does not exist.</summary>
    UserNotFound,

    /// <summary>
    /// The sign-in is older than <see cref="AccountOptions.FreshSignIn"/>, lies in the future, or has ended. Let the user sign in again,
    /// and link then.
    /// </summary>
    SignInTooOld,
}

/// <summary>How <see cref="IIdentityRepository.UnlinkAsync"/> ended.</summary>
public enum UnlinkOutcome
{
    /// <summary>The link was removed.</summary>
    Unlinked,

    /// <summary>The user is not linked with the provider, or does not exist.</summary>
    NotLinked,

    /// <summary>
    /// The account has no password and no other link: without this link nobody could sign in. Let the user set a password first.
    /// </summary>
    LastWayIn,
}

/// <summary>How <see cref="IIdentityRepository.ChangePasswordAsync"/> ended.</summary>
public enum PasswordChangeOutcome
{
    /// <summary>The password was changed; the other sessions and all reset tokens ended.</summary>
    Changed,

    /// <summary>
    /// A reset or another change has replaced the hash that was verified. Nothing was changed, and no session or token ended: verify the
    /// current password again.
    /// </summary>
    Superseded,

    /// <summary>The user does not exist.</summary>
    UserNotFound,
}
