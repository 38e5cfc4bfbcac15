namespace AutoStack.Data.Values;

/// <summary>What all text values are made of: a text whose equality ignores case.</summary>
internal readonly struct StoredText(string value) : IEquatable<StoredText>
{
    private readonly string? value = value ?? throw new ArgumentNullException(nameof(value));

    public string Value => value ?? "";

    public bool Equals(StoredText other) => string.Equals(Value, other.Value, StringComparison.OrdinalIgnoreCase);

    public override bool Equals(object? obj) => obj is StoredText other && Equals(other);

    public override int GetHashCode() => StringComparer.OrdinalIgnoreCase.GetHashCode(Value);

    /// <summary>The known value that equals this one, in its own spelling; null when there is none.</summary>
    public static T? FindKnown<T>(T value)
        where T : struct, ITextValue<T>
    {
        // By index: every log line comes this way, and an enumerator of the list would be an object for each.
        var all = T.Known;
        for (var i = 0; i < all.Count; i++)
        {
            if (string.Equals(all[i].Value, value.Value, StringComparison.OrdinalIgnoreCase))
            {
                return all[i];
            }
        }

        return null;
    }
}
