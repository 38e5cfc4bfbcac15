using AutoStack.Data.Logs;

namespace AutoStack.Data.Deployments;

/// <summary>
/// The table <c>deployment_stages</c>, for the platform's own work. The stages that a deployment's status names follow the status without a
/// call; the methods here are for other stages, such as <see cref="StageName.Deploying"/>, and for ending a stage before the deployment
/// advances.
/// </summary>
/// <remarks>
/// Each change locks the deployment first. <see cref="TransitionOutcomeExtensions.MayContinue"/> of the outcome says whether the worker
/// continues: it is false once the deployment has ended, was deleted, or does not exist, and once the claim has lost its lease. A change by
/// a claim renews the lease.
/// </remarks>
public interface IPlatformDeploymentStageRepository
{
    /// <summary>The maximum number of stages that one call plans.</summary>
    const int MaxPlannedStages = 100;

    /// <summary>Creates pending stages, all in one statement, for the steps that a deployment is going to take.</summary>
    /// <param name="claim">The deployment, or the claim of its worker.</param>
    /// <param name="names">The stages, up to <see cref="MaxPlannedStages"/>. Stages that exist are unchanged.</param>
    /// <param name="cancellationToken">Stops the insert.</param>
    /// <returns>
    /// The outcome; <see cref="TransitionOutcome.AlreadyThere"/> when every stage existed before, or <paramref name="names"/> is empty.
    /// </returns>
    /// <exception cref="ArgumentException">
    /// <paramref name="names"/> is null or too long, or has a stage that the library does not know.
    /// </exception>
    Task<TransitionOutcome> PlanAsync(DeploymentClaim claim, IReadOnlyList<StageName> names, CancellationToken cancellationToken = default);

    /// <summary>
    /// Sets the status of a stage, and creates the stage when it does not exist. A status goes from pending to in progress to an end, may
    /// leave steps out, and never goes back.
    /// </summary>
    /// <remarks>
    /// The start is recorded when the stage is first in progress, or else at its end; the end when the stage is completed, failed or
    /// cancelled. A stage that is cancelled before it was started has no start.
    /// </remarks>
    /// <param name="claim">The deployment, or the claim of its worker.</param>
    /// <param name="change">The stage and its new status.</param>
    /// <param name="cancellationToken">Stops the write.</param>
    /// <returns>
    /// The outcome; <see cref="TransitionOutcome.AlreadyThere"/> when the stage had that status, <see cref="TransitionOutcome.OutOfOrder"/>
    /// when the stage was past it.
    /// </returns>
    /// <exception cref="ArgumentException"> <paramref name="change"/> is null, has a stage or status that the library does not know, or an
    /// error with a status other than failed.
    /// </exception>
    Task<TransitionOutcome> SetAsync(DeploymentClaim claim, StageChange change, CancellationToken cancellationToken = default);

    /// <summary>Starts a stage, and creates it when it does not exist.</summary>
    /// <param name="claim">The deployment, or the claim of its worker.</param>
    /// <param name="name">The stage.</param>
    /// <param name="cancellationToken">Stops the write.</param>
    /// <returns>
    /// The outcome; <see cref="TransitionOutcome.AlreadyThere"/> when the stage was in progress, <see cref="TransitionOutcome.OutOfOrder"/>
    /// when it had ended.
    /// </returns>
    /// <exception cref="ArgumentException"><paramref name="name"/> is not known.</exception>
    Task<TransitionOutcome> StartAsync(DeploymentClaim claim, StageName name, CancellationToken cancellationToken = default);

    /// <summary>Ends a stage that is in progress, without an error.</summary>
    /// <param name="claim">The deployment, or the claim of its worker.</param>
    /// <param name="name">The stage.</param>
    /// <param name="cancellationToken">Stops the update.</param>
    /// <returns>
    /// The outcome; <see cref="TransitionOutcome.AlreadyThere"/> when the stage was completed, <see cref="TransitionOutcome.OutOfOrder"/>
    /// when it was neither completed nor in progress, or does not exist.
    /// </returns>
    /// <exception cref="ArgumentException"><paramref name="name"/> is not known.</exception>
    Task<TransitionOutcome> CompleteAsync(DeploymentClaim claim, StageName name, CancellationToken cancellationToken = default);

    /// <summary>Ends a stage that is in progress, with an error.</summary>
    /// <param name="claim">The deployment, or the claim of its worker.</param>
    /// <param name="name">The stage.</param>
    /// <param name="errorMessage">
    /// The error, for people to read. <see cref="ILogSecrets"/> masks it; an error longer than <see cref="DeploymentStage.MaxErrorLength"/>
    /// characters is cut, with a mark at the end.
    /// </param>
    /// <param name="cancellationToken">Stops the update.</param>
    /// <returns>
    /// The outcome; <see cref="TransitionOutcome.AlreadyThere"/> when the stage had failed, <see cref="TransitionOutcome.OutOfOrder"/> when
    /// it had neither failed nor was in progress, or does not exist.
    /// </returns>
    /// <exception cref="ArgumentException">
    /// <paramref name="name"/> is not known, or <paramref name="errorMessage"/> is null or blank.
    /// </exception>
    Task<TransitionOutcome> FailAsync(
        DeploymentClaim claim, StageName name, string errorMessage, CancellationToken cancellationToken = default);
}
