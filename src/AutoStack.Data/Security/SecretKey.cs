namespace AutoStack.Data.Security;

/// <summary>A key that secrets are encrypted with.</summary>
public sealed class SecretKey
{
    /// <summary>The name of the key, which stands in every value it encrypted: 1 to 32 of <c>a–z A–Z 0–9 . _ -</c>. Never used for another key again.</summary>
    public string Id { get; set; } = "";

    /// <summary>The key itself: 32 bytes in base64, for example from <c>openssl rand -base64 32</c>.</summary>
    public string Secret { get; set; } = "";

    /// <summary>Nothing of the key.</summary>
    /// <returns>The id.</returns>
    public override string ToString() => Id;
}
