using AutoStack.Data;
using AutoStack.Data.Accounts;
using AutoStack.Data.Deployments;
using AutoStack.Data.Logs;
using AutoStack.Data.Projects;
using AutoStack.Data.Testing;
using FirstService;

// A throw-away server with the schema. A real service reads its connection string from the configuration instead.
await using var server = await PostgresServer.StartAsync();
await using var database = await server.CreateDatabaseAsync();

var builder = WebApplication.CreateBuilder(args);
builder.Services.AddAutoStackData(database.ConnectionString);
builder.Services.AddDeploymentWorker(options => options.Concurrency = 4, Builder.BuildAsync);

await using var app = builder.Build();

app.MapPost("/users", async (NewUser user, IUserRepository users, CancellationToken token) => await users.AddAsync(user, token));

app.MapPost("/users/{ownerId:guid}/projects",
    async (Guid ownerId, ProjectRequest request, IProjectRepository projects, CancellationToken token) =>
    await projects.AddAsync(new NewProject { UserId = ownerId, Name = request.Name, Repository = request.Repository }, token));

app.MapPost("/users/{ownerId:guid}/projects/{projectId:guid}/deployments",
    async (Guid ownerId, Guid projectId, IDeploymentRepository deployments, CancellationToken token) =>
        await deployments.EnqueueAsync(new NewDeployment { ProjectId = projectId, UserId = ownerId }, token) is { } deployment
            ? Results.Ok(deployment)
            : Results.NotFound());

app.MapGet("/users/{ownerId:guid}/deployments",
    async (Guid ownerId, Cursor? cursor, IDeploymentRepository deployments, CancellationToken token) =>
        await deployments.ListRecentAsync(ownerId, cursor ?? Cursor.Start, limit: 20, token));

app.MapGet("/users/{ownerId:guid}/deployments/{deploymentId:guid}/log",
    async (Guid ownerId, Guid deploymentId, Cursor? cursor, IDeploymentLogFollower follower, HttpResponse response,
        CancellationToken token) =>
    {
        response.ContentType = "text/plain; charset=utf-8";
        await foreach (var line in follower.FollowAsync(deploymentId, ownerId, cursor ?? Cursor.Start, token))
        {
            await response.WriteAsync($"{line.Cursor}  {line.Message}\n", token);
            await response.Body.FlushAsync(token);
        }
    });

await app.RunAsync();

/// <summary>The body of a request for a project.</summary>
/// <param name="Name">The name that people see.</param>
/// <param name="Repository">The Git repository, for example <c>ada/site</c>.</param>
internal sealed record ProjectRequest(string Name, string Repository);
