namespace AutoStack.Data.Analytics;

/// <summary>How long deployments and their stages took. Deleted deployments are out.</summary>
public interface IPipelineQueries
{
    /// <summary>The most deployments that a list returns at once.</summary>
    const int MaxListSize = 100;

    /// <summary>Measures one deployment of a user.</summary>
    /// <param name="deploymentId">The deployment.</param>
    /// <param name="ownerId">The user.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>Its durations; null when there is none, it is deleted, or it belongs to somebody else.</returns>
    Task<PipelineDurations?> FindAsync(Guid deploymentId, Guid ownerId, CancellationToken cancellationToken = default);

    /// <summary>Measures a user's latest deployments, in one statement.</summary>
    /// <param name="ownerId">The user.</param>
    /// <param name="limit">The number of deployments at the most, 1 to <see cref="MaxListSize"/>.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>Their durations, the newest deployment first; none for an unknown user.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="limit"/> is out of its range.</exception>
    Task<IReadOnlyList<PipelineDurations>> ListLatestAsync(Guid ownerId, int limit, CancellationToken cancellationToken = default);
}
