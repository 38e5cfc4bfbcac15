using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace AutoStack.Data.Postgres;

/// <summary>
/// The role of the feature <c>row-security</c>, and the identity that its policies read. With a key the identity is signed, so that only
/// who has the key can claim one.
/// </summary>
/// <param name="role">The role that the statements of an owner run as.</param>
/// <param name="key">The key; null for identities without a signature.</param>
/// <param name="clock">The clock of the host; null for the system's.</param>
internal sealed class TenantAccess(string role, byte[]? key, TimeProvider? clock = null)
{
    /// <summary>The least number of bytes of a key.</summary>
    public const int LeastKeyLength = 32;

    // The clocks of hosts and servers differ, and a statement may wait for a lock before its identity is read.
    private const int LifetimeSeconds = 300;

    // An identity is the same for a minute, so that the statements of a unit of work do not set it anew.
    private const int StepSeconds = 60;

    // A clock that has moved by more than this against the monotonic one was set, or the machine slept.
    private const int NoiseMilliseconds = 30_000;

    private readonly TimeProvider clock = clock ?? TimeProvider.System;
    private Learnt? learnt;

    /// <summary>The role.</summary>
    public string Role => role;

    /// <summary>Whether identities are signed.</summary>
    public bool IsSigned => key is not null;

    /// <summary>
    /// Takes the time of the database, which decides whether an identity has expired; the host's clock may be wrong. The time is learnt at
    /// the start of the host and with each readiness check, and holds until the host's clock is set.
    /// </summary>
    /// <param name="milliseconds">The database's time, in milliseconds since 1970.</param>
    public void Learn(long milliseconds) => Volatile.Write(
        ref learnt, new Learnt(milliseconds, clock.GetUtcNow().ToUnixTimeMilliseconds(), clock.GetTimestamp()));

    /// <summary>
    /// The identity of a user: the id; with a key also the second since 1970 at which it expires, and the signature of both.
    /// </summary>
    public string IdentityOf(Guid userId)
    {
        if (key is null)
        {
            return userId.ToString();
        }

        var now = Present() / 1_000;
        var claim = string.Create(CultureInfo.InvariantCulture, $"{userId}.{((now / StepSeconds) * StepSeconds) + LifetimeSeconds}");
        Span<byte> signature = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(key, Encoding.ASCII.GetBytes(claim), signature);
        return $"{claim}.{Convert.ToHexStringLower(signature)}";
    }

    private long Present()
    {
        var host = clock.GetUtcNow().ToUnixTimeMilliseconds();
        if (Volatile.Read(ref learnt) is not { } last)
        {
            return host;
        }

        var elapsed = (long)clock.GetElapsedTime(last.Timestamp).TotalMilliseconds;
        return Math.Abs(host - last.Host - elapsed) > NoiseMilliseconds ? host : last.Server + elapsed;
    }

    private sealed record Learnt(long Server, long Host, long Timestamp);
}
