using AutoStack.Data.Accounts;

namespace AutoStack.Data.AspNetCore;

/// <summary>The result of <see cref="SessionSignIn.SignInWithPasswordAsync"/>.</summary>
/// <param name="Outcome">Whether the user is signed in, and if not, why.</param>
/// <param name="Issued">
/// The session and its token; null unless the outcome is <see cref="PasswordSignInOutcome.SignedIn"/>. A browser has the token in its
/// cookie; give it to a client that sends it as a bearer token, and to no script of a page.
/// </param>
/// <param name="LockedUntil">When the lockout ends; null unless the outcome is <see cref="PasswordSignInOutcome.LockedOut"/>.</param>
public sealed record PasswordSignInResult(PasswordSignInOutcome Outcome, IssuedSession? Issued, DateTimeOffset? LockedUntil);

/// <summary>How a sign-in with a password ended.</summary>
public enum PasswordSignInOutcome
{
    /// <summary>The user is signed in.</summary>
    SignedIn,

    /// <summary>No account has the address, it has no password, or the password is wrong; a caller cannot tell which.</summary>
    WrongCredentials,

    /// <summary>Too many attempts did not succeed. The password was not checked.</summary>
    LockedOut,

    /// <summary>The password was changed while it was checked: ask for it again.</summary>
    Superseded,

    /// <summary>
    /// A page of another origin sent the request: such a page could sign its visitor in to the account of somebody else. The password
    /// was not checked, the attempt was not counted, and no cookie was set. Answer 403.
    /// </summary>
    OtherOrigin,
}
