using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace AutoStack.Data.Values;

/// <summary>JSON on its way into PostgreSQL, which stores neither an escaped U+0000 nor an escaped half of a surrogate pair.</summary>
internal static class JsonText
{
    private static readonly JsonReaderOptions Lenient = new()
    {
        MaxDepth = int.MaxValue,
        CommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true
    };

    /// <summary>For reading what was cleaned, or stored by whomever.</summary>
    public static JsonDocumentOptions Options { get; } = new() { MaxDepth = int.MaxValue };

    /// <summary>
    /// The text as UTF-8 and strict JSON of any size and depth, each escape that cannot be stored replaced by that of U+FFFD.
    /// </summary>
    /// <exception cref="ArgumentException">There is no value.</exception>
    public static byte[] Clean(JsonElement element, string name)
    {
        if (element.ValueKind == JsonValueKind.Undefined)
        {
            throw new ArgumentException($"{name} holds no JSON.", name);
        }

        // A document made of bytes was never asked whether they are UTF-8.
        var raw = JsonMarshal.GetRawUtf8Value(element);
        var text = Utf8.IsValid(raw) ? raw.ToArray() : Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(raw));
        text = IsStrict(text) ? text : ToStrict(text);
        ReplaceEscapes(text);
        return text;
    }

    /// <summary>An object of texts. A serializer would need types at run time that trimming removes.</summary>
    public static byte[] Object(IEnumerable<KeyValuePair<string, string>> members)
    {
        var text = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(text))
        {
            writer.WriteStartObject();
            foreach (var (name, value) in members)
            {
                writer.WriteString(name, value);
            }

            writer.WriteEndObject();
        }

        return text.WrittenSpan.ToArray();
    }

    // An element keeps the text it was read from, and its reader may have been more lenient than the server is.
    private static bool IsStrict(ReadOnlySpan<byte> text)
    {
        try
        {
            var reader = new Utf8JsonReader(text, new JsonReaderOptions { MaxDepth = int.MaxValue });
            while (reader.Read())
            {
            }

            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    // Copies each token as it is written. A comment may contain a backslash, so that the escapes are replaced afterwards; Utf8JsonWriter
    // would refuse an unpaired one before.
    private static byte[] ToStrict(ReadOnlySpan<byte> text)
    {
        var reader = new Utf8JsonReader(text, Lenient);
        var strict = new ArrayBufferWriter<byte>(text.Length);
        var isFirst = true;
        while (reader.Read())
        {
            if (!isFirst && reader.TokenType is not (JsonTokenType.EndObject or JsonTokenType.EndArray))
            {
                strict.Write(","u8);
            }

            var isText = reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName;
            strict.Write(isText ? "\""u8 : []);
            strict.Write(reader.ValueSpan);
            strict.Write(isText ? "\""u8 : []);
            if (reader.TokenType is JsonTokenType.PropertyName)
            {
                strict.Write(":"u8);
            }

            isFirst = reader.TokenType is JsonTokenType.PropertyName or JsonTokenType.StartObject or JsonTokenType.StartArray;
        }

        return strict.WrittenSpan.ToArray();
    }

    // Of strict JSON, where a backslash stands only inside a string, and the character behind it belongs to it: so of a run of backslashes
    // only an odd one at the end begins a \u, with four digits behind it.
    private static void ReplaceEscapes(Span<byte> text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] != '\\')
            {
                var next = text[i..].IndexOf((byte)'\\');
                if (next < 0)
                {
                    return;
                }

                i += next;
            }

            if (text[++i] != 'u')
            {
                continue;
            }

            var unit = Unit(text[(i + 1)..]);
            if (char.IsHighSurrogate(unit) && text[(i + 5)..] is [(byte)'\\', (byte)'u', .. var second]
                && char.IsLowSurrogate(Unit(second)))
            {
                i += 10;
                continue;
            }

            if (unit == '\0' || char.IsSurrogate(unit))
            {
                "fffd"u8.CopyTo(text[(i + 1)..]);
            }

            i += 4;
        }
    }

    private static char Unit(ReadOnlySpan<byte> digits) =>
        (char)((Digit(digits[0]) << 12) | (Digit(digits[1]) << 8) | (Digit(digits[2]) << 4) | Digit(digits[3]));

    private static int Digit(byte digit) => digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10;
}
