using AutoStack.Data;
using AutoStack.Data.Deployments;

namespace Quickstart;

/// <summary>
/// The deployments in the queue that belong to this run. A worker of a service calls
/// <see cref="IDeploymentLifecycle.ClaimNextAsync(CancellationToken)"/> directly; a sample that runs on a database in use must not build
/// the deployments of others.
/// </summary>
internal sealed class OwnQueue(IUnitOfWork unitOfWork)
{
    /// <summary>Refuses a database with a waiting deployment.</summary>
    public Task RequireEmptyAsync(CancellationToken cancellationToken) => ClaimNextAsync(own: [], cancellationToken);

    /// <summary>Claims the next deployment; null when the queue is empty.</summary>
    /// <exception cref="QuickstartException">The deployment is not of this run, and stays queued.</exception>
    public Task<ClaimedDeployment?> ClaimNextAsync(HashSet<Guid> own, CancellationToken cancellationToken) =>
        unitOfWork.RunAsync(async (tx, ct) =>
        {
            var next = await tx.Get<IDeploymentLifecycle>().ClaimNextAsync(ct);

            // Throwing inside the unit of work rolls the claim back.
            return next is null || own.Contains(next.Deployment.Id)
                ? next
                : throw new QuickstartException(
                    "This database has queued deployments that are not of this run: give one whose queue is empty.");
        }, cancellationToken);
}
