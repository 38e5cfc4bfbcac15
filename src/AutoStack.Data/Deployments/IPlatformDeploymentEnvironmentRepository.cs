using AutoStack.Data.Projects;

namespace AutoStack.Data.Deployments;

/// <summary>
/// The environment variables of deployments, for the worker that builds them. It decrypts the environment of any user's deployment.
/// </summary>
public interface IPlatformDeploymentEnvironmentRepository
{
    /// <summary>Reads the environment that a deployment is built with.</summary>
    /// <param name="deploymentId">The deployment.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The environment; null when there is none, or the deployment is deleted or absent.</returns>
    /// <exception cref="SecretUnreadableException">
    /// The value does not open; see <see cref="IProjectEnvironmentRepository.FindAsync"/>. A deployment that was moved to another project
    /// has another owner, too.
    /// </exception>
    Task<Secret?> FindAsync(Guid deploymentId, CancellationToken cancellationToken = default);
}
