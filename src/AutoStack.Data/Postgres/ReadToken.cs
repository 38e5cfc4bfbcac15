using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json.Serialization;

namespace AutoStack.Data;

/// <summary>
/// What a read on a standby must see: a transaction, or a position of the write-ahead log. The text is what PostgreSQL prints for
/// <c>pg_current_xact_id()</c> (<c>7421</c>) or <c>pg_current_wal_lsn()</c> (<c>16/B374D848</c>), and travels in a header, a cookie or
/// JSON. It holds no secret and grants no access. <c>default</c> is <see cref="None"/>, whose text is <c>0</c>.
/// </summary>
/// <remarks>
/// A position must be read after the commit: a position from inside the transaction precedes its commit, so that a standby may have
/// reached it without the transaction. A token belongs to one database cluster; in another one it costs a wait and has no meaning.
/// </remarks>
[JsonConverter(typeof(ParsableConverter<ReadToken>))]
public readonly struct ReadToken : IEquatable<ReadToken>, IParsable<ReadToken>
{
    private readonly ulong number;

    private ReadToken(ulong number, bool isPosition) => (this.number, IsPosition) = (number, isPosition);

    /// <summary>Every standby satisfies this token.</summary>
    public static ReadToken None => default;

    /// <summary>Whether the token is a position of the write-ahead log, and not a transaction.</summary>
    internal bool IsPosition { get; }

    /// <summary>Compares two tokens.</summary>
    public static bool operator ==(ReadToken left, ReadToken right) => left.Equals(right);

    /// <summary>Compares two tokens.</summary>
    public static bool operator !=(ReadToken left, ReadToken right) => !left.Equals(right);

    /// <summary>Reads the text of <see cref="ToString"/>.</summary>
    /// <param name="s">The text.</param>
    /// <param name="provider">Ignored: the text is the same in every culture.</param>
    /// <returns>The token.</returns>
    /// <exception cref="FormatException"><paramref name="s"/> is not the text of a token.</exception>
    public static ReadToken Parse(string s, IFormatProvider? provider = null) =>
        TryParse(s, provider, out var token) ? token : throw new FormatException("The text is not a read token.");

    /// <summary>Reads the text of <see cref="ToString"/>.</summary>
    /// <param name="s">The text.</param>
    /// <param name="result">The token; <see cref="None"/> when the text is not one.</param>
    /// <returns>False when <paramref name="s"/> is null or not the text of a token.</returns>
    public static bool TryParse([NotNullWhen(true)] string? s, out ReadToken result) => TryParse(s, null, out result);

    /// <summary>Reads the text of <see cref="ToString"/>.</summary>
    /// <param name="s">The text.</param>
    /// <param name="provider">Ignored: the text is the same in every culture.</param>
    /// <param name="result">The token; <see cref="None"/> when the text is not one.</param>
    /// <returns>False when <paramref name="s"/> is null or not the text of a token.</returns>
    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out ReadToken result)
    {
        const NumberStyles Digits = NumberStyles.None;
        var parts = s?.Length <= 20 ? s.Split('/') : [];
        result = parts switch
        {
            [var text] when ulong.TryParse(text, Digits, CultureInfo.InvariantCulture, out var transaction) => new(transaction, false),
            [var high, var low] when TryParseHalf(high, out var first) && TryParseHalf(low, out var second) =>
                new(((ulong)first << 32) | second, true),
            _ => None,
        };

        // A token has one text, as PostgreSQL prints it.
        if (result.ToString() == s)
        {
            return true;
        }

        result = None;
        return false;

        static bool TryParseHalf(string text, out uint half) =>
            uint.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out half);
    }

    /// <summary>The text, of digits, capital letters and a slash; at most 20 characters.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => IsPosition
        ? string.Create(CultureInfo.InvariantCulture, $"{number >> 32:X}/{(uint)number:X}")
        : number.ToString(CultureInfo.InvariantCulture);

    /// <inheritdoc/>
    public bool Equals(ReadToken other) => number == other.number && IsPosition == other.IsPosition;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is ReadToken other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(number, IsPosition);
}
