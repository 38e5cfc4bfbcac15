using System.Net;

namespace AutoStack.Data.Accounts;

/// <summary>
/// Counts attempts to sign in with a password, for all processes, and locks out who has tried too often: <see
/// cref="SignInThrottleOptions"/>. Ask before a
/// password is checked, so that a flood costs no hash. An attempt is counted when it begins; parallel guesses cannot exceed the limit.
/// </summary>
/// <remarks>
/// An address without an account is counted alike. A lockout concerns passwords: a reset by mail and a sign-in through a provider stay
/// open, and a client
/// that has been signed in to the account before is counted by itself, so that nobody can lock the owner out by guessing.
/// </remarks>
public interface ISignInThrottle
{
    /// <summary>Counts an attempt.</summary>
    /// <param name="email">The address that was typed; the spellings of a mailbox count as one.</param>
    /// <param name="address">The IP address that the request comes from; of an IPv6 address its first 64 bits count, which one subscriber
    /// has.</param>
    /// <param name="client">The key of the client; null when it presents none.</param>
    /// <param name="cancellationToken">Stops the call.</param>
    /// <returns>Whether the password may be checked.</returns>
    /// <exception cref="ArgumentException"><paramref name="email"/> is null or blank, or <paramref name="address"/> is null.</exception>
    Task<SignInAttempt> BeginAsync(string email, IPAddress address, ClientKey? client, CancellationToken cancellationToken = default);

    /// <summary>Takes back an attempt whose password was right, and forgets the failed ones for the account from this place.</summary>
    /// <param name="email">The address that was typed.</param>
    /// <param name="address">The IP address that the request comes from.</param>
    /// <param name="client">The key of the client; null when it presents none.</param>
    /// <param name="cancellationToken">Stops the call.</param>
    /// <returns>A task that ends when it is stored.</returns>
    /// <exception cref="ArgumentException"><paramref name="email"/> is null or blank, or <paramref name="address"/> is null.</exception>
    Task SucceededAsync(string email, IPAddress address, ClientKey? client, CancellationToken cancellationToken = default);
}

/// <summary>Whether a password may be checked.</summary>
/// <param name="IsAllowed">True when it may; false when too many attempts did not succeed.</param>
/// <param name="LockedUntil">When the lockout ends; null when the attempt is allowed.</param>
public sealed record SignInAttempt(bool IsAllowed, DateTimeOffset? LockedUntil);
