using AutoStack.Data;
using AutoStack.Data.Deployments;
using AutoStack.Data.Hosting;

namespace Quickstart;

/// <summary>
/// The deployments in the queue that belong to this run. A worker of a service builds whatever waits; a sample that runs on a database in
/// use must not build the deployments of others.
/// </summary>
internal sealed class OwnQueue(IUnitOfWork unitOfWork, IDeploymentLifecycle lifecycle)
{
    private readonly HashSet<Guid> own = [];
    private readonly TaskCompletionSource foreign = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private static QuickstartException NotEmpty =>
        new("This database has queued deployments that are not of this run: give one whose queue is empty.");

    /// <summary>Fails when a deployment of another run is met.</summary>
    public Task Foreign => foreign.Task;

    /// <summary>Adds the deployments of this run, before the worker starts.</summary>
    public void Add(IEnumerable<Deployment> deployments) => own.UnionWith(deployments.Select(deployment => deployment.Id));

    /// <summary>Refuses a database with a waiting deployment.</summary>
    /// <exception cref="QuickstartException">A deployment waits, and stays queued.</exception>
    public Task RequireEmptyAsync(CancellationToken cancellationToken) =>
        unitOfWork.RunAsync(async (tx, ct) =>
        {
            // Throwing inside the unit of work rolls the claim back.
            if (await tx.Get<IDeploymentLifecycle>().ClaimNextAsync(ct) is not null)
            {
                throw NotEmpty;
            }
        }, cancellationToken);

    /// <summary>Returns a deployment of another run to the queue, and ends this run.</summary>
    /// <exception cref="QuickstartException">The deployment is not of this run.</exception>
    public async Task RequireOwnAsync(DeploymentJob job)
    {
        if (!own.Contains(job.Deployment.Id))
        {
            foreign.TrySetException(NotEmpty);
            _ = await lifecycle.ReleaseAsync(job.Claim, CancellationToken.None);
            throw NotEmpty;
        }
    }
}
