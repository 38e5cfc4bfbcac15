using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;

namespace AutoStack.Data.AspNetCore;

/// <summary>
/// Decides whether the page that makes a request may use the cookies that the browser adds. SameSite=Lax is not enough on a platform whose
/// users' sites are on neighbouring host names: those are of the same site.
/// </summary>
internal static class RequestOrigin
{
    /// <summary>True for a request that changes nothing, and for one whose origin <see cref="IsTrusted"/>.</summary>
    public static bool MayUseCookie(HttpRequest request, ISet<string> trusted) => IsRead(request) || IsTrusted(request, trusted);

    /// <summary>True for a request of the service's own pages or of a trusted origin, and for one that no browser made.</summary>
    public static bool IsTrusted(HttpRequest request, ISet<string> trusted)
    {
        string? origin = request.Headers.Origin;
        if (origin is not null && trusted.Contains(origin))
        {
            return true;
        }

        // "none" is a person's own doing, such as a bookmark.
        string? site = request.Headers["Sec-Fetch-Site"];
        if (site is not null)
        {
            return site is "same-origin" or "none";
        }

        // An old browser sends the origin alone. The scheme may be that of a proxy in front, so that host and port decide.
        return origin is null || (Uri.TryCreate(origin, UriKind.Absolute, out var uri)
            && string.Equals(uri.Authority, request.Host.Value, StringComparison.OrdinalIgnoreCase));
    }

    // A browser shows the answer to a read to pages of its origin only. It shows every page what comes through a WebSocket.
    private static bool IsRead(HttpRequest request) =>
        (HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method) || HttpMethods.IsOptions(request.Method))
        && !IsUpgrade(request);

    // The header counts whatever protocols it names. Not IHttpUpgradeFeature, which goes by the header Connection: many proxies send
    // "Connection: upgrade" always. Not IHttpWebSocketFeature: its middleware may come later in the pipeline. Over HTTP/2 and HTTP/3 a
    // WebSocket is an extended CONNECT, whose method a middleware may have changed.
    private static bool IsUpgrade(HttpRequest request) =>
        !StringValues.IsNullOrEmpty(request.Headers.Upgrade)
        || request.HttpContext.Features.Get<IHttpExtendedConnectFeature>()?.IsExtendedConnect == true;
}
