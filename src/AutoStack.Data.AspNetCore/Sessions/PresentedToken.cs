using Microsoft.AspNetCore.Http;

namespace AutoStack.Data.AspNetCore;

/// <summary>The text that a request presents as its session token.</summary>
/// <param name="Text">The text.</param>
/// <param name="IsCookie">Whether it comes from the cookie, which a browser sends whatever page makes the request.</param>
internal readonly record struct PresentedToken(string Text, bool IsCookie)
{
    private const string Bearer = "Bearer ";

    /// <summary>Finds the token; null without one. The header, which a program sets on purpose, comes first.</summary>
    public static PresentedToken? Find(HttpRequest request, SessionAuthenticationOptions options)
    {
        string? header = request.Headers.Authorization;
        return header?.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase) == true
            ? new PresentedToken(header[Bearer.Length..].Trim(), IsCookie: false)
            : request.Cookies[options.Cookie.Name!] is { Length: > 0 } cookie ? new PresentedToken(cookie, IsCookie: true)
            : null;
    }
}
