using AutoStack.Data;
using AutoStack.Data.Hosting;

namespace FirstService;

/// <summary>Pretends to build a deployment.</summary>
internal static class Builder
{
    public static async Task<string?> BuildAsync(DeploymentJob job, DeploymentJobLog log, CancellationToken token)
    {
        DeploymentStatus[] steps = [DeploymentStatus.Checkout, DeploymentStatus.Installing, DeploymentStatus.Building];
        foreach (var step in steps)
        {
            // Throws when the owner has cancelled or deleted the deployment, so that the build stops.
            await job.EnterAsync(step, token);
            await log.WriteAsync($"{step}…", token);
            await Task.Delay(TimeSpan.FromMilliseconds(300), token);
        }

        return null; // the address of the result, when it has one
    }
}
