namespace AutoStack.Data.Deployments;

/// <summary>
/// The table <c>deployment_stages</c>. The stages that a deployment's status names follow it by themselves; the methods here are for the
/// others, such as <see cref="StageName.Deploying"/>, for ending a stage before the deployment moves on, and for reading.
/// </summary>
/// <remarks>
/// When a deployment fails or is cancelled, its stages that are pending are cancelled: they have an end, and no start. When it succeeds,
/// they stay pending: the deployment did not need them.
/// </remarks>
public interface IDeploymentStageRepository
{
    /// <summary>The most stages that a list returns.</summary>
    const int MaxListSize = 100;

    /// <summary>The most deployments whose stages are listed at once.</summary>
    const int MaxDeployments = 100;

    /// <summary>Lists the stages of a deployment, in the order of <see cref="StageName.Known"/>; those that the library does not know come last.</summary>
    /// <param name="deploymentId">The deployment.</param>
    /// <param name="ownerId">The user who owns it.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The stages, up to <see cref="MaxListSize"/>; none when the deployment is deleted or somebody else's.</returns>
    Task<IReadOnlyList<DeploymentStage>> ListByDeploymentAsync(Guid deploymentId, Guid ownerId, CancellationToken cancellationToken);

    /// <summary>Lists the stages of several deployments at once, each in the order of <see cref="ListByDeploymentAsync"/>.</summary>
    /// <param name="deploymentIds">The deployments, up to <see cref="MaxDeployments"/>, each counted as often as it is named.</param>
    /// <param name="ownerId">The user who owns them.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The stages by deployment, up to <see cref="MaxListSize"/> of each; none of one that is deleted or somebody else's.</returns>
    /// <exception cref="ArgumentException">Too many deployments.</exception>
    Task<ILookup<Guid, DeploymentStage>> ListByDeploymentsAsync(
        IReadOnlyCollection<Guid> deploymentIds, Guid ownerId, CancellationToken cancellationToken);

    /// <summary>Makes pending stages, all in one statement, for what a deployment is going to do. Those that are there stay as they are.</summary>
    /// <param name="deploymentId">The deployment.</param>
    /// <param name="names">The stages, up to <see cref="MaxListSize"/>; none is nothing to do.</param>
    /// <param name="cancellationToken">Stops the insert.</param>
    /// <returns>False when the deployment has ended, is deleted, or is not there.</returns>
    /// <exception cref="ArgumentException">Too many stages, or one that the library does not know.</exception>
    Task<bool> PlanAsync(Guid deploymentId, IReadOnlyList<StageName> names, CancellationToken cancellationToken);

    /// <summary>
    /// Sets where a stage stands, whether there is a row of it or not. It goes from pending to in progress to an end, may leave steps out,
    /// and never goes back.
    /// </summary>
    /// <remarks>
    /// The start is noted when the stage is first in progress, or else at its end, the end when it is completed, failed or cancelled. A stage
    /// that is cancelled before it was entered has no start.
    /// </remarks>
    /// <param name="deploymentId">The deployment.</param>
    /// <param name="name">The stage.</param>
    /// <param name="status">Where it stands from now on.</param>
    /// <param name="errorMessage">What went wrong with a stage that failed, for people to read; null when not known, and for every other status.</param>
    /// <param name="cancellationToken">Stops the write.</param>
    /// <returns>False when the stage stands there already or further on, or the deployment has ended, is deleted, or is not there.</returns>
    /// <exception cref="ArgumentException">The library does not know the stage or the status, or a message for one that did not fail.</exception>
    Task<bool> SetAsync(Guid deploymentId, StageName name, StageStatus status, string? errorMessage, CancellationToken cancellationToken);

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
