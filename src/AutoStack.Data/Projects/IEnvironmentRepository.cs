using AutoStack.Data.Security;

namespace AutoStack.Data.Projects;

/// <summary>
/// The environment variables of projects and deployments, <c>env_vars</c>: a text that the platform writes and reads as a whole. They are stored
/// encrypted (<see cref="AutoStackDataOptions.SecretKeys"/>); what the Python services stored in clear is read, and encrypted when it is next stored.
/// </summary>
public interface IEnvironmentRepository
{
    /// <summary>Reads the environment of a project.</summary>
    /// <param name="projectId">The project.</param>
    /// <param name="ownerId">The user who owns it.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The environment; null when there is none, or the project belongs to somebody else.</returns>
    /// <exception cref="SecretUnreadableException">A key is missing, or the value was changed or moved.</exception>
    Task<Secret?> FindOfProjectAsync(Guid projectId, Guid ownerId, CancellationToken cancellationToken);

    /// <summary>Reads the environment that a deployment is built with.</summary>
    /// <param name="deploymentId">The deployment.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The environment; null when there is none, or the deployment is deleted.</returns>
    /// <exception cref="SecretUnreadableException">A key is missing, or the value was changed or moved.</exception>
    Task<Secret?> FindOfDeploymentAsync(Guid deploymentId, CancellationToken cancellationToken);

    /// <summary>Stores the environment of a project.</summary>
    /// <param name="projectId">The project.</param>
    /// <param name="ownerId">The user who owns it.</param>
    /// <param name="environment">The environment; null for none.</param>
    /// <param name="cancellationToken">Stops the update.</param>
    /// <returns>False when there is no such project of this user.</returns>
    /// <exception cref="InvalidOperationException">No key is configured.</exception>
    Task<bool> SetOfProjectAsync(Guid projectId, Guid ownerId, Secret? environment, CancellationToken cancellationToken);

    /// <summary>
    /// Gives a deployment the environment that its project has now, unless it has one. Call it in the unit of work that queues the deployment, so that the
    /// build gets what its owner saw.
    /// </summary>
    /// <param name="deploymentId">The deployment.</param>
    /// <param name="cancellationToken">Stops the update.</param>
    /// <returns>False when the project has none, the deployment has one, has ended or is deleted, or there is no such deployment.</returns>
    /// <exception cref="SecretUnreadableException">A key is missing, or the project's value was changed or moved.</exception>
    /// <exception cref="InvalidOperationException">No key is configured.</exception>
    Task<bool> SnapshotAsync(Guid deploymentId, CancellationToken cancellationToken);
}
