using AutoStack.Data.Accounts;
using AutoStack.Data.AspNetCore;

namespace Platform.Api;

/// <summary>Registration, sign-in and sessions.</summary>
internal static class Accounts
{
    public static void MapAccounts(this WebApplication app)
    {
        app.MapPost("/api/account", RegisterAsync);
        app.MapPost("/api/session", SignInAsync);
        app.MapDelete("/api/session", async (HttpContext context, SessionSignIn signIn, CancellationToken token) =>
            await signIn.SignOutAsync(context, token) ? Results.NoContent() : Results.Forbid());

        var own = app.MapGroup("/api").RequireAuthorization();
        own.MapGet("/session", (CurrentSession current) => new { current.User.Name, current.User.Email });
        own.MapGet("/sessions", async (CurrentSession current, ISessionRepository sessions, CancellationToken token) =>
            (await sessions.ListActiveAsync(current.UserId, token)).Select(session => new
            {
                session.Id,
                session.SignedInAt,
                session.CreatedAt,
                session.ExpiresAt,
                IsCurrent = session.Id == current.Session.Id,
            }));
        own.MapDelete("/sessions/others", async (CurrentSession current, ISessionRepository sessions, CancellationToken token) =>
            new { Ended = await sessions.RevokeAllAsync(current.UserId, current.Session.Id, token) });
    }

    private static async Task<IResult> RegisterAsync(
        Registration request,
        HttpContext context,
        IIdentityRepository identities,
        IPasswordHasher passwords,
        SessionSignIn signIn,
        CancellationToken token)
    {
        if (request.Password is null or { Length: < Registration.MinPasswordLength })
        {
            return TypedResults.Problem(
                statusCode: 400, title: $"The password has at least {Registration.MinPasswordLength} characters.");
        }

        var account = new NewAccount
        {
            Name = request.Name,
            Email = request.Email,
            Password = await passwords.HashAsync(request.Password, token),
        };
        var registration = await identities.RegisterAsync(account, token);
        if (registration.User is { } user)
        {
            await signIn.SignInAsync(context, user.Id, token);
        }

        return registration.ToHttpResult();
    }

    private static async Task<PasswordSignInHttpResult> SignInAsync(
        Credentials request, HttpContext context, SessionSignIn signIn, CancellationToken token)
    {
        var result = await signIn.SignInWithPasswordAsync(context, request.Email, request.Password, token);
        return result.ToHttpResult();
    }

    // Neither prints: a log must not have a password.
    internal sealed class Registration
    {
        public const int MinPasswordLength = 8;

        public required string Name { get; init; }

        public required string Email { get; init; }

        public required string Password { get; init; }
    }

    internal sealed class Credentials
    {
        public required string Email { get; init; }

        public required string Password { get; init; }
    }
}
