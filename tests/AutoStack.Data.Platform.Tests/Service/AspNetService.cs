using AutoStack.Data.Accounts;
using AutoStack.Data.AspNetCore;
using AutoStack.Data.Deployments;
using AutoStack.Data.Projects;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace AutoStack.Data.Platform.Tests.Service;

/// <summary>The service of docs/aspnet.md, whole.</summary>
internal static class AspNetService
{
    public static WebApplication Build(WebApplicationBuilder builder, string connectionString, Secret webhookSecret)
    {
        builder.Services.AddAutoStackData(connectionString);
        builder.Services.AddAutoStackDataWorkers();
        builder.Services.AddAutoStackSessions();
        builder.Services.AddAutoStackProblemDetails();
        builder.Services.AddHealthChecks().AddAutoStackData();

        var app = builder.Build();
        app.UseExceptionHandler();
        app.UseStatusCodePages();
        app.UseAuthentication();
        app.UseAuthorization();

        MapAccounts(app);
        MapProjects(app);
        MapDeployments(app);
        MapWebhooks(app, webhookSecret);
        app.MapHealthChecks("/health/ready", new() { Predicate = check => check.Tags.Contains("ready") });
        app.MapHealthChecks("/health/live", new() { Predicate = check => check.Tags.Contains("live") });
        return app;
    }

    /// <summary>The services of a sign-in over repositories that a test has faked.</summary>
    public static ServiceProvider OverFakes(
        IIdentityRepository identities, IPasswordHasher passwords, ISignInThrottle throttle, ISessionRepository sessions)
    {
        var services = new ServiceCollection();
        services.AddLogging().AddAutoStackSessions();
        services.AddSingleton(identities).AddSingleton(passwords).AddSingleton(throttle).AddSingleton(sessions);
        return services.BuildServiceProvider();
    }

    private static void MapAccounts(WebApplication app)
    {
        app.MapPost("/account",
            async (SignUp request, HttpContext context, IIdentityRepository identities, IPasswordHasher passwords, SessionSignIn signIn,
                CancellationToken token) =>
            {
                if (request.Password is null or { Length: < 8 })
                {
                    return TypedResults.Problem(statusCode: 400, title: "The password has at least 8 characters.");
                }

                var password = await passwords.HashAsync(request.Password, token);
                var result = await identities.RegisterAsync(
                    new NewAccount { Name = request.Name, Email = request.Email, Password = password }, token);
                if (result.User is { } user)
                {
                    await signIn.SignInAsync(context, user.Id, token);
                }

                return result.ToHttpResult();
            });
        app.MapPost("/session", async (SignIn request, HttpContext context, SessionSignIn signIn, CancellationToken token) =>
            (await signIn.SignInWithPasswordAsync(context, request.Email, request.Password, token)).ToHttpResult());
        app.MapDelete("/session", async (HttpContext context, SessionSignIn signIn, CancellationToken token) =>
            await signIn.SignOutAsync(context, token) ? Results.NoContent() : Results.Forbid());
        app.MapGet("/session", (CurrentSession current) => current.User).RequireAuthorization();
        app.MapPost("/session/renewal", async (HttpContext context, SessionSignIn signIn, CancellationToken token) =>
            (await signIn.RotateAsync(context, token)).Outcome is RotationOutcome.Rotated or RotationOutcome.RotatedByAnother
                ? Results.NoContent()
                : Results.Unauthorized());
    }

    private static void MapProjects(WebApplication app)
    {
        var projects = app.MapGroup("/projects").RequireAuthorization();
        projects.MapGet("", async (Cursor? cursor, CurrentSession current, IDeploymentQueries queries, CancellationToken token) =>
            await queries.ListProjectsAsync(current.UserId, cursor ?? Cursor.Start, limit: 20, token));
        projects.MapPost("", async (NewSite request, CurrentSession current, IProjectRepository repository, CancellationToken token) =>
            await repository.AddAsync(
                new NewProject { UserId = current.UserId, Name = request.Name, Repository = request.Repository, AutoDeployEnabled = true },
                token));
        projects.MapPatch("/{id:guid}",
            async (Guid id, Rename request, CurrentSession current, IProjectRepository repository, CancellationToken token) =>
                (await repository.UpdateAsync(id, current.UserId, new ProjectPatch { Name = request.Name }, request.Version, token))
                .ToHttpResult());
        projects.MapDelete("/{id:guid}", async (Guid id, CurrentSession current, IProjectRepository repository, CancellationToken token) =>
            AutoStackResults.NoContentOrNotFound(await repository.RemoveAsync(id, current.UserId, token)));
        projects.MapPost("/{id:guid}/deployments",
            async (Guid id, CurrentSession current, IDeploymentRepository deployments, CancellationToken token) =>
                AutoStackResults.OkOrNotFound(
                    await deployments.EnqueueAsync(new NewDeployment { ProjectId = id, UserId = current.UserId }, token)));
    }

    private static void MapDeployments(WebApplication app)
    {
        var deployments = app.MapGroup("/deployments/{id:guid}").RequireAuthorization();
        deployments.MapGet("", async (Guid id, CurrentSession current, IDeploymentRepository repository, CancellationToken token) =>
            AutoStackResults.OkOrNotFound(await repository.FindAsync(id, current.UserId, token)));
        app.MapGet("/deployments/{id:guid}/log", (Guid id, CurrentSession current) => AutoStackResults.LogEvents(id, current.UserId))
            .RequireAuthorization();
        deployments.MapPost("/cancel", async (Guid id, CurrentSession current, IDeploymentRepository repository, CancellationToken token) =>
            (await repository.CancelAsync(id, current.UserId, reason: null, token)).ToHttpResult());
    }

    private static void MapWebhooks(WebApplication app, Secret webhookSecret)
    {
        app.MapAutoStackWebhooks("/webhooks/github", WebhookProvider.GitHub, options => options.Secrets.Add(webhookSecret));
    }

    // Classes, because a record would print its password.
    internal sealed class SignUp
    {
        public required string Name { get; init; }

        public required string Email { get; init; }

        public required string Password { get; init; }
    }

    internal sealed class SignIn
    {
        public required string Email { get; init; }

        public required string Password { get; init; }
    }

    internal sealed record NewSite(string Name, string Repository);

    internal sealed record Rename(string Name, DateTimeOffset? Version);
}
