using System.Text;
using System.Text.RegularExpressions;
using AutoStack.Data.Values;

namespace AutoStack.Data.Projects;

/// <summary>The text of <c>projects.repository</c>: checks texts to store, and redacts texts that other writers stored.</summary>
internal static partial class RepositoryText
{
    /// <summary>
    /// Returns the address to store, from which Git clones: without surrounding white space, user (except for SSH), query, fragment, and
    /// pages of a web site.
    /// </summary>
    /// <exception cref="ArgumentNullException">The address is null.</exception>
    /// <exception cref="ArgumentException">
    /// The address contains a secret, does not name a repository on a host, or has another meaning to Git. The message names the problem.
    /// </exception>
    public static string Check(string given, string name)
    {
        ArgumentNullException.ThrowIfNull(given, name);
        var text = RepositoryAddress.Trim(given);
        Refuse(text.Length == 0, "is blank");
        Refuse(text.Length > RepositoryAddress.MaxLength, $"is longer than {RepositoryAddress.MaxLength} characters");
        Refuse(Shown(text) != text,
            "contains a password or token. Store a secret in the user's connection to the provider or in the project's environment, "
            + "where it is encrypted");
        Refuse(text.EnumerateRunes().Any(IsUnseen), "contains white space, a control character or a character that is not text");
        Refuse(text.Contains('\\', StringComparison.Ordinal), "contains a backslash");
        Refuse(text.StartsWith('-'), "starts with a dash, which Git reads as an option");
        Refuse(Transport().IsMatch(text), "names a transport that runs a program");
        Refuse(LocalPath().IsMatch(text), "is a path on this machine; a repository is owner/name or an address with a host");

        var parts = RepositoryAddress.Split(text);
        var bare = parts.Form == RepositoryAddress.AddressForm.Bare;
        Refuse(bare && text.AsSpan().ContainsAny(':', '@'),
            "does not have a known form: owner/name, https://host/owner/name, ssh://git@host/owner/name or git@host:owner/name");
        Refuse(
            !bare && !(Host().IsMatch(RepositoryAddress.HostName(parts.HostAndPort)) && Port().IsMatch(parts.HostAndPort)),
            "names a host or port that is not valid");
        Refuse(!User().IsMatch(parts.Before), "names a user that is not valid");
        Refuse(parts.Path.StartsWith('-'), "has a path that starts with a dash, which Git reads as an option");

        Refuse(
            parts.Form == RepositoryAddress.AddressForm.Scp && parts.Before.Length == 0 && PortLike().IsMatch(parts.Path),
            "has a number after the host that Git reads as a folder and other programs as a port; "
            + "write https://host:port/owner/name or git@host:path");

        var address = RepositoryAddress.Of(text);
        var path = address.Path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        Refuse(
            path.Any(part => part is "." or "..") || RepositoryAddress.HasBrokenEscapes(parts.Path)
                || address.Path.EnumerateRunes().Any(IsUnseen),
            "has a path that is not valid");
        Refuse(
            path.Length < (address.Host is "" or "github.com" or "gitlab.com" or "bitbucket.org" ? 2 : 1)
                || (bare && KnownHost().IsMatch(address.Path)),
            "does not name a repository: owner and name are missing");

        // Git reads the stored text: it must be the checked address, also once its host is in ASCII.
        var stored = Rebuild(parts, address.Host);
        Refuse(
            RepositoryAddress.Of(stored) != address || Transport().IsMatch(stored) || LocalPath().IsMatch(stored)
                || Shown(stored) != stored,
            "cannot be stored in a form that names exactly this repository");
        return stored;

        void Refuse(bool wrong, string what)
        {
            if (wrong)
            {
                throw new ArgumentException($"{name} {what}.", name);
            }
        }
    }

    /// <summary>Returns a stored address without a password or token, which rows of other writers may contain.</summary>
    public static string Shown(string stored)
    {
        if (!stored.Contains('@', StringComparison.Ordinal))
        {
            return UrlSecrets.Mask(stored);
        }

        var scheme = stored.IndexOf("://", StringComparison.Ordinal);
        var start = scheme < 0 ? 0 : scheme + 3;
        var slash = stored.IndexOf('/', start);
        var authority = stored[start..(slash < 0 ? stored.Length : slash)];
        var end = authority.LastIndexOf('@');
        if (end < 0 && scheme >= 0 && authority.Contains(':', StringComparison.Ordinal) && !Port().IsMatch(authority))
        {
            // The password contains a slash.
            return stored[..start] + UrlSecrets.Redacted + stored[stored.LastIndexOf('@')..];
        }

        return end > 0 && UrlSecrets.IsSecret(authority.AsSpan(0, end))
            ? string.Concat(stored.AsSpan(0, start), UrlSecrets.Redacted, UrlSecrets.Mask(stored[(start + end)..]))
            : UrlSecrets.Mask(stored);
    }

