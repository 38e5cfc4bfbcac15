using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using AutoStack.Data.Values;

namespace AutoStack.Data.Webhooks;

/// <summary>
/// Edits a body before it is stored and after it is read: replaces values that would cost the server or its readers too much, and secrets
/// that providers are known to send. All other bytes are copied, in one pass.
/// </summary>
internal static class WebhookBody
{
    /// <summary>Replaces a value that is nested deeper than <see cref="IWebhookPayloadRepository.MaxDepth"/>.</summary>
    public const string TooDeep = "[nested too deeply]";

    // The maximum growth of all numbers together when their exponents are written out.
    private const int MaxGrowth = 1024 * 1024;

    /// <summary>
    /// Returns the body to store. A body that is too long, or has too many values, is replaced by an object with the reason.
    /// </summary>
    /// <exception cref="ArgumentException">The body is missing.</exception>
    public static byte[] ToStore(JsonElement body, string name)
    {
        var text = JsonText.Clean(body, name);
        return text.Length > IWebhookPayloadRepository.MaxPayloadBytes
            ? Refused($"The body is {text.Length} bytes long; at most {IWebhookPayloadRepository.MaxPayloadBytes} are stored.")
            : Edit(text, bound: true)
                ?? Refused($"The body has more than {IWebhookPayloadRepository.MaxValues} values.");
    }

    /// <summary>Returns a stored body to show: rows of other writers contain secrets in clear, and escapes without a text.</summary>
    public static JsonElement Shown(JsonElement stored) =>
        JsonElement.Parse(Edit(JsonText.Clean(stored, nameof(stored)), bound: false)!, JsonText.Options);

    private static byte[] Refused(string reason) =>
        JsonText.Object([new("not_stored", reason)]);

    // The text with its replacements; null when the text has too many values.
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
                // A text is stored as long as it is written, and still readable.
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
