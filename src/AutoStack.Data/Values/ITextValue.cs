namespace AutoStack.Data;

/// <summary>
/// A value that is stored as text, from a set that may grow. Whatever a row holds reads back letter by letter; only values that this
/// library knows can be written. Equality ignores case.
/// </summary>
/// <typeparam name="TSelf">The value type itself.</typeparam>
public interface ITextValue<TSelf>
    where TSelf : struct, ITextValue<TSelf>
{
    /// <summary>The values that can be written, in their natural order.</summary>
    static abstract IReadOnlyList<TSelf> Known { get; }

    /// <summary>The text as it is stored; empty for <c>default</c>.</summary>
    string Value { get; }

    /// <summary>True when <see cref="Known"/> has the value, in whatever case it is spelt.</summary>
    bool IsKnown { get; }

    /// <summary>The value with that text, known or not.</summary>
    /// <param name="value">Any text.</param>
    /// <returns>The value.</returns>
    static abstract TSelf From(string value);
}
