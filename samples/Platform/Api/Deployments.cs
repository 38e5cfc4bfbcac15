using AutoStack.Data.AspNetCore;
using AutoStack.Data.Deployments;

namespace Platform.Api;

/// <summary>One deployment of the signed-in user: its state, its log, and what can be done with it.</summary>
internal static class Deployments
{
    public static void MapDeployments(this WebApplication app)
    {
        var own = app.MapGroup("/api/deployments/{id:guid}").RequireAuthorization();

        // Its stages, containers and health checks; the log has an address of its own.
        own.MapGet("", async (Guid id, CurrentSession current, IDeploymentRepository deployments, CancellationToken token) =>
            AutoStackResults.OkOrNotFound(await deployments.FindDetailsAsync(id, current.UserId, maxLogs: 1, token)));
        own.MapGet("/log", (Guid id, CurrentSession current) => AutoStackResults.LogEvents(id, current.UserId));
        own.MapPost("/cancel", async (Guid id, CurrentSession current, IDeploymentRepository deployments, CancellationToken token) =>
            (await deployments.CancelAsync(id, current.UserId, "Cancelled on the page.", token)).ToHttpResult());
        own.MapPost("/redeploy", async (Guid id, CurrentSession current, IDeploymentRepository deployments, CancellationToken token) =>
            AutoStackResults.OkOrNotFound(await deployments.RedeployAsync(id, current.UserId, redeployment: null, token)));
    }
}
