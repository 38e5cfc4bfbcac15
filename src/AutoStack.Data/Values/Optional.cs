using System.Diagnostics.CodeAnalysis;

namespace AutoStack.Data;

/// <summary>
/// A value of a patch. A value that is given is stored, null included; a value that is left out keeps the stored one. Assign a value to
/// give it; <c>default</c> is left out.
/// </summary>
/// <typeparam name="T">The type of the value.</typeparam>
public readonly struct Optional<T> : IEquatable<Optional<T>>
{
    private readonly T value;

    private Optional(T value) => (this.value, IsGiven) = (value, true);

    /// <summary>True when the value is given.</summary>
    public bool IsGiven { get; }

    /// <summary>The value.</summary>
    /// <exception cref="InvalidOperationException">The value is left out.</exception>
    public T Value => IsGiven ? value : throw new InvalidOperationException("The value is left out.");

    /// <summary>Gives a value.</summary>
    /// <param name="value">The value.</param>
    [SuppressMessage("Usage", "CA2225", Justification = "An assignment is the one way to give a value.")]
    public static implicit operator Optional<T>(T value) => new(value);

    /// <summary>Compares two values; two that are left out are equal.</summary>
    public static bool operator ==(Optional<T> left, Optional<T> right) => left.Equals(right);

    /// <summary>Compares two values; two that are left out are equal.</summary>
    public static bool operator !=(Optional<T> left, Optional<T> right) => !left.Equals(right);

    /// <summary>The value, or <paramref name="other"/> when the value is left out.</summary>
    /// <param name="other">The other value.</param>
    /// <returns>One of the two.</returns>
    public T Or(T other) => IsGiven ? value : other;

    /// <inheritdoc/>
    public bool Equals(Optional<T> other) => IsGiven == other.IsGiven && EqualityComparer<T>.Default.Equals(value, other.value);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Optional<T> other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(IsGiven, value);

    /// <summary>The text of the value.</summary>
    /// <returns>The text; empty for a value that is left out.</returns>
    public override string ToString() => IsGiven ? value?.ToString() ?? "null" : "";
}
