namespace AutoStack.Data.Internal;

/// <summary>E-mail addresses as they are compared: without surrounding space, A to Z as a to z, every other letter as it is.</summary>
/// <remarks>
/// The other side is <c>lower(email COLLATE "C")</c>, which folds the same letters whatever the locale of the database. Folding more would make one
/// address of two: U+212A, the Kelvin sign, in lower case is a plain k.
/// </remarks>
internal static class EmailAddress
{
    /// <summary>The address as it is stored and compared.</summary>
    public static string Fold(string address)
    {
        var trimmed = address.Trim();
        return string.Create(trimmed.Length, trimmed, static (target, source) =>
        {
            for (var i = 0; i < source.Length; i++)
            {
                target[i] = char.IsAsciiLetterUpper(source[i]) ? (char)(source[i] | 0x20) : source[i];
            }
        });
    }
}
