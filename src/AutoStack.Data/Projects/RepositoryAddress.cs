using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using AutoStack.Data.Values;

namespace AutoStack.Data.Projects;

/// <summary>
/// Defines "the same repository": host and path, however the address is spelled. The function <c>assign_repository_key</c> of the database
/// does the same for the rows of every writer; a test compares the two. This type also handles hosts outside ASCII.
/// </summary>
/// <param name="Host">The host in lower case, without user, port and <c>www.</c>; empty when the address does not name a host.</param>
/// <param name="Path">The path in lower case, without <c>.git</c>, query and pages of a host's web site; empty without a path.</param>
internal readonly partial record struct RepositoryAddress(string Host, string Path)
{
    /// <summary>The maximum length of a text to look up, in characters.</summary>
    public const int MaxLength = 1000;

    /// <summary>The form of an address.</summary>
    internal enum AddressForm
    {
        /// <summary><c>owner/name</c>, or a text that is not an address.</summary>
        Bare,

        /// <summary><c>https://host/owner/name</c>.</summary>
        Url,

        /// <summary><c>git@host:owner/name</c>.</summary>
        Scp,

        /// <summary><c>host/owner/name</c>, as browsers show it.</summary>
        Browser,
    }

    /// <summary>The parts of an address: scheme and user, host and port, path.</summary>
    internal readonly record struct Parts(AddressForm Form, string Before, string HostAndPort, string Path);

    /// <summary>Parses an address; never throws, whatever the text.</summary>
    public static RepositoryAddress Of(string text)
    {
        var (_, _, host, path) = Split(Trim(text));
        path = AsciiText.Lower(Trim(Unescape(path)));
        (host, path) = Known(HostName(host), Slashes().Replace(path, "/").Trim('/'));
        path = DotGit().Replace(CutPages(host, path), "", 1);
        return new(host, IsCloud(host) ? path : DataCenter().Replace(path, m => m.Groups[1].Success ? m.Groups[1].Value
            : m.Groups[2].Success ? $"{m.Groups[2].Value}/{m.Groups[3].Value}" : $"~{m.Groups[4].Value}/{m.Groups[5].Value}"));
    }

    /// <summary>Splits a text into its parts, without query and fragment.</summary>
    internal static Parts Split(string text)
    {
        var parts = new Parts(AddressForm.Bare, "", "", text);
        if (WithScheme().Match(text) is { Success: true } url)
        {
            parts = Schemes().IsMatch(url.Groups[1].ValueSpan)
                ? new(AddressForm.Url, url.Groups[1].Value + "://" + url.Groups[2].Value, url.Groups[3].Value, url.Groups[4].Value) : parts;
        }
        else if (ScpLike().Match(text) is { Success: true } scp && (scp.Groups[1].Success || scp.Groups[2].ValueSpan.Contains('.')))
        {
            parts = new(AddressForm.Scp, scp.Groups[1].Value, scp.Groups[2].Value, scp.Groups[3].Value);
        }
        else if (WithoutScheme().Match(text) is { Success: true } browser)
        {
            parts = new(AddressForm.Browser, browser.Groups[1].Value, browser.Groups[2].Value, browser.Groups[3].Value);
        }

        var end = parts.Path.AsSpan().IndexOfAny('?', '#');
        return end < 0 ? parts : parts with { Path = parts.Path[..end] };
    }

    /// <summary>True for a host of a cloud, and for an address without a host: Bitbucket Data Center runs on neither.</summary>
    internal static bool IsCloud(string host) => host is "" or "github.com" or "gitlab.com" or "bitbucket.org" or "dev.azure.com";

    /// <summary>The path without the pages of a host's web site: <c>/tree/main</c>, <c>/-/blob/…</c>, <c>/src/branch/…</c>.</summary>
    internal static string CutPages(string host, string path) =>
        host is "github.com" or "bitbucket.org" ? TwoParts().Replace(path, "$1")
        : host == "dev.azure.com" ? ThreeParts().Replace(path, "$1")
        : Pages().Replace(Dash().Replace(path, "", 1), "", 1);

    /// <summary>The text without white space and invisible characters at both ends.</summary>
    internal static string Trim(string text)
    {
        var (start, end) = (0, text.Length);
        while (start < end && IsBlank(text[start]))
        {
            start++;
        }

        while (end > start && IsBlank(text[end - 1]))
        {
            end--;
        }

        return text[start..end];
    }

    /// <summary>True for white space, control characters and invisible characters.</summary>
    internal static bool IsBlank(char c) =>
        c is <= ' ' or (>= '\u007f' and <= '\u00a0') or '\u00ad' or '\u1680' or '\u180e' or (>= '\u2000' and <= '\u200f')
            or (>= '\u2028' and <= '\u202f')
            or (>= '\u205f' and <= '\u206f') or '\u3000' or '\ufeff';

    /// <summary>A host without port and <c>www.</c>, in lower case and ASCII.</summary>
    internal static string HostName(string host)
    {
        var name = AsciiText.Lower(Port().Replace(host, "$1", 1)).TrimEnd('.');
        name = name.StartsWith("www.", StringComparison.Ordinal) ? name[4..] : name;
        return Ascii(name);
    }

    /// <summary>Checks and normalises a host given by a caller; empty for null or blank.</summary>
    /// <exception cref="ArgumentException">The text is not a host.</exception>
    internal static string CheckHost(string? host, string name)
    {
        var own = Trim(host ?? "");
        return own.AsSpan().IndexOfAny('/', '@', ' ') < 0 && (own.Length == 0 || HostName(own).Length > 0)
            ? HostName(own)
            : throw new ArgumentException($"{name} is a host without scheme, user and path, for example git.example.com.", name);
    }

    // Not by IdnMapping: its result depends on the machine's version of ICU, and without ICU it maps nothing; a key must not depend on the
    // machine. A name that is not a domain, or has a letter with another spelling (full width, decomposed), stays unchanged.
    private static string Ascii(string host)
    {
        if (System.Text.Ascii.IsValid(host))
        {
            return host;
        }

        var labels = host.ToLowerInvariant().Split(['.', '\u3002']);
        for (var i = 0; i < labels.Length; i++)
        {
            var isAscii = System.Text.Ascii.IsValid(labels[i]);
            if (labels[i].Length is 0 or > AsciiText.MaxLabelLength
                || (!isAscii && (labels[i].StartsWith(AsciiText.EncodedPrefix, StringComparison.Ordinal)
                    || !labels[i].EnumerateRunes().All(IsOfLabel))))
            {
                return host;
            }

            labels[i] = AsciiText.OfLabel(labels[i]);
        }

        return string.Join('.', labels);
    }

    private static bool IsOfLabel(Rune rune) =>
        rune.Value == '-' || (!IsRespelled(rune.Value) && (Rune.IsLetterOrDigit(rune)
            || Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark));

    // Combining accents, parts of Hangul, and compatibility blocks: other spellings of the same letters.
    private static bool IsRespelled(int value) =>
        value is (>= 0x0300 and <= 0x036F) or (>= 0x1100 and <= 0x11FF) or (>= 0x2100 and <= 0x214F) or (>= 0xF900 and <= 0xFFFF)
            or (>= 0x1D400 and <= 0x1D7FF) or (>= 0x2F800 and <= 0x2FA1F);

    // SSH over port 443 has separate host names; Azure DevOps has two names and three forms of a path.
    private static (string Host, string Path) Known(string host, string path)
    {
        host = host switch
        {
            "ssh.github.com" => "github.com",
            "altssh.gitlab.com" => "gitlab.com",
            "altssh.bitbucket.org" => "bitbucket.org",
            "ssh.dev.azure.com" or "vs-ssh.visualstudio.com" => "dev.azure.com",
            _ => host,
        };
        if (VisualStudio().Match(host) is { Success: true } old)
        {
            (host, path) = ("dev.azure.com", $"{old.Groups[1].Value}/{path}");
        }

        if (host == "dev.azure.com")
        {
            path = AzureVersion().Replace(path, "", 1);
            path = AzureCollection().Replace(path, "$1/", 1);
            path = AzureShort().Replace(path, "$1/$2/$2", 1).Replace("/_git/", "/", StringComparison.Ordinal);
        }

        return (host, path);
    }

    /// <summary>True when the path has escapes that are not UTF-8, so that its meaning is unknown.</summary>
    internal static bool HasBrokenEscapes(string path) => Escape().IsMatch(path) && ReferenceEquals(Unescape(path), path);

    // Like the database: decodes all escapes, or none when they are not UTF-8.
    private static string Unescape(string path)
    {
        if (!Escape().IsMatch(path))
        {
            return path;
        }

        var bytes = new List<byte>(path.Length);
        foreach (Match part in EscapesAndRest().Matches(path))
        {
            if (part.Length == 3 && part.Value[0] == '%'
                && byte.TryParse(part.ValueSpan[1..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value))
            {
                bytes.Add(value);
            }
            else
            {
                bytes.AddRange(System.Text.Encoding.UTF8.GetBytes(part.Value));
            }
        }

        var decoded = bytes.ToArray();
        return System.Text.Unicode.Utf8.IsValid(decoded) && !decoded.Contains((byte)0)
            ? System.Text.Encoding.UTF8.GetString(decoded) : path;
    }

    [GeneratedRegex(@"^([a-zA-Z][a-zA-Z0-9+.\-]*)://([^/]*@)?([^/]*)(.*)\z", RegexOptions.Singleline | RegexOptions.CultureInvariant)]
    private static partial Regex WithScheme();

    [GeneratedRegex(@"^(?:https?|ssh|git|git\+ssh|ssh\+git|git\+https?|ftps?)\z", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Schemes();

    [GeneratedRegex(@"^([^/]*@)?(\[[^\]/]*\]|[^/:@\[\]]+):(?!//)(.*)\z", RegexOptions.Singleline | RegexOptions.CultureInvariant)]
    private static partial Regex ScpLike();

    [GeneratedRegex(
        @"^([^/]*@)?([a-zA-Z0-9\-]+(?:\.[a-zA-Z0-9\-]+)+)/+([^/]+/+[^/].*)\z",
        RegexOptions.Singleline | RegexOptions.CultureInvariant)]
    private static partial Regex WithoutScheme();

    [GeneratedRegex(@"^(\[[^\]]*\]|[^:]*).*\z", RegexOptions.Singleline | RegexOptions.CultureInvariant)]
    private static partial Regex Port();

    [GeneratedRegex("/+", RegexOptions.CultureInvariant)]
    private static partial Regex Slashes();

    [GeneratedRegex("%[0-9a-fA-F]{2}", RegexOptions.CultureInvariant)]
    private static partial Regex Escape();

    [GeneratedRegex("%[0-9a-fA-F]{2}|[^%]+|%", RegexOptions.CultureInvariant)]
    private static partial Regex EscapesAndRest();

    [GeneratedRegex(@"^([^./]+)\.visualstudio\.com\z", RegexOptions.CultureInvariant)]
    private static partial Regex VisualStudio();

    [GeneratedRegex("^v3/", RegexOptions.CultureInvariant)]
    private static partial Regex AzureVersion();

    [GeneratedRegex("^([^/]+)/defaultcollection/", RegexOptions.CultureInvariant)]
    private static partial Regex AzureCollection();

    [GeneratedRegex("^([^/]+)/_git/([^/]+)", RegexOptions.CultureInvariant)]
    private static partial Regex AzureShort();

    [GeneratedRegex(@"^([^/]+/[^/]+)/.*\z", RegexOptions.Singleline | RegexOptions.CultureInvariant)]
    private static partial Regex TwoParts();

    [GeneratedRegex(@"^([^/]+/[^/]+/[^/]+)/.*\z", RegexOptions.Singleline | RegexOptions.CultureInvariant)]
    private static partial Regex ThreeParts();

    [GeneratedRegex(@"/-(?:/.*)?\z", RegexOptions.Singleline | RegexOptions.CultureInvariant)]
    private static partial Regex Dash();

    [GeneratedRegex(
        @"(?<=[^/]/[^/]+)/(?:tree|blob|raw|commits|src/(?:branch|commit|tag))/.*\z",
        RegexOptions.Singleline | RegexOptions.CultureInvariant)]
    private static partial Regex Pages();

    [GeneratedRegex(@"/*(?:\.git)?/*\z", RegexOptions.CultureInvariant)]
    private static partial Regex DotGit();

    [GeneratedRegex(
        @"^(?:(?:bitbucket|stash)/)?(?:scm/([^/]+/[^/]+)|projects/([^/]+)/repos/([^/]+)(?:/.*)?|users/([^/]+)/repos/([^/]+)(?:/.*)?)\z",
        RegexOptions.Singleline | RegexOptions.CultureInvariant)]
    private static partial Regex DataCenter();
}
