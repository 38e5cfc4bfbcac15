using System.Security.Claims;
using System.Text.Encodings.Web;
using AutoStack.Data.Accounts;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace AutoStack.Data.AspNetCore;

/// <summary>
/// Authenticates a request by the session token in its <c>Authorization</c> header or its cookie. While the database is away the request
/// fails, and is not taken for one without a session.
/// </summary>
internal sealed class SessionAuthenticationHandler(
    IOptionsMonitor<SessionAuthenticationOptions> options, ILoggerFactory loggers, UrlEncoder encoder, ISessionRepository sessions)
    : AuthenticationHandler<SessionAuthenticationOptions>(options, loggers, encoder)
{
    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (PresentedToken.Find(Request, Options) is not { } presented)
        {
            return AuthenticateResult.NoResult();
        }

        if (presented.IsCookie && !RequestOrigin.MayUseCookie(Request, Options.TrustedOrigins))
        {
            return AuthenticateResult.Fail("The request comes from a page of another origin.");
        }

        if (!SessionToken.TryParse(presented.Text, out var token)
            || await sessions.FindActiveAsync(token, Context.RequestAborted).ConfigureAwait(false) is not { } found)
        {
            return AuthenticateResult.Fail("No active session has the token.");
        }

        Context.Features.Set(new CurrentSession(found.Session, found.User));
        Claim[] claims =
        [
            new(ClaimTypes.NameIdentifier, found.User.Id.ToString()),
            new(ClaimTypes.Name, found.User.Name),
            new(ClaimTypes.Email, found.User.Email),
            new(ClaimTypes.Sid, found.Session.Id.ToString()),
        ];
        var properties = new AuthenticationProperties { IssuedUtc = found.Session.CreatedAt, ExpiresUtc = found.Session.ExpiresAt };
        var principal = new ClaimsPrincipal(new ClaimsIdentity(claims, Scheme.Name));
        return AuthenticateResult.Success(new AuthenticationTicket(principal, properties, Scheme.Name));
    }

    protected override Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        if (Options.SignInPath.HasValue && IsNavigation())
        {
            var place = properties.RedirectUri ?? Request.PathBase + Request.Path + Request.QueryString;
            Response.Redirect(Request.PathBase + Options.SignInPath + QueryString.Create("returnUrl", place));
            return Task.CompletedTask;
        }

        Response.StatusCode = StatusCodes.Status401Unauthorized;
        Response.Headers.WWWAuthenticate = "Bearer";
        return Task.CompletedTask;
    }

    // A person opens a page; scripts and programs want the status.
    private bool IsNavigation() =>
        (HttpMethods.IsGet(Request.Method) || HttpMethods.IsHead(Request.Method))
        && (Request.Headers["Sec-Fetch-Mode"] is { Count: > 0 } mode
            ? mode == "navigate"
            : Request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase));
}
