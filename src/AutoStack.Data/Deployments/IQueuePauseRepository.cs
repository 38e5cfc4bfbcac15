namespace AutoStack.Data.Deployments;

/// <summary>The table <c>queue_pauses</c>, and what waits in the queue, of any owner.</summary>
/// <remarks>
/// A pause does not stop running builds. It blocks every claim that starts after the commit of the pause; a claim that is being carried
/// out at that moment may still start a deployment.
/// </remarks>
public interface IQueuePauseRepository
{
    /// <summary>The maximum number of rows that a page has.</summary>
    const int MaxListSize = 100;

    /// <summary>Counts the waiting deployments, by what they wait for: a worker, the end of a pause, or their start.</summary>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The numbers.</returns>
    Task<QueueCounts> CountAsync(CancellationToken cancellationToken = default);

    /// <summary>Finds the place of a waiting deployment.</summary>
    /// <param name="deploymentId">The deployment.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The place; null when the deployment does not wait.</returns>
    Task<QueuePosition?> FindPositionAsync(Guid deploymentId, CancellationToken cancellationToken = default);

    /// <summary>Lists the pauses: that of the whole queue first, then those of projects, by the project's id.</summary>
    /// <param name="cursor"><see cref="Cursor.Start"/>, or <see cref="Page{T}.Next"/> of the previous page.</param>
    /// <param name="limit">The maximum number of rows, 1 to <see cref="MaxListSize"/>.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The page.</returns>
    /// <exception cref="ArgumentException"><paramref name="cursor"/> is from another kind of list.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="limit"/> is out of its range.</exception>
    Task<Page<QueuePause>> ListAsync(Cursor cursor, int limit, CancellationToken cancellationToken = default);

    /// <summary>Pauses the whole queue, or the deployments of one project, until <see cref="ResumeAsync"/>.</summary>
    /// <param name="projectId">The project; null for the whole queue. Both may be paused at once.</param>
    /// <param name="pausedBy">Who pauses, for people to read, up to <see cref="QueuePause.MaxNameLength"/> characters.</param>
    /// <param name="reason">The reason, up to <see cref="QueuePause.MaxReasonLength"/> characters; null for no reason.</param>
    /// <param name="cancellationToken">Stops the insert.</param>
    /// <returns>The outcome.</returns>
    /// <exception cref="ArgumentException">
    /// <paramref name="pausedBy"/> is null, blank or too long, or <paramref name="reason"/> is too long.
    /// </exception>
    Task<PauseOutcome> PauseAsync(Guid? projectId, string pausedBy, string? reason, CancellationToken cancellationToken = default);

    /// <summary>
    /// Ends a pause, and notifies <see cref="IDeploymentRepository.QueueChannel"/> after the commit. Deployments that waited keep their
    /// places.
    /// </summary>
    /// <param name="projectId">The project; null for the pause of the whole queue, which leaves paused projects paused.</param>
    /// <param name="cancellationToken">Stops the delete.</param>
    /// <returns>False when there was no such pause.</returns>
    Task<bool> ResumeAsync(Guid? projectId, CancellationToken cancellationToken = default);
}
