using AutoStack.Data.Projects;

namespace AutoStack.Data.Deployments;

/// <summary>
/// The environment variables of deployments, for the worker that builds them: the interface decrypts the environment of any user.
/// </summary>
public interface IPlatformDeploymentEnvironmentRepository
{
    /// <summary>Finds the environment with which a deployment is built.</summary>
    /// <param name="deploymentId">The deployment.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The environment; null when the deployment has no environment, is deleted, or does not exist.</returns>
    /// <exception cref="SecretUnreadableException">
    /// The value cannot be decrypted; see <see cref="IProjectEnvironmentRepository.FindAsync"/>. Moving a deployment to another project
    /// has the same effect as changing its owner.
    /// </exception>
    Task<Secret?> FindAsync(Guid deploymentId, CancellationToken cancellationToken = default);
}
