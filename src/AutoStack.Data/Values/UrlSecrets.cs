using System.Text.RegularExpressions;

namespace AutoStack.Data.Values;

/// <summary>
/// Secrets in addresses: a password or token before the host, and the value of a query parameter such as <c>access_token</c>.
/// </summary>
internal static partial class UrlSecrets
{
    /// <summary>Stands where a secret was.</summary>
    public const string Redacted = "[redacted]";

    private const string Scheme = "://";

    // What ends the part of an address that names user and host, in an address and in the text around it.
    private static readonly System.Buffers.SearchValues<char> EndOfAuthority = System.Buffers.SearchValues.Create("/\\?# \t\r\n\"'<>()");

    private static readonly System.Buffers.SearchValues<char> EndOfValue = System.Buffers.SearchValues.Create(
        "&;#\"'<>\\ \t\r\n\f\v\u0085\u00a0\u2028\u2029");

    // What a name ends with, and whole names, whose value is secret.
    private static readonly string[] SecretEndings =
    [
        "token", "secret", "password", "passwd", "signature", "credential", "api_key", "apikey", "access_key", "accesskey", "private_key",
        "privatekey",
    ];

    private static readonly string[] SecretNames = ["sig", "jwt", "pwd", "awsaccesskeyid"];

    /// <summary>The text with each such secret replaced; the same instance when it has none.</summary>
    public static string Mask(string text)
    {
        var masked = text.Contains(Scheme, StringComparison.Ordinal) ? MaskUsers(text) : text;
        return masked.Contains('=', StringComparison.Ordinal) ? MaskParameters(masked) : masked;
    }

    /// <summary>True when what stands before the host holds a password, or is itself a token.</summary>
    public static bool IsSecret(ReadOnlySpan<char> userInfo)
    {
        var colon = userInfo.IndexOf(':');
        return colon >= 0 ? colon < userInfo.Length - 1 || IsToken(userInfo[..colon]) : IsToken(userInfo);
    }

    // Hosts give tokens a prefix; older ones are 20 characters and more, letters and digits mixed, as no user's name is. The ids of SSH
    // keys at AWS
    // are public.
    private static bool IsToken(ReadOnlySpan<char> user) =>
        TokenPrefix().IsMatch(user)
        || (user.Length >= 20 && user.ContainsAnyInRange('0', '9') && LongWord().IsMatch(user) && !user.StartsWith("APKA"));

    [GeneratedRegex("^(?:gh[a-z]_|github_pat_|gl[a-z]{1,6}-|AT[A-Z]{2}[A-Za-z0-9])", RegexOptions.CultureInvariant)]
    private static partial Regex TokenPrefix();

    [GeneratedRegex(@"^[A-Za-z0-9_\-]*[A-Za-z][A-Za-z0-9_\-]*\z", RegexOptions.CultureInvariant)]
    private static partial Regex LongWord();

    // By hand, since the text comes from outside and may be 25 MiB long: each character is read a bounded number of times, and nothing is
    // kept.
    private static string MaskParameters(string text)
    {
        var result = new System.Text.StringBuilder();
        var copied = 0;
        for (var equals = text.IndexOf('=', StringComparison.Ordinal); equals >= 0;)
        {
            // A name has no '=', so that no character is read backwards twice.
            var start = equals;
            while (start > copied && (char.IsAsciiLetterOrDigit(text[start - 1]) || text[start - 1] is '_' or '.' or '-'))
            {
                start--;
            }

            var next = equals + 1;
            if (start > 0 && (text[start - 1] is '?' or '&' or ';' or '#') && IsSecretName(text.AsSpan(start, equals - start)))
            {
                var length = text.AsSpan(next).IndexOfAny(EndOfValue);
                var end = length < 0 ? text.Length : next + length;
                if (end > next)
                {
                    result.Append(text, copied, next - copied).Append(Redacted);
                    copied = next = end;
                }
            }

            equals = text.IndexOf('=', next);
        }

        return copied == 0 ? text : result.Append(text, copied, text.Length - copied).ToString();
    }

    private static bool IsSecretName(ReadOnlySpan<char> name)
    {
        foreach (var ending in SecretEndings)
        {
            if (name.EndsWith(ending, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        foreach (var whole in SecretNames)
        {
            if (name.Equals(whole, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }

    private static string MaskUsers(string text)
    {
        var result = new System.Text.StringBuilder();
        var copied = 0;
        for (var at = text.IndexOf(Scheme, StringComparison.Ordinal); at >= 0; at = text.IndexOf(Scheme, at, StringComparison.Ordinal))
        {
            at += Scheme.Length;
            var length = text.AsSpan(at).IndexOfAny(EndOfAuthority);
            var user = text.AsSpan(at, length < 0 ? text.Length - at : length);
            var end = user.LastIndexOf('@');
            if (end > 0 && IsSecret(user[..end]))
            {
                result.Append(text, copied, at - copied).Append(Redacted);
                copied = at + end;
            }

            // Goes on after it, so that each character is read once.
            at += Math.Max(end, 0);
        }

        return copied == 0 ? text : result.Append(text, copied, text.Length - copied).ToString();
    }
}
