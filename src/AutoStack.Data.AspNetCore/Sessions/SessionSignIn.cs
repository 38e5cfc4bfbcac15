using System.Net;
using AutoStack.Data.Accounts;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace AutoStack.Data.AspNetCore;

/// <summary>Signs users in and out: checks passwords, and sets and removes the cookies of the scheme.</summary>
public sealed class SessionSignIn
{
    private readonly IIdentityRepository identities;
    private readonly IPasswordHasher passwords;
    private readonly ISignInThrottle throttle;
    private readonly ISessionRepository sessions;
    private readonly IOptionsMonitor<SessionAuthenticationOptions> options;

    internal SessionSignIn(
        IIdentityRepository identities,
        IPasswordHasher passwords,
        ISignInThrottle throttle,
        ISessionRepository sessions,
        IOptionsMonitor<SessionAuthenticationOptions> options)
    {
        (this.identities, this.passwords, this.throttle) = (identities, passwords, throttle);
        (this.sessions, this.options) = (sessions, options);
    }

    private SessionAuthenticationOptions Options => options.Get(SessionAuthenticationOptions.Scheme);

    /// <summary>
    /// Checks a password and signs the user in: counts the attempt first, so that a flood costs no hash; takes the same time whether or not
    /// the account exists; adds the session only while the verified password is still the stored one; and renews a weak hash. A user whose
    /// session is stored is signed in: when the database or the hasher fails after that, the counts stay until they expire, and the next
    /// sign-in renews the hash. A request of a page of another origin that is not in
    /// <see cref="SessionAuthenticationOptions.TrustedOrigins"/> is refused.
    /// </summary>
    /// <param name="context">
    /// The request. The address of its client is counted: behind a proxy use <c>ForwardedHeaders</c>, or all clients count as one.
    /// </param>
    /// <param name="email">The address as it was typed.</param>
    /// <param name="password">The password as it was typed; null is wrong.</param>
    /// <param name="cancellationToken">Stops the sign-in.</param>
    /// <returns>Whether the user is signed in; the response then has the cookie.</returns>
    /// <exception cref="ArgumentException"><paramref name="email"/> is null or blank.</exception>
    /// <exception cref="PasswordHasherBusyException">Too many passwords are being checked.</exception>
    public async Task<PasswordSignInResult> SignInWithPasswordAsync(
        HttpContext context, string email, string? password, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(context);
        if (!RequestOrigin.IsTrusted(context.Request, Options.TrustedOrigins))
        {
            return new PasswordSignInResult(PasswordSignInOutcome.OtherOrigin, Issued: null, LockedUntil: null);
        }

        var client = GetOrAddClient(context);
        var address = context.Connection.RemoteIpAddress ?? IPAddress.None;
        var attempt = new SignInAttempt { Id = Guid.NewGuid(), Email = email, Address = address, Client = client };
        var acquired = await throttle.AcquireAsync(attempt, cancellationToken).ConfigureAwait(false);
        if (acquired.Outcome != SignInAttemptOutcome.Allowed)
        {
            return new PasswordSignInResult(PasswordSignInOutcome.LockedOut, Issued: null, acquired.LockedUntil);
        }

        var credentials = await identities.FindCredentialsAsync(email, cancellationToken).ConfigureAwait(false);
        var check = await passwords.VerifyAsync(password, credentials?.Password, cancellationToken).ConfigureAwait(false);
        if (credentials?.Password is not { } stored || check == VerificationOutcome.Failed)
        {
            return new PasswordSignInResult(PasswordSignInOutcome.WrongCredentials, Issued: null, LockedUntil: null);
        }

        var session = NewSession(credentials.UserId, client);
        var added = await sessions.AddVerifiedAsync(session, stored, cancellationToken).ConfigureAwait(false);
        if (added.Issued is not { } issued)
        {
            return new PasswordSignInResult(PasswordSignInOutcome.Superseded, Issued: null, LockedUntil: null);
        }

        SetCookie(context, issued.Session, issued.Token);

        // Not before the session is stored: a password that a reset has replaced meanwhile clears no count, and a busy hasher keeps nobody
        // out.
        try
        {
            await throttle.RecordSuccessAsync(attempt, cancellationToken).ConfigureAwait(false);
            if (check == VerificationOutcome.SucceededRehashNeeded)
            {
                var renewed = await passwords.HashAsync(password!, cancellationToken).ConfigureAwait(false);
                await identities.RehashAsync(credentials.UserId, stored, renewed, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (AutoStackDataException exception) when (exception.IsTransient)
        {
            // An error would take the cookie from the answer, and leave the session behind without its user.
        }

        return new PasswordSignInResult(PasswordSignInOutcome.SignedIn, issued, LockedUntil: null);
    }

    /// <summary>Signs a user in whom a registration, a provider or a reset has proved.</summary>
    /// <param name="context">The request.</param>
    /// <param name="userId">The user.</param>
    /// <param name="cancellationToken">Stops the sign-in.</param>
    /// <returns>The session and its token; the response has the cookie.</returns>
    /// <exception cref="MissingReferenceException">The user does not exist.</exception>
    public async Task<IssuedSession> SignInAsync(HttpContext context, Guid userId, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(context);
        var issued = await sessions.AddAsync(NewSession(userId, GetOrAddClient(context)), cancellationToken).ConfigureAwait(false);
        SetCookie(context, issued.Session, issued.Token);
        return issued;
    }

    /// <summary>
    /// Exchanges the token of the request for the next one. Call it late in the lifetime of the session, such as once a day when a page is
    /// opened: every rotation leaves a row.
    /// </summary>
    /// <param name="context">The request.</param>
    /// <param name="cancellationToken">Stops the rotation.</param>
    /// <returns>
    /// The result; the response has the next cookie, or none when the session has ended. <see cref="RotationOutcome.Unknown"/> also for a
    /// request without a token, and for one whose cookie does not count because a page of another origin sends it: then the session and the
    /// cookie are unchanged.
    /// </returns>
    public async Task<RotationResult> RotateAsync(HttpContext context, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(context);
        var mayUseCookie = RequestOrigin.MayUseCookie(context.Request, Options.TrustedOrigins);
        if (FindToken(context, mayUseCookie) is not { } presented)
        {
            return new RotationResult(RotationOutcome.Unknown, Next: null, Token: null);
        }

        var request = new RotationRequest { Presented = presented, Client = FindClient(context), Lifetime = Options.Lifetime };
        var result = await sessions.RotateAsync(request, cancellationToken).ConfigureAwait(false);
        switch (result.Outcome)
        {
            case RotationOutcome.Rotated when mayUseCookie:
                SetCookie(context, result.Next!.Session, result.Token!);
                break;
            case RotationOutcome.Unknown or RotationOutcome.Expired or RotationOutcome.Reused when mayUseCookie:
                DeleteCookie(context);
                break;
        }

        return result;
    }

    /// <summary>
    /// Revokes the session of the request with every session of the same sign-in, and removes the cookie. A request that a page of another
    /// origin makes signs nobody out by the cookie, whatever its method: also a GET, which an image of any page sends.
    /// </summary>
    /// <param name="context">The request; without a session only the cookie is removed.</param>
    /// <param name="cancellationToken">Stops the call.</param>
    /// <returns>
    /// True when the client has no session any more. False for a request of a page of another origin without a bearer token: the session
    /// and the cookie are unchanged; answer 403.
    /// </returns>
    public async Task<bool> SignOutAsync(HttpContext context, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(context);
        var mayUseCookie = RequestOrigin.IsTrusted(context.Request, Options.TrustedOrigins);
        var token = FindToken(context, mayUseCookie);
        if (token is not null)
        {
            await sessions.RevokeAsync(token, cancellationToken).ConfigureAwait(false);
        }

        if (mayUseCookie)
        {
            // After the session has ended: a client whose sign-out failed keeps the cookie, and can repeat the call.
            DeleteCookie(context);
        }

        return mayUseCookie || token is not null;
    }

    private NewSession NewSession(Guid userId, ClientKey client) =>
        new() { UserId = userId, Client = client, Lifetime = Options.Lifetime };

    private SessionToken? FindToken(HttpContext context, bool mayUseCookie) =>
        PresentedToken.Find(context.Request, Options) is { } presented && (mayUseCookie || !presented.IsCookie)
            && SessionToken.TryParse(presented.Text, out var token) ? token : null;

    private ClientKey? FindClient(HttpContext context) =>
        ClientKey.TryParse(context.Request.Cookies[Options.ClientCookie.Name!], out var key) ? key : null;

    private ClientKey GetOrAddClient(HttpContext context)
    {
        var client = FindClient(context) ?? ClientKey.New();

        // Each sign-in prolongs it.
        context.Response.Cookies.Append(Options.ClientCookie.Name!, client.Reveal(), Options.ClientCookie.Build(context));
        return client;
    }

    private void SetCookie(HttpContext context, Session session, SessionToken token)
    {
        var cookie = Options.Cookie.Build(context);
        cookie.Expires = session.ExpiresAt;
        context.Response.Cookies.Append(Options.Cookie.Name!, token.Reveal(), cookie);
        context.Response.Headers.CacheControl = "no-store";
    }

    private void DeleteCookie(HttpContext context) =>
        context.Response.Cookies.Delete(Options.Cookie.Name!, Options.Cookie.Build(context));
}
