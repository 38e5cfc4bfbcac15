using System.Diagnostics;

namespace AutoStack.Data.Accounts;

/// <summary>The bcrypt hash of a password, as it is stored. Prints <c>[redacted]</c>.</summary>
[DebuggerDisplay("[redacted]")]
public sealed class PasswordHash
{
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    private readonly string value;

    private PasswordHash(string value) => this.value = value;

    /// <summary>Wraps a stored hash, unchecked.</summary>
    /// <param name="value">The hash, for example <c>$2b$12$…</c>, up to 255 characters.</param>
    /// <returns>The hash.</returns>
    /// <exception cref="ArgumentException"><paramref name="value"/> is null or blank.</exception>
    public static PasswordHash From(string value)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(value);
        return new PasswordHash(value);
    }

    /// <summary>Returns the hash.</summary>
    /// <returns>The text.</returns>
    public string Reveal() => value;

    /// <summary>Hides the hash.</summary>
    /// <returns><c>[redacted]</c>.</returns>
    public override string ToString() => "[redacted]";
}
