using AutoStack.Data.Accounts;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;

namespace AutoStack.Data.AspNetCore;

/// <summary>The settings of the authentication scheme that <c>AddAutoStackSessions</c> registers.</summary>
public sealed class SessionAuthenticationOptions : AuthenticationSchemeOptions
{
    /// <summary>The name of the scheme: <c>AutoStackSession</c>.</summary>
    public const string Scheme = "AutoStackSession";

    // A browser accepts a cookie of this prefix from the very host only, over TLS: a site on a neighbouring host name cannot plant one.
    private const string HostPrefix = "__Host-";

    /// <summary>
    /// The cookie that holds the session token. Default <c>__Host-autostack-session</c>: HttpOnly, Secure, SameSite=Lax, Path=/. Its expiry
    /// is that of the session.
    /// </summary>
    public CookieBuilder Cookie { get; set; } = NewCookie("autostack-session");

    /// <summary>
    /// The cookie that holds the <see cref="ClientKey"/> of the browser, which outlives its sessions. Default
    /// <c>__Host-autostack-client</c>, for a year.
    /// </summary>
    public CookieBuilder ClientCookie { get; set; } = NewCookie("autostack-client", TimeSpan.FromDays(365));

    /// <summary>How long a new session is valid; above zero, up to ten years. Default <see cref="NewSession.DefaultLifetime"/>.</summary>
    public TimeSpan Lifetime { get; set; } = NewSession.DefaultLifetime;

    /// <summary>
    /// The origins, such as <c>https://app.example.com</c>, whose pages may send requests with the session cookie, besides the service's
    /// own. Every other page's request that could change something, or that opens a WebSocket, is not signed in, whatever cookie it
    /// carries. Default none.
    /// </summary>
    public ISet<string> TrustedOrigins { get; } = new HashSet<string>(StringComparer.OrdinalIgnoreCase);

    /// <summary>
    /// The page to which a browser that opens a page without a session is redirected, with the parameter <c>returnUrl</c>. Every other
    /// request gets 401. Default none: every request gets 401.
    /// </summary>
    public PathString SignInPath { get; set; }

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        if (Lifetime <= TimeSpan.Zero || Lifetime > TimeSpan.FromDays(3650))
        {
            throw Wrong(nameof(Lifetime), $"is {Lifetime}; it is above zero, and at most ten years");
        }

        ValidateCookie(Cookie, nameof(Cookie));
        ValidateCookie(ClientCookie, nameof(ClientCookie));
        foreach (var origin in TrustedOrigins.Where(origin =>
            !Uri.TryCreate(origin, UriKind.Absolute, out var uri) || uri.GetLeftPart(UriPartial.Authority) != origin))
        {
            throw Wrong(nameof(TrustedOrigins), $"has '{origin}'; an origin is a scheme and a host, such as https://app.example.com");
        }
    }

    private static void ValidateCookie(CookieBuilder cookie, string name)
    {
        if (string.IsNullOrWhiteSpace(cookie?.Name))
        {
            throw Wrong(name, "has no name");
        }

        if (!cookie.HttpOnly)
        {
            throw Wrong(name, "is not HttpOnly, so that scripts could read it");
        }

        if (cookie.Name.StartsWith(HostPrefix, StringComparison.Ordinal)
            && (cookie.SecurePolicy != CookieSecurePolicy.Always || cookie.Path != "/" || cookie.Domain is not null))
        {
            throw Wrong(name, $"is named {cookie.Name}, which browsers accept with Secure, Path=/ and no domain only; name it otherwise");
        }
    }

    private static CookieBuilder NewCookie(string name, TimeSpan? maxAge = null) => new()
    {
        Name = HostPrefix + name,
        HttpOnly = true,
        SecurePolicy = CookieSecurePolicy.Always,
        SameSite = SameSiteMode.Lax,
        Path = "/",
        MaxAge = maxAge,
        IsEssential = true,
    };

    private static InvalidOperationException Wrong(string name, string problem) =>
        new($"{nameof(SessionAuthenticationOptions)}.{name} {problem}.");
}
