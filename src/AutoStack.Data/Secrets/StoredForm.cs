using System.Buffers.Text;
using System.Text.RegularExpressions;

namespace AutoStack.Data.Secrets;

/// <summary>The form of a stored secret, by its first characters, which name the form and the key.</summary>
/// <param name="Form">The form.</param>
/// <param name="KeyId">The id of the key; null for a value that names none.</param>
internal readonly partial record struct StoredForm(SecretForm Form, string? KeyId)
{
    /// <summary>
    /// The pattern of the first characters of an encrypted value, as a literal of SQL; the rest of the value stays on the server.
    /// </summary>
    internal const string Header = $"'{Pattern}'::text";

    /// <summary>The first characters of every value that this version writes.</summary>
    internal const string Prefix = "enc:v2:";

    private const string Pattern = "^enc:v[0-9]+:[A-Za-z0-9._-]{1,32}:";

    /// <summary>No value begins with it, so that a search for other values finds every row that has one.</summary>
    internal const string NoPrefix = "\u0001";

    /// <summary>
    /// Whether the library wrote a value, as far as can be told without its key: it has a version, and is long enough. A text that another
    /// program stores in clear may begin like an encrypted value.
    /// </summary>
    public static bool IsWhole(StoredSecret stored) =>
        stored is { Value: { } value, Version: not null }
        && value.Split(':', 4) is ["enc", "v2", _, var sealedValue]
        && Base64Url.IsValid(sealedValue, out var bytes)
        && bytes >= SecretProtector.NonceBytes + SecretProtector.TagBytes;

    /// <summary>Reads the form of a value.</summary>
    /// <param name="header">The value, or its first characters; null for a value in clear.</param>
    /// <param name="hasVersion">Whether there is a version beside the value.</param>
    public static StoredForm Of(string? header, bool hasVersion)
    {
        if (header is null || !Encrypted().IsMatch(header))
        {
            return new(SecretForm.Clear, KeyId: null);
        }

        var parts = header.Split(':', 4);
        return new(
            parts[1] switch
            {
                "v2" => hasVersion ? SecretForm.Encrypted : SecretForm.WithoutVersion,
                "v1" => SecretForm.FirstForm,
                _ => SecretForm.Unknown,
            },
            parts[2]);
    }

    // A text of another form there may be a part of a value in clear, and is never shown.
    [GeneratedRegex(Pattern, RegexOptions.CultureInvariant)]
    private static partial Regex Encrypted();
}
