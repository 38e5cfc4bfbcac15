namespace AutoStack.Data.Security;

/// <summary>A value that is stored encrypted. Prints <c>[redacted]</c>, also inside records.</summary>
public sealed class Secret
{
    private readonly string value;

    private Secret(string value) => this.value = value;

    /// <summary>Wraps a clear value.</summary>
    /// <param name="value">The value.</param>
    /// <returns>The secret.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="value"/> is null.</exception>
    public static Secret From(string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        return new Secret(value);
    }

    /// <summary>The clear value.</summary>
    /// <returns>The text.</returns>
    public string Reveal() => value;

    /// <summary>Nothing of the value.</summary>
    /// <returns><c>[redacted]</c>.</returns>
    public override string ToString() => "[redacted]";
}
