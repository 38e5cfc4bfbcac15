using AutoStack.Data.Containers;
using AutoStack.Data.HealthChecks;
using AutoStack.Data.Logs;
using AutoStack.Data.Postgres;
using AutoStack.Data.Projects;
using AutoStack.Data.Status;

namespace AutoStack.Data.Deployments;

/// <summary>The batch of <see cref="IDeploymentRepository.FindDetailsAsync"/>.</summary>
internal static class DeploymentDetailsQuery
{
    private const int MaxRows = 100;

    internal static Task<DeploymentDetails?> FindAsync(Db db, Guid id, Guid ownerId, int maxLogs, CancellationToken cancellationToken)
    {
        var self = new Statement($"""
            SELECT {DeploymentRepository.Columns}, {ProjectRepository.Columns}
            FROM deployments d
            JOIN projects p ON p.id = d.project_id
            WHERE d.id = @id AND d.user_id = @ownerId AND NOT d.is_deleted AND {AccountState.OwnerIsOpen}
            """, P.Of(id), P.Of(ownerId));
        Statement[] statements =
        [
            self,
            DeploymentLogRepository.Tail(id, ownerId, long.MaxValue, maxLogs),
            DeploymentStageRepository.ByDeployment(id, ownerId, MaxRows),
            DeploymentContainerRepository.ByDeployment(id, ownerId, MaxRows),
            DeploymentHealthCheckRepository.Latest(id, ownerId, MaxRows),
        ];
        return db.ReadBatchAsync(
            async sets =>
            {
                var found = await sets.FindAsync(DeploymentRepository.ReadWithProject).ConfigureAwait(false);
                var logs = await sets.ListAsync(DeploymentLogRepository.Read).ConfigureAwait(false);
                var stages = await sets.ListAsync(DeploymentStageRepository.Read).ConfigureAwait(false);
                var containers = await sets.ListAsync(DeploymentContainerRepository.Read).ConfigureAwait(false);
                var healthChecks = await sets.ListAsync(DeploymentHealthCheckRepository.Read).ConfigureAwait(false);
                return found is null ? null : new DeploymentDetails
                {
                    Deployment = found.Deployment,
                    Project = found.Project,
                    Logs = DeploymentLogRepository.OldestFirst(logs),
                    Stages = stages,
                    Containers = containers,
                    HealthChecks = healthChecks,
                };
            },
            statements, cancellationToken, nameof(IDeploymentRepository.FindDetailsAsync));
    }
}
