using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using AutoStack.Data.Values;

namespace AutoStack.Data.Webhooks;

/// <summary>
/// A body on its way into the table and out of it: what would cost the server or its readers too much is replaced, and so are secrets
/// that providers are known
/// to send. Everything else is copied byte by byte, in one pass.
/// </summary>
internal static class WebhookBody
{
    /// <summary>Stands where a value is nested deeper than <see cref="IWebhookPayloadRepository.MaxDepth"/>.</summary>
    public const string TooDeep = "[nested too deeply]";

    // By which numbers may grow together when their exponents are written out.
    private const int MaxGrowth = 1024 * 1024;

    /// <summary>
    /// The body as it is stored. One that is too long, or has too many values, is replaced as a whole by an object with the reason.
    /// </summary>
    /// <exception cref="ArgumentException">There is no body.</exception>
    public static byte[] ToStore(JsonElement body, string name)
    {
        var text = JsonText.Clean(body, name);
        return text.Length > IWebhookPayloadRepository.MaxPayloadBytes
            ? Refused($"The body is {text.Length} bytes long; at most {IWebhookPayloadRepository.MaxPayloadBytes} are stored.")
            : Edit(text, bound: true)
                ?? Refused($"The body has more than {IWebhookPayloadRepository.MaxValues} values.");
    }

    /// <summary>A stored body as it may be shown: rows of other writers hold secrets in clear, and escapes that have no text.</summary>
    public static JsonElement Shown(JsonElement stored) =>
        JsonElement.Parse(Edit(JsonText.Clean(stored, nameof(stored)), bound: false)!, JsonText.Options);

    private static byte[] Refused(string reason) =>
        JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, string> { ["not_stored"] = reason });

    // The text with its replacements; null when it has too many values.
    private static byte[]? Edit(byte[] text, bool bound)
    {
        var reader = new Utf8JsonReader(text, new JsonReaderOptions { MaxDepth = int.MaxValue });
        var secrets = new BodySecrets();
        ArrayBufferWriter<byte>? result = null;
        var (copied, values, growth) = (0, 0, 0L);
        while (reader.Read())
        {
            var start = (int)reader.TokenStartIndex;
            if (reader.TokenType is JsonTokenType.PropertyName)
            {
                secrets.EnterProperty(ref reader);
                continue;
            }

            if (reader.TokenType is JsonTokenType.EndObject or JsonTokenType.EndArray)
            {
                secrets.Leave();
                continue;
            }

            if (bound && ++values > IWebhookPayloadRepository.MaxValues)
            {
                return null;
            }

            if (reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray)
            {
                if (!bound || reader.CurrentDepth < IWebhookPayloadRepository.MaxDepth)
                {
                    secrets.Enter(isArray: reader.TokenType is JsonTokenType.StartArray);
                }
                else
                {
                    reader.Skip();
                    Replace(TooDeep, (int)reader.BytesConsumed);
                }
            }
            else if (secrets.IsSecret(ref reader))
            {
                Replace(UrlSecrets.Redacted, (int)reader.BytesConsumed);
            }
            else if (reader.TokenType is JsonTokenType.Number)
            {
                // As a text it is as long as it is written, and its meaning can be read.
                var length = bound ? JsonNumber.WrittenOut(reader.ValueSpan) : 0;
                var grown = Math.Max(length - reader.ValueSpan.Length, 0);
                if (length > JsonNumber.MaxLength || growth + grown > MaxGrowth)
                {
                    Replace(Encoding.ASCII.GetString(reader.ValueSpan), (int)reader.BytesConsumed);
                }
                else
                {
                    growth += grown;
                }
            }
            else if (reader.TokenType is JsonTokenType.String && reader.ValueSpan.ContainsAny((byte)'@', (byte)'=', (byte)'\\'))
            {
                var value = reader.GetString()!;
                if (UrlSecrets.Mask(value) is var masked && !ReferenceEquals(masked, value) && masked != value)
                {
                    Replace(masked, (int)reader.BytesConsumed);
                }
            }

            void Replace(string value, int end)
            {
                result ??= new ArrayBufferWriter<byte>(text.Length);
                result.Write(text.AsSpan(copied, start - copied));
                result.Write("\""u8);
                result.Write(JsonEncodedText.Encode(value, JavaScriptEncoder.UnsafeRelaxedJsonEscaping).EncodedUtf8Bytes);
                result.Write("\""u8);
                copied = end;
            }
        }

        if (result is null)
        {
            return text;
        }

        result.Write(text.AsSpan(copied));
        return result.WrittenSpan.ToArray();
    }
}
