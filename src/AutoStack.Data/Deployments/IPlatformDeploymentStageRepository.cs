using AutoStack.Data.Logs;

namespace AutoStack.Data.Deployments;

/// <summary>
/// The table <c>deployment_stages</c>, for the platform's own work. The stages that a deployment's status names follow it by themselves;
/// the methods here are for the others, such as <see cref="StageName.Deploying"/>, and for ending a stage before the deployment moves on.
/// </summary>
public interface IPlatformDeploymentStageRepository
{
    /// <summary>
    /// Makes pending stages, all in one statement, for what a deployment is going to do. Those that are there stay as they are.
    /// </summary>
    /// <param name="deploymentId">The deployment.</param>
    /// <param name="names">The stages, up to <see cref="IDeploymentStageRepository.MaxListSize"/>; none is nothing to do.</param>
    /// <param name="cancellationToken">Stops the insert.</param>
    /// <returns>False when the deployment has ended, is deleted, or is not there.</returns>
    /// <exception cref="ArgumentException">Too many stages, or one that the library does not know.</exception>
    Task<bool> PlanAsync(Guid deploymentId, IReadOnlyList<StageName> names, CancellationToken cancellationToken = default);

    /// <summary>
    /// Sets where a stage stands, whether there is a row of it or not. It goes from pending to in progress to an end, may leave steps out,
    /// and never goes back.
    /// </summary>
    /// <remarks>
    /// The start is noted when the stage is first in progress, or else at its end, the end when it is completed, failed or cancelled. A
    /// stage that is cancelled before it was entered has no start.
    /// </remarks>
    /// <param name="deploymentId">The deployment.</param>
    /// <param name="name">The stage.</param>
    /// <param name="status">Where it stands from now on.</param>
    /// <param name="errorMessage"> The error of a stage that failed, for people to read; null when not known, and for every other status.
    /// <see cref="ILogSecrets"/> masks it; of a longer one the first <see cref="IDeploymentStageRepository.MaxErrorLength"/> characters are
    /// stored, with a mark at the end.
    /// </param>
    /// <param name="cancellationToken">Stops the write.</param>
    /// <returns>
    /// False when the stage stands there already or further on, or the deployment has ended, is deleted, or is not there.
    /// </returns>
    /// <exception cref="ArgumentException">
    /// The library does not know the stage or the status, or a message for one that did not fail.
    /// </exception>
    Task<bool> SetAsync(Guid deploymentId, StageName name, StageStatus status, string? errorMessage, CancellationToken cancellationToken = default);

    /// <summary>Enters a stage.</summary>
    /// <param name="deploymentId">The deployment.</param>
    /// <param name="name">The stage.</param>
    /// <param name="cancellationToken">Stops the write.</param>
    /// <returns>False when the stage was entered before, or the deployment has ended, is deleted, or is not there.</returns>
    /// <exception cref="ArgumentException">The library does not know the stage.</exception>
    Task<bool> StartAsync(Guid deploymentId, StageName name, CancellationToken cancellationToken = default);

    /// <summary>Ends a stage well.</summary>
    /// <param name="deploymentId">The deployment.</param>
    /// <param name="name">The stage.</param>
    /// <param name="cancellationToken">Stops the update.</param>
    /// <returns>False when the stage is not in progress.</returns>
    /// <exception cref="ArgumentException">The library does not know the stage.</exception>
    Task<bool> CompleteAsync(Guid deploymentId, StageName name, CancellationToken cancellationToken = default);

    /// <summary>Ends a stage with an error.</summary>
    /// <param name="deploymentId">The deployment.</param>
    /// <param name="name">The stage.</param>
    /// <param name="errorMessage"> The error, for people to read. <see cref="ILogSecrets"/> masks it; of a longer one the first
    /// <see cref="IDeploymentStageRepository.MaxErrorLength"/> characters are stored, with a mark at the end.
    /// </param>
    /// <param name="cancellationToken">Stops the update.</param>
    /// <returns>False when the stage is not in progress.</returns>
    /// <exception cref="ArgumentException">The library does not know the stage, or the message is null or blank.</exception>
    Task<bool> FailAsync(Guid deploymentId, StageName name, string errorMessage, CancellationToken cancellationToken = default);
}
