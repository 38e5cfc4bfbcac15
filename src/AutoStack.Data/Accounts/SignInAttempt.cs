using System.Net;

namespace AutoStack.Data.Accounts;

/// <summary>An attempt to sign in with a password.</summary>
public sealed record SignInAttempt
{
    /// <summary>The e-mail address that was typed; all spellings of a mailbox are counted as one.</summary>
    public required string Email { get; init; }

    /// <summary>
    /// The IP address of the client, not that of a proxy. Of an IPv6 address the first 64 bits are counted, which belong to one subscriber.
    /// </summary>
    public required IPAddress Address { get; init; }

    /// <summary>The client key that was presented; null when none was.</summary>
    public ClientKey? Client { get; init; }

    /// <summary>
    /// The id of the attempt, by which a repeated call is recognised and the attempt is counted once; null counts every call. Generate it
    /// for each request that the service receives. Never take it from the client, who would try several passwords as one attempt; the
    /// third repetition is counted as a new attempt.
    /// </summary>
    public Guid? Id { get; init; }

    /// <summary>The name of the type: people type passwords into the field of the e-mail address.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => nameof(SignInAttempt);
}

/// <summary>The result of <see cref="ISignInThrottle.AcquireAsync"/>.</summary>
/// <param name="Outcome">Whether the password may be checked.</param>
/// <param name="LockedUntil">When the lockout ends; null when the attempt is allowed.</param>
public sealed record SignInAttemptResult(SignInAttemptOutcome Outcome, DateTimeOffset? LockedUntil);

/// <summary>Whether a password may be checked.</summary>
public enum SignInAttemptOutcome
{
    /// <summary>The password may be checked.</summary>
    Allowed,

    /// <summary>Too many attempts did not succeed. Do not check the password.</summary>
    LockedOut,
}
