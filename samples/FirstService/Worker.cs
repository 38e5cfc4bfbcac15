using AutoStack.Data;
using AutoStack.Data.Deployments;
using AutoStack.Data.Logs;

namespace FirstService;

/// <summary>Claims queued deployments, and pretends to build them.</summary>
internal sealed class Worker(IDeploymentQueueWatcher queue, IDeploymentLifecycle lifecycle, IDeploymentLogWriter logs) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // A turn comes at once, after every enqueue of any process, and at least every ten seconds.
        await foreach (var _ in queue.WatchAsync(TimeSpan.FromSeconds(10), stoppingToken))
        {
            while (await lifecycle.ClaimNextAsync(stoppingToken) is { } job)
            {
                await BuildAsync(job.Deployment.Id, stoppingToken);
            }
        }
    }

    private async Task BuildAsync(Guid id, CancellationToken token)
    {
        DeploymentStatus[] steps = [DeploymentStatus.Checkout, DeploymentStatus.Installing, DeploymentStatus.Building];
        foreach (var step in steps)
        {
            // False when the owner has cancelled or deleted the deployment: the worker stops.
            if (!(await lifecycle.AdvanceAsync(id, step, token)).MayContinue())
            {
                return;
            }

            await logs.WriteAsync(id, new NewDeploymentLog { Message = $"{step}…" }, token);
            await Task.Delay(TimeSpan.FromMilliseconds(300), token);
        }

        // The log first: whoever sees the end of the deployment finds its last line.
        await logs.FlushAsync(id, token);
        await lifecycle.SucceedAsync(id, deployedUrl: null, token);
    }
}
