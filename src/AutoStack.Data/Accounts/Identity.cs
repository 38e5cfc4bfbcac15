namespace AutoStack.Data.Accounts;

/// <summary>Who vouches for a user.</summary>
public enum IdentityProvider
{
    /// <summary>GitHub: <c>users.github_id</c>.</summary>
    GitHub,

    /// <summary>Google: <c>users.google_id</c>.</summary>
    Google,
}

/// <summary>An account to be made by its owner, with a password.</summary>
public sealed record NewAccount
{
    /// <summary>The id; null to have one made. With one, a repeated request finds the row of the first.</summary>
    public Guid? Id { get; init; }

    /// <summary>The name that is shown; up to 255 characters.</summary>
    public required string Name { get; init; }

    /// <summary>The address of one mailbox, up to 254 bytes; stored in its one spelling. It is not verified by this.</summary>
    public required string Email { get; init; }

    /// <summary>The hash of the password.</summary>
    public required PasswordHash Password { get; init; }
}

/// <summary>What a provider says of who has just signed in there.</summary>
public sealed record ProviderIdentity
{
    /// <summary>The provider.</summary>
    public required IdentityProvider Provider { get; init; }

    /// <summary>The account there; up to 255 characters.</summary>
    public required string ProviderId { get; init; }

    /// <summary>The name; up to 255 characters.</summary>
    public required string Name { get; init; }

    /// <summary>The address of one mailbox, up to 254 bytes.</summary>
    public required string Email { get; init; }

    /// <summary>
    /// True when the provider has verified that the address belongs to this user. Only then does it find an account, and an account whose
    /// address nobody has
    /// verified becomes theirs.
    /// </summary>
    public required bool EmailVerified { get; init; }

    /// <summary>The picture, stored when the account has none; null for none.</summary>
    public string? AvatarUrl { get; init; }
}

/// <summary>What is needed to check a password, or to send a mail to the owner of an account.</summary>
/// <param name="UserId">The user.</param>
/// <param name="Email">The stored address: mails go there, and not to the address that was typed.</param>
/// <param name="Password">The stored hash; null for an account without a password.</param>
public sealed record UserCredentials(Guid UserId, string Email, PasswordHash? Password);

/// <summary>What came of a registration.</summary>
/// <param name="Outcome">Whether there is an account now.</param>
/// <param name="User">The account; null unless <see cref="RegistrationOutcome.Created"/>.</param>
public sealed record RegistrationResult(RegistrationOutcome Outcome, User? User);

/// <summary>How a registration ended.</summary>
public enum RegistrationOutcome
{
    /// <summary>The account was made.</summary>
    Created,

    /// <summary>An account has the address, in one of its spellings.</summary>
    EmailTaken,
}

/// <summary>What came of a sign-in through a provider.</summary>
/// <param name="Outcome">How the account was found, or why there is none.</param>
/// <param name="User">The account; null when there is none.</param>
public sealed record ProviderSignInResult(ProviderSignInOutcome Outcome, User? User);

/// <summary>How a sign-in through a provider ended.</summary>
public enum ProviderSignInOutcome
{
    /// <summary>The account was found, or made, and is linked with the provider's.</summary>
    SignedIn,

    /// <summary>
    /// An account had the address without a proof, and the provider has proved whose it is: as after a reset, its password, links,
    /// sessions, reset tokens and
    /// GitHub connection ended, and it is linked with the provider's account. Its projects stay, and may be those of whoever registered
    /// first: show them.
    /// </summary>
    TookOver,

    /// <summary>
    /// An account has the address, and the provider has not verified it: whoever says that an address is theirs must not get that person's
    /// account. Let the user
    /// sign in the way they did before, and link.
    /// </summary>
    EmailMatchedUnverified,

    /// <summary>An account has the address and is linked with another account of the provider.</summary>
    LinkedElsewhere,
}

/// <summary>What came of linking an account with a provider's.</summary>
public enum LinkOutcome
{
    /// <summary>The two are linked.</summary>
    Linked,

    /// <summary>The provider's account is linked with another user.</summary>
    LinkedElsewhere,

    /// <summary>There is no such user.</summary>
    UserNotFound,

    /// <summary>The sign-in is older than <see cref="AccountOptions.FreshSignIn"/>, lies in the future, or has ended: let the user sign in
    /// again, and link then.</summary>
    SignInTooOld,
}

/// <summary>What came of ending a link.</summary>
public enum UnlinkOutcome
{
    /// <summary>The link ended.</summary>
    Unlinked,

    /// <summary>There is no such link, or no such user.</summary>
    NotLinked,

    /// <summary>The account has no password and no other link: nobody could sign in. Let the user set a password first.</summary>
    LastWayIn,
}
