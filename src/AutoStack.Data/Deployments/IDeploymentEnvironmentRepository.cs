using AutoStack.Data.Projects;

namespace AutoStack.Data.Deployments;

/// <summary>The environment variables of a user's deployments; a deployment copies them from its project.</summary>
public interface IDeploymentEnvironmentRepository
{
    /// <summary>
    /// Copies the current environment of the project into a deployment without an environment. Call it in the unit of work that queues the
    /// deployment, so that the build gets the environment that its owner saw.
    /// </summary>
    /// <param name="deploymentId">The deployment.</param>
    /// <param name="ownerId">The user who owns the deployment and its project.</param>
    /// <param name="cancellationToken">Stops the update.</param>
    /// <returns>
    /// False when the project has no environment, or the deployment has one already, has ended, is deleted, does not exist, or belongs to
    /// another user.
    /// </returns>
    /// <exception cref="SecretUnreadableException">
    /// The project's value cannot be decrypted; see <see cref="IProjectEnvironmentRepository.FindAsync"/>.
    /// </exception>
    /// <exception cref="InvalidOperationException">No secret key is configured.</exception>
    Task<bool> SnapshotAsync(Guid deploymentId, Guid ownerId, CancellationToken cancellationToken = default);
}
