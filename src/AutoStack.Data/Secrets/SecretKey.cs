namespace AutoStack.Data;

/// <summary>A key that encrypts secrets. It prints and serializes as its id only.</summary>
public sealed class SecretKey
{
    /// <summary>
    /// The key's id, 1 to 32 of <c>a–z A–Z 0–9 . _ -</c>; it is stored in every value the key encrypts. Never reuse an id.
    /// </summary>
    public string Id { get; set; } = "";

    /// <summary>The key: 32 bytes in base64, for example from <c>openssl rand -base64 32</c>.</summary>
    public Secret? Secret { get; set; }

    /// <summary>Returns the id, and hides the key.</summary>
    /// <returns>The id.</returns>
    public override string ToString() => Id;
}
