namespace AutoStack.Data.Deployments;

/// <summary>
/// The table <c>deployment_stages</c>. The stages that a deployment's status names follow it by themselves; the methods here are for the
/// others, such as <see cref="StageName.Deploying"/>, for ending a stage before the deployment moves on, and for reading.
/// </summary>
public interface IDeploymentStageRepository
{
    /// <summary>The most stages that a list returns.</summary>
    const int MaxListSize = 100;

    /// <summary>Lists the stages of a deployment, in the order of <see cref="StageName.Known"/>; those that the library does not know come last.</summary>
    /// <param name="deploymentId">The deployment.</param>
    /// <param name="ownerId">The user who owns it.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The stages, up to <see cref="MaxListSize"/>; none when the deployment is deleted or somebody else's.</returns>
    Task<IReadOnlyList<DeploymentStage>> ListByDeploymentAsync(Guid deploymentId, Guid ownerId, CancellationToken cancellationToken);

    /// <summary>Enters a stage.</summary>
    /// <param name="deploymentId">The deployment.</param>
    /// <param name="name">The stage.</param>
    /// <param name="cancellationToken">Stops the write.</param>
    /// <returns>False when the stage was entered before, or the deployment has ended, is deleted, or is not there.</returns>
    /// <exception cref="ArgumentException">The library does not know the stage.</exception>
    Task<bool> StartAsync(Guid deploymentId, StageName name, CancellationToken cancellationToken);

    /// <summary>Ends a stage well.</summary>
    /// <param name="deploymentId">The deployment.</param>
    /// <param name="name">The stage.</param>
    /// <param name="cancellationToken">Stops the update.</param>
    /// <returns>False when the stage is not in progress.</returns>
    /// <exception cref="ArgumentException">The library does not know the stage.</exception>
    Task<bool> CompleteAsync(Guid deploymentId, StageName name, CancellationToken cancellationToken);

    /// <summary>Ends a stage with an error.</summary>
    /// <param name="deploymentId">The deployment.</param>
    /// <param name="name">The stage.</param>
    /// <param name="errorMessage">What went wrong, for people to read.</param>
    /// <param name="cancellationToken">Stops the update.</param>
    /// <returns>False when the stage is not in progress.</returns>
    /// <exception cref="ArgumentException">The library does not know the stage, or the message is null or blank.</exception>
    Task<bool> FailAsync(Guid deploymentId, StageName name, string errorMessage, CancellationToken cancellationToken);
}