    // The address for Git: the same repository in the given form; for addresses of web pages the repository's own.
    private static string Rebuild(RepositoryAddress.Parts parts, string host)
    {
        var given = EscapedBlanks().Replace(parts.Path, "");
        var path = host == "dev.azure.com" ? given.Trim('/') : RepositoryAddress.CutPages(host, given.Trim('/')).Trim('/');
        if (!RepositoryAddress.IsCloud(host)
            && !parts.Before.StartsWith("ssh", StringComparison.OrdinalIgnoreCase) && parts.Form != RepositoryAddress.AddressForm.Scp
            && DataCenterPage().Match(given) is { Success: true } page)
        {
            path = $"{page.Groups[1].Value}scm/{(page.Groups[2].Value == "users" ? "~" : "")}{page.Groups[3].Value}/"
                + $"{page.Groups[4].Value}.git";
        }

        var named = System.Text.Ascii.IsValid(parts.HostAndPort)
            ? parts.HostAndPort.ToLowerInvariant()
            : RepositoryAddress.HostName(parts.HostAndPort)
                + (parts.HostAndPort.IndexOf(':', StringComparison.Ordinal) is var colon and >= 0 ? parts.HostAndPort[colon..] : "");
        switch (parts.Form)
        {
            case RepositoryAddress.AddressForm.Scp:
                return $"{parts.Before}{named}:{(given.StartsWith('/') ? "/" : "")}{path}";
            case RepositoryAddress.AddressForm.Browser:
                return $"https://{named}/{path}";
            case RepositoryAddress.AddressForm.Url:
                var scheme = parts.Before.IndexOf("://", StringComparison.Ordinal);
                var protocol = parts.Before[..scheme].ToLowerInvariant();
                var isSsh = protocol.Contains("ssh", StringComparison.Ordinal);
                var user = isSsh ? parts.Before[(scheme + 3)..].Replace(":@", "@", StringComparison.Ordinal) : "";
                return $"{protocol}://{user}{named}/{path}";
            default:
                return path;
        }
    }

    private static bool IsUnseen(Rune rune) =>
        rune == Rune.ReplacementChar || (rune.IsBmp && RepositoryAddress.IsBlank((char)rune.Value))
        || Rune.GetUnicodeCategory(rune) is System.Globalization.UnicodeCategory.Format or System.Globalization.UnicodeCategory.PrivateUse
            or System.Globalization.UnicodeCategory.OtherNotAssigned;

    [GeneratedRegex("^[a-zA-Z0-9+.-]*::", RegexOptions.CultureInvariant)]
    private static partial Regex Transport();

    [GeneratedRegex(@"^(?:[/~]|\.{1,2}(?:/|\z)|[a-zA-Z]:(?!//)|file:)", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex LocalPath();

    [GeneratedRegex(
        @"^(?:\[[0-9a-f:.]+\]|[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*)\z",
        RegexOptions.CultureInvariant)]
    private static partial Regex Host();

    [GeneratedRegex(@"^(?:\[[^\]]*\]|[^:]*)(?::[0-9]{1,5})?\z", RegexOptions.CultureInvariant)]
    private static partial Regex Port();

    [GeneratedRegex("^[0-9]{1,5}/", RegexOptions.CultureInvariant)]
    private static partial Regex PortLike();

    [GeneratedRegex(@"^(?:www\.)?(?:github\.com|gitlab\.com|bitbucket\.org|dev\.azure\.com)(?:/|\z)", RegexOptions.CultureInvariant)]
    private static partial Regex KnownHost();

    [GeneratedRegex(
        @"^(?:[a-zA-Z][a-zA-Z0-9+.\-]*://)?(?:(?:[a-zA-Z0-9._+~%][a-zA-Z0-9._+~%\-]*:?|\[redacted\])?@)?\z",
        RegexOptions.CultureInvariant)]
    private static partial Regex User();

    [GeneratedRegex(@"(?:%20|%0[0-9a-dA-D]|%[cC]2%[aA]0)+\z", RegexOptions.CultureInvariant)]
    private static partial Regex EscapedBlanks();

    [GeneratedRegex(
        @"^/?((?:bitbucket/|stash/)?)(projects|users)/([^/]+)/repos/([^/]+?)(?:\.git)?(?:/.*)?\z",
        RegexOptions.CultureInvariant)]
    private static partial Regex DataCenterPage();
}
