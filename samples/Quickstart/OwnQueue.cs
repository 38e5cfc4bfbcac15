using AutoStack.Data;
using AutoStack.Data.Deployments;

namespace Quickstart;

/// <summary>
/// The queue, but only this run's part of it. A worker of a service calls
/// <see cref="IDeploymentLifecycle.ClaimNextAsync(CancellationToken)"/> as it is; a sample that is pointed at a database in use must not
/// build what somebody else has queued.
/// </summary>
internal sealed class OwnQueue(IUnitOfWork unitOfWork)
{
    /// <summary>Refuses a database where something is waiting.</summary>
    public Task RequireEmptyAsync(CancellationToken cancellationToken) => ClaimNextAsync(own: [], cancellationToken);

    /// <summary>Claims the next deployment; null when the queue is empty.</summary>
    /// <exception cref="QuickstartException">It is none of ours, and stays queued.</exception>
    public Task<DeploymentWithProject?> ClaimNextAsync(HashSet<Guid> own, CancellationToken cancellationToken) =>
        unitOfWork.RunAsync(async (tx, ct) =>
        {
            var next = await tx.Get<IDeploymentLifecycle>().ClaimNextAsync(ct);

            // Thrown inside the unit of work, so that the claim is rolled back.
            return next is null || own.Contains(next.Deployment.Id)
                ? next
                : throw new QuickstartException("This database has queued deployments that are not of this run: give one whose queue is empty.");
        }, cancellationToken);
}
