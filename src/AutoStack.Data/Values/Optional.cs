namespace AutoStack.Data;

/// <summary>
/// A value of a patch: given, and then perhaps null, or left out, so that what is stored stays. <c>default</c> is left out.
/// </summary>
/// <typeparam name="T">The type of the value.</typeparam>
/// <param name="Value">The value.</param>
public readonly record struct Optional<T>(T Value)
{
    /// <summary>True when the value is given.</summary>
    public bool IsGiven { get; } = true;

    /// <summary>Gives a value.</summary>
    /// <param name="value">The value.</param>
    public static implicit operator Optional<T>(T value) => new(value);
}
