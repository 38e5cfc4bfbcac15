using AutoStack.Data;
using AutoStack.Data.AspNetCore;
using AutoStack.Data.Deployments;
using AutoStack.Data.Projects;
using Platform.Building;

namespace Platform.Api;

/// <summary>Projects of the signed-in user.</summary>
internal static class Projects
{
    private const int PageSize = 20;

    public static void MapProjects(this WebApplication app)
    {
        var own = app.MapGroup("/api").RequireAuthorization();
        own.MapGet("/examples", () => Example.All.Select(example => new { example.Name, example.Description }));
        own.MapGet("/projects", async (Cursor? cursor, CurrentSession current, IDeploymentQueries queries, CancellationToken token) =>
            await queries.ListProjectsAsync(current.UserId, cursor ?? Cursor.Start, PageSize, token));
        own.MapPost("/projects", AddAsync);
        own.MapGet("/projects/{id:guid}", async (Guid id, CurrentSession current, IProjectRepository projects, CancellationToken token) =>
            AutoStackResults.OkOrNotFound(await projects.FindAsync(id, current.UserId, token)));
        own.MapDelete("/projects/{id:guid}", RemoveAsync);
        own.MapGet("/projects/{id:guid}/deployments",
            async (Guid id, Cursor? cursor, CurrentSession current, IDeploymentRepository deployments, CancellationToken token) =>
                await deployments.ListByProjectAsync(id, current.UserId, cursor ?? Cursor.Start, PageSize, token));
        own.MapPost("/projects/{id:guid}/deployments",
            async (Guid id, CurrentSession current, IDeploymentRepository deployments, CancellationToken token) =>
            {
                var deployment = new NewDeployment { ProjectId = id, UserId = current.UserId, IsProduction = true };
                return AutoStackResults.OkOrNotFound(await deployments.EnqueueAsync(deployment, token));
            });
    }

    private static async Task<Project> AddAsync(
        ProjectRequest request,
        CurrentSession current,
        IProjectRepository projects,
        IPlatformProjectRepository platformProjects,
        CancellationToken token)
    {
        var example = Example.Find(request.Example);
        var project = await projects.AddAsync(new NewProject
        {
            UserId = current.UserId,
            Name = request.Name,
            Repository = example?.Address ?? request.Repository ?? "",
            Branch = string.IsNullOrWhiteSpace(request.Branch) ? "main" : request.Branch,
            BuildCommand = example is null ? request.BuildCommand ?? "" : Example.BuildCommand,
            OutputDir = example is null ? request.OutputDir ?? "" : Example.OutputDir,
            AutoDeployEnabled = true,
        }, token);

        // A push deploys a project only when its owner's access to the repository is proven. The examples are everybody's; for any other
        // repository a service asks the provider, with the owner's own credentials.
        if (example is not null)
        {
            _ = await platformProjects.RecordAccessAsync(project.Id, project.Repository, example.Access, token);
        }

        return project;
    }

    private static async Task<IResult> RemoveAsync(
        Guid id, CurrentSession current, IProjectRepository projects, Sites sites, CancellationToken token)
    {
        if (!await projects.RemoveAsync(id, current.UserId, token))
        {
            return AutoStackResults.NoContentOrNotFound(removed: false);
        }

        await sites.StopProjectAsync(id);
        return TypedResults.NoContent();
    }

    /// <summary>A new project: of a bundled example, or of a repository.</summary>
    internal sealed record ProjectRequest(
        string Name, string? Example, string? Repository, string? Branch, string? BuildCommand, string? OutputDir);
}
