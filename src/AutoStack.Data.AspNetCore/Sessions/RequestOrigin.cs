using Microsoft.AspNetCore.Http;

namespace AutoStack.Data.AspNetCore;

/// <summary>
/// Decides whether the page that makes a request may use the cookies that the browser adds. SameSite=Lax is not enough on a platform whose
/// users' sites are on neighbouring host names: those are of the same site.
/// </summary>
internal static class RequestOrigin
{
    /// <summary>
    /// True for a request that changes nothing, for one of the service's own pages or of a trusted origin, and for one that no browser
    /// made.
    /// </summary>
    public static bool IsTrusted(HttpRequest request, ISet<string> trusted)
    {
        if (HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method) || HttpMethods.IsOptions(request.Method))
        {
            return true;
        }

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
}
