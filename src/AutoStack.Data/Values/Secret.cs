using System.ComponentModel;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace AutoStack.Data;

/// <summary>
/// A value that must not be shown: one that is stored encrypted, or a setting. Prints <c>[redacted]</c>, also inside records, and
/// serializes to nothing of the value. It binds from configuration like a text.
/// </summary>
[DebuggerDisplay("[redacted]")]
[TypeConverter(typeof(FromText))]
public sealed class Secret
{
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    private readonly string value;

    private Secret(string value) => this.value = value;

    /// <summary>Wraps a clear value, so that a setting can be assigned a text. There is no conversion back.</summary>
    /// <param name="value">The value.</param>
    /// <returns>The secret; null for null.</returns>
    [return: NotNullIfNotNull(nameof(value))]
    public static implicit operator Secret?(string? value) => value is null ? null : new Secret(value);

    /// <summary>Appends a text, such as another setting of a connection string.</summary>
    /// <param name="left">The secret; null for none.</param>
    /// <param name="right">The text; null for none.</param>
    /// <returns>The secret of both.</returns>
    public static Secret operator +(Secret? left, string? right) => new(left?.value + right);

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

    // What configuration is bound with. The base class converts to a text by ToString.
    private sealed class FromText : TypeConverter
    {
        public override bool CanConvertFrom(ITypeDescriptorContext? context, Type sourceType) =>
            sourceType == typeof(string) || base.CanConvertFrom(context, sourceType);

        public override object? ConvertFrom(ITypeDescriptorContext? context, CultureInfo? culture, object value) =>
            value is string text ? new Secret(text) : base.ConvertFrom(context, culture, value);
    }
}
