namespace AutoStack.Data.Secrets;

/// <summary>The form of a stored secret, by its first characters, which name the form and the key.</summary>
/// <param name="Form">The form.</param>
/// <param name="KeyId">The id of the key; null for a value that names none.</param>
internal readonly record struct StoredForm(SecretForm Form, string? KeyId)
{
    /// <summary>
    /// The pattern of the first characters of an encrypted value, as a literal of SQL; the rest of the value stays on the server.
    /// </summary>
    internal const string Header = "'^enc:v[0-9]+:[A-Za-z0-9._-]{1,32}:'::text";

    /// <summary>No value begins with it, so that a search for other values finds every row that has one.</summary>
    internal const string NoPrefix = "\u0001";

    /// <summary>Reads the form of a value.</summary>
    /// <param name="header">The value, or its first characters; null for a value in clear.</param>
    /// <param name="hasVersion">Whether there is a version beside the value.</param>
    public static StoredForm Of(string? header, bool hasVersion)
    {
        var parts = header?.Split(':', 4);
        return parts is not ["enc", ['v', ..] version, var key, _]
            ? new(SecretForm.Clear, KeyId: null)
            : new(
                version switch
                {
                    "v2" => hasVersion ? SecretForm.Encrypted : SecretForm.WithoutVersion,
                    "v1" => SecretForm.FirstForm,
                    _ => SecretForm.Unknown,
                },
                key);
    }
}
