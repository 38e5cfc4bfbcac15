using System.Text.Json;
using System.Text.Json.Serialization;

namespace AutoStack.Data;

/// <summary>
/// Converts a value with one text, such as a <see cref="Cursor"/>, to JSON. Each such value names its converter; it is public for the
/// serializers that the compiler generates in other assemblies.
/// </summary>
/// <typeparam name="T">The value.</typeparam>
public sealed class ParsableConverter<T> : JsonConverter<T>
    where T : IParsable<T>
{
    /// <inheritdoc/>
    public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String && T.TryParse(reader.GetString(), null, out var value)
            ? value
            : throw new JsonException($"The value is not a {typeof(T).Name}.");

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(value);
        writer.WriteStringValue(value.ToString());
    }
}
